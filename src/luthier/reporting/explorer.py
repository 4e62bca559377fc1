"""The rows that the page can show, search and download: which ones, and as columns of JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from luthier.kit.spreadsheet_cells import disarmed
from luthier.records import SPLIT_NAMES, AnyPredictions, IntArray, Rows, SplitName, Splits
from luthier.reporting.language import language_of
from luthier.reporting.shown_answers import (
    Kind,
    ShownAnswer,
    in_words,
    own_label,
    right,
    shown_answers,
)

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
        kind: what the model answers.
    """

    rows: Rows
    positions: IntArray
    split: Sequence[SplitName | None]
    answers: Mapping[SplitName, AnyPredictions]
    left_out: int
    closed: int
    kind: Kind = "label"


def explorable(
    rows: Rows,
    splits: Splits | None,
    answers: Mapping[SplitName, AnyPredictions],
    flagged: Sequence[int] = (),
    *,
    test_rows: bool = False,
    kind: Kind = "label",
) -> Explorable:
    """Choose the rows: validation first, wrong before right, then flagged ones, then the rest.

    Args:
        rows: every row.
        splits: which row belongs where; None shows none of them as validation.
        answers: split -> predictions.
        flagged: row ids that findings or the relabel queue name.
        test_rows: whether test rows are opened.
        kind: what the model answers, or will answer.
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
        for row_id, is_right in zip(part.row_ids.tolist(), right(part).tolist(), strict=True):
            if row_id in place:
                rank[place[row_id]] = base + bool(is_right) * (base < 4)
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
        kind,
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
        `id`, `file` (place in `files`), `line`, `split` (0 train, 1 validation, 2 test), `label`,
        `answer`, `p`, `pl` and `loss` as `ShownAnswer` has them, `text`, `cut` (rows whose text is
        shortened), `lang` (place in `LANGUAGES`).
    """
    rows, at = shown.rows, shown.positions.tolist()
    place = {name: i for i, name in enumerate(label_names)}
    answered = _answers(shown, place)
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
        nothing = -1 if shown.kind == "label" else None
        label, answer, p, pl, loss = answered.get(row_id) or ShownAnswer(
            own_label(rows, position, place, shown.kind), nothing, -1, -1, -1
        )
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


def _answers(shown: Explorable, place: Mapping[str, int]) -> dict[int, ShownAnswer]:
    return {
        row_id: answer
        for part in shown.answers.values()
        for row_id, answer in shown_answers(part, place)
    }


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
    texts = shown.rows.columns.get("text", ())
    for position, split in zip(shown.positions.tolist(), shown.split, strict=True):
        row_id = int(shown.rows.ids[position])
        found = answered.get(row_id)
        p, loss = (found.p, found.loss) if found else (-1, -1.0)
        digits = f"{loss:g}" if shown.kind == "number" else f"{loss / 100:.2f}"
        yield (
            str(row_id),
            shown.rows.locations[position],
            split or "",
            _label_in_words(shown, position),
            in_words(found.answer, order) if found else "",
            f"{p / 1000:.3f}" if p >= 0 else "",
            digits if loss >= 0 else "",
            str(texts[position]) if texts else "",
        )


def _label_in_words(shown: Explorable, position: int) -> str:
    """The label as the file has it."""
    for column in ("label", "labels", "number"):
        values = shown.rows.columns.get(column, ())
        if len(values):
            value = values[position]
            return "|".join(value) if isinstance(value, tuple | list) else f"{value}"
    return ""


def _names(answers: Mapping[SplitName, AnyPredictions]) -> list[str]:
    return list(dict.fromkeys(name for part in answers.values() for name in part.label_names))


def _one_line(rows: Rows, position: int) -> str:
    texts = rows.columns.get("text", ())
    return " ".join(str(texts[position]).split()) if len(texts) else ""
