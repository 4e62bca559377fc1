"""The rows that the page can show, search and download: which ones, and as columns of JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from luthier.kit.spreadsheet_cells import disarmed
from luthier.records import SPLIT_NAMES, IntArray, Predictions, Rows, SplitName, Splits
from luthier.reporting.language import language_of

LONGEST_TEXT = 240
"""Characters of a text in the page; `rows.csv` has the whole."""
ROOM = 1_700_000
"""Bytes of the page that rows may take: the whole page stays under 3 MB."""
BYTES_PER_ROW = 50
"""What a row takes beside its text: place, labels, probabilities, loss."""
LANGUAGES = ("", "zh", "zh-Hans", "zh-Hant", "ja", "ko")


@dataclass(frozen=True, slots=True)
class Explorable:
    """The rows in the page.

    Args:
        rows: every row of the data.
        positions: int64 [m], places in `rows` of those shown, most worth reading first.
        split: name of the split per row of `positions`, None where it has none.
        answers: split -> its predictions; test only where the test rows are open.
        left_out: rows that found no room (closed test rows are not among them).
        closed: test rows that stay closed.
    """

    rows: Rows
    positions: IntArray
    split: Sequence[SplitName | None]
    answers: Mapping[SplitName, Predictions]
    left_out: int
    closed: int


def explorable(
    rows: Rows,
    splits: Splits | None,
    answers: Mapping[SplitName, Predictions],
    flagged: Sequence[int] = (),
    *,
    test_rows: bool = False,
) -> Explorable:
    """Choose the rows: validation first, wrong before right, then flagged ones, then the rest.

    Args:
        rows: every row.
        splits: which row belongs where; None shows none of them as validation.
        answers: split -> predictions.
        flagged: row ids that findings or the relabel queue name.
        test_rows: whether test rows are opened.
    """
    ids = rows.ids
    split_of: dict[int, SplitName] = {}
    if splits is not None:
        split_of = dict(zip(splits.row_ids.tolist(), splits.names, strict=True))
    open_answers = {name: a for name, a in answers.items() if name != "test" or test_rows}
    rank = np.full(len(ids), 5, dtype=np.int64)
    place = {int(row_id): at for at, row_id in enumerate(ids.tolist())}
    for name, part in open_answers.items():
        base = {"train": 4, "test": 2, "validation": 0}[name]
        for row_id, right in zip(
            part.row_ids.tolist(), (part.labels == part.predicted).tolist(), strict=True
        ):
            if row_id in place:
                rank[place[row_id]] = base + bool(right) * (base < 4)
    for row_id in flagged:
        if row_id in place:
            rank[place[row_id]] = min(3, rank[place[row_id]])
    names = [split_of.get(row_id) for row_id in ids.tolist()]
    # a row of no known split might be a test row
    closed = np.array([not test_rows and name in ("test", None) for name in names], dtype=bool)
    candidates = [at for at in np.argsort(rank, kind="stable").tolist() if not closed[at]]
    chosen = _that_fit(rows, candidates)
    return Explorable(
        rows,
        np.array(chosen, dtype=np.int64),
        [names[at] for at in chosen],
        open_answers,
        len(candidates) - len(chosen),
        int(closed.sum()),
    )


def _that_fit(rows: Rows, candidates: Sequence[int]) -> list[int]:
    texts = rows.columns.get("text", ())
    room, chosen = ROOM, []
    for at in candidates:
        room -= BYTES_PER_ROW
        if len(texts):
            room -= len(str(texts[at])[:LONGEST_TEXT].encode("utf-8", "replace"))
        if room < 0:
            break
        chosen.append(at)
    return chosen


def columns(shown: Explorable, label_names: Sequence[str]) -> dict[str, Any]:
    """The rows as columns for the page's script.

    Args:
        shown: the rows.
        label_names: the labels whose places the columns `label` and `answer` give.

    Returns:
        `id`, `file` (place in `files`), `line`, `split` (0 train, 1 validation, 2 test), `label`
        and `answer` (-1: none), `p` (probability of the answer, thousandths; -1: none), `pl` (of
        the label), `loss` (natural log, hundredths), `text`, `cut` (rows whose text is
        shortened), `lang` (place in `LANGUAGES`).
    """
    rows, at = shown.rows, shown.positions.tolist()
    place = {name: i for i, name in enumerate(label_names)}
    answered = _answers(shown, place)
    labels = rows.columns.get("label", ())
    files: dict[str, int] = {}
    columns: dict[str, Any] = {
        name: []
        for name in (
            "id", "file", "line", "split", "label", "answer", "p", "pl", "loss", "text", "cut",
            "lang",
        )
    }  # fmt: skip
    for number, (position, split) in enumerate(zip(at, shown.split, strict=True)):
        row_id = int(rows.ids[position])
        file, _, line = rows.locations[position].rpartition(":")
        text = _one_line(rows, position)
        label = place.get(str(labels[position]), -1) if labels else -1
        label, answer, p, pl, loss = answered.get(row_id, (label, -1, -1, -1, -1))
        if len(text) > LONGEST_TEXT:
            columns["cut"].append(number)
            text = text[:LONGEST_TEXT]
        for name, value in (
            ("id", row_id), ("file", files.setdefault(file, len(files))),
            ("line", int(line) if line.isdigit() else line),
            ("split", SPLIT_NAMES.index(split) if split else -1),
            ("label", label), ("answer", answer), ("p", p), ("pl", pl), ("loss", loss),
            ("text", text), ("lang", LANGUAGES.index(language_of(text))),
        ):  # fmt: skip
            columns[name].append(value)
    return {**columns, "files": list(files)}


def _answers(
    shown: Explorable, place: Mapping[str, int]
) -> dict[int, tuple[int, int, int, int, int]]:
    """Row id -> label, answer, its probability, that of the label (thousandths), loss (1/100)."""
    answered: dict[int, tuple[int, int, int, int, int]] = {}
    for part in shown.answers.values():
        names = [*(place[name] for name in part.label_names), -1]
        every = np.arange(len(part))
        said = part.probabilities[every, part.predicted]
        own = np.where(part.labels >= 0, part.probabilities[every, part.labels], -0.001)
        loss = np.where(np.isfinite(part.loss), part.loss, -0.01)
        for row_id, label, answer, p, pl, lost in zip(
            part.row_ids.tolist(), part.labels.tolist(), part.predicted.tolist(), said.tolist(),
            own.tolist(), loss.tolist(), strict=True,
        ):  # fmt: skip
            answered[row_id] = (
                names[label], names[answer], round(p * 1000), round(pl * 1000), round(lost * 100)
            )  # fmt: skip
    return answered


def as_csv(shown: Explorable) -> str:
    """Every row of the page with its whole text; cells that look like formulas are disarmed."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(["row_id", "place", "split", "label", "answer", "confidence", "loss", "text"])
    for cells in _whole_rows(shown):
        writer.writerow([disarmed(cell) for cell in cells])
    # Excel takes a file without the mark for the machine's old encoding
    return "\ufeff" + stream.getvalue().encode("utf-8", "replace").decode("utf-8")


def _whole_rows(shown: Explorable) -> Iterator[tuple[str, ...]]:
    names = {name: i for i, name in enumerate(_names(shown.answers))}
    answered, order = _answers(shown, names), list(names)
    labels, texts = (shown.rows.columns.get(name, ()) for name in ("label", "text"))
    for position, split in zip(shown.positions.tolist(), shown.split, strict=True):
        row_id = int(shown.rows.ids[position])
        _, answer, p, _, loss = answered.get(row_id, (-1, -1, -1, -1, -1))
        yield (
            str(row_id),
            shown.rows.locations[position],
            split or "",
            str(labels[position]) if labels else "",
            order[answer] if answer >= 0 else "",
            f"{p / 1000:.3f}" if p >= 0 else "",
            f"{loss / 100:.2f}" if loss >= 0 else "",
            str(texts[position]) if texts else "",
        )


def _names(answers: Mapping[SplitName, Predictions]) -> list[str]:
    return list(dict.fromkeys(name for part in answers.values() for name in part.label_names))


def _one_line(rows: Rows, position: int) -> str:
    texts = rows.columns.get("text", ())
    return " ".join(str(texts[position]).split()) if len(texts) else ""
