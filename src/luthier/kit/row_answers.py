"""What each row is labelled with, whatever the task, in a form that can be compared."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from luthier.records import Rows


def row_answers(rows: Rows) -> Sequence[Hashable]:
    """The label of each row, the set of its labels, or its number; None where it is unknown."""
    if "labels" in rows.columns:
        sets = rows.columns["labels"]
        return [None if own is None or own == "" else frozenset(own) for own in sets]
    if "number" in rows.columns:
        return [None if own is None or own == "" else float(own) for own in rows.columns["number"]]
    return [label or None for label in rows.columns.get("label", [None] * len(rows))]


def answer_word(rows: Rows) -> str:
    """What a row is labelled with, in one word: `label`, `labels` or `number`."""
    return next((name for name in ("labels", "number") if name in rows.columns), "label")
