"""What files of answers hold for the faults: answers, texts, a look, a simple rival."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from luthier.journeys.foreign_look import foreign_look
from luthier.kit.prediction_files import AnswerFile, Answers, places_of
from luthier.kit.seen_in_answers import FEWEST_ROWS
from luthier.records import Note, Predictions, Rows, Source, SourceFile, SplitName, Splits
from luthier.settings import SplitSettings

FLOOR_ROWS = 20_000
"""Training rows that the linear rival learns from, at most: more take minutes."""


def foreign_evidence(
    files: Sequence[AnswerFile],
    answers: Mapping[SplitName, Answers | None],
    names: Sequence[str],
) -> tuple[dict[str, object], tuple[Note, ...]]:
    """What files of answers hold for the faults, and what they lack.

    Args:
        files: at least that of the test rows.
        answers: split -> its answers; None where a file has rows and labels only.
        names: the labels.
    """
    from luthier.stages.audit import audit

    rows, splits = _rows(files, names)
    told = {split: found.predictions for split, found in answers.items() if found}
    evidence: dict[str, object] = {f"{split}_predictions": made for split, made in told.items()}
    evidence["recorded_answers"] = told
    notes: list[Note] = []
    if "text" in rows.columns:
        evidence |= {"rows": rows, "audit": audit(rows, SplitSettings().near_duplicates)}
        if len(files) > 1:
            evidence["splits"] = splits
        if test := answers["test"]:
            evidence["looks"] = foreign_look(rows, splits, test)
        evidence |= _floors(rows, splits, names, told)
    else:
        lacking = [str(file.path) for file in files if "text" not in file.columns.roles]
        what = f"no texts in {', '.join(lacking)}: leaks, drift and kinds of text are not looked at"
        notes.append(Note("skipped", what))
    return evidence, tuple(notes)


def _floors(
    rows: Rows, splits: Splits, names: Sequence[str], told: Mapping[SplitName, Predictions]
) -> dict[str, object]:
    """A linear model on the training texts, answering the validation rows."""
    from luthier.evidence.floors import fit_floors

    learned = splits.ids_of("train")
    validation = told.get("validation")
    texts, place = rows.columns["text"], {name: i for i, name in enumerate(names)}
    labels = np.array([place.get(rows.columns["label"][i], -1) for i in learned.tolist()])
    learned, labels = learned[labels >= 0][:FLOOR_ROWS], labels[labels >= 0][:FLOOR_ROWS]
    if validation is None or len(np.unique(labels)) < 2:
        return {}
    ids = validation.row_ids
    judged = {"validation": (ids, [texts[i] for i in ids.tolist()], validation.labels)}
    fitted = fit_floors([texts[i] for i in learned.tolist()], labels, judged, names, None, 0)
    return {
        "floor_predictions": {name: by["validation"] for name, by in fitted.predictions.items()}
    }


def _rows(files: Sequence[AnswerFile], names: Sequence[str]) -> tuple[Rows, Splits]:
    """Rows 0 to n-1 over all files; labels by name."""
    columns: dict[str, list[str]] = {"label": []}
    texts = [file.values("text") for file in files]
    for file in files:
        columns["label"] += [
            names[place] if place >= 0 else "" for place in places_of(file, "label", names).tolist()
        ]
    if all(own is not None for own in texts):
        columns["text"] = [text for own in texts for text in own or ()]
    n = len(columns["label"])
    given = [file.split for file in files for _ in range(len(file.table))]
    source = Source(
        path=str(files[-1].path),
        files=tuple(
            SourceFile(str(f.path), f.table.sha256, len(f.table), f.table.encoding, f.table.format,
                       f.split)
            for f in files
        ),
        rows=n,
        columns=dict(files[-1].columns.roles),
    )  # fmt: skip
    ids = np.arange(n, dtype=np.int64)
    places = [file.table.places[i] for file in files for i in range(len(file.table))]
    return Rows(ids, columns, places, given, source), Splits(ids, tuple(given), "given", 0)


def few_rows(test: Answers | None) -> tuple[Note, ...]:
    """That nothing can be told of the answers, where only a handful of rows has a label."""
    labelled = int((test.predictions.labels >= 0).sum()) if test else 0
    if not 0 < labelled < FEWEST_ROWS:
        return ()
    what = (
        f"test rows with a label: {labelled}. From so few, good answers cannot be told from bad "
        f"ones; it takes {FEWEST_ROWS} at least"
    )
    return (Note("warning", what),)
