"""Rows that lack a text or a label: left out of learning, left unanswered in a prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from luthier.errors import InputError, Problem
from luthier.kit.text_key import is_empty
from luthier.records import Note, Rows

FEW = 0.01
"""Share of empty rows that is left out without asking; more of them speak for a wrong column."""


def settle_empty_rows(
    rows: Rows,
    names: Sequence[str],
    what_to_do: str,
    *,
    to_learn: bool = True,
    keep: bool = False,
) -> Rows:
    """The rows that have something in every one of these columns, with a note that names the rest.

    Args:
        rows: what was read.
        names: canonical columns that must not be empty.
        what_to_do: `data.empty_rows`; with `error`, and with `few` where they are more than that,
            the rows are given back as they are.
        to_learn: whether the rows are to learn from; rows to predict stay in their place, without
            an answer, unless `drop` says otherwise.
        keep: whether the rows that are left out are kept aside, as `Rows.dropped`.

    Raises:
        InputError: when no row to predict has a text.
    """
    empty = [] if what_to_do == "error" else _empty(rows, names)
    if empty and what_to_do == "few" and not to_learn:
        return _unanswered(rows, empty)
    if not empty or (what_to_do == "few" and len(empty) > FEW * len(rows)):
        return rows
    left_out = set(empty)
    kept = rows.take([position for position in range(len(rows)) if position not in left_out])
    first = ", ".join(rows.locations[position] for position in empty[:5])
    more = f" and {len(empty) - 5:,} more" if len(empty) > 5 else ""
    if "time" in rows.columns and "time" in names:
        note = Note("dropped", f"rows without text, label or time: {len(empty):,} ({first}{more})")
    else:
        note = Note("dropped", f"rows without text or label: {len(empty):,} ({first}{more})")
    source = replace(rows.source, rows=len(kept), notes=(*rows.source.notes, note))
    return replace(kept, source=source, dropped=rows.take(empty) if keep else None)


def to_be_checked(rows: Rows, names: Sequence[str], what_to_do: str) -> Rows:
    """Of rows to predict those that are answered; all of them where `error` refuses empty ones."""
    empty = set() if what_to_do == "error" else set(_empty(rows, names))
    if not empty:
        return rows
    return rows.take([position for position in range(len(rows)) if position not in empty])


def _empty(rows: Rows, names: Sequence[str]) -> list[int]:
    """Positions of the rows that have nothing in one of these columns."""
    columns = [rows.columns[name] for name in names if name in rows.columns]
    return [
        position
        for position, values in enumerate(zip(*columns, strict=True))
        if any(map(is_empty, values))
    ]


def _unanswered(rows: Rows, empty: Sequence[int]) -> Rows:
    first = rows.locations[empty[0]]
    if len(empty) == len(rows):  # nobody asks a model about nothing: it is another column
        name = rows.source.columns["text"]
        raise InputError(
            Problem(f"no row has a text in column {name!r}", where=first),
            next_step="name the column of texts: --text-column NAME",
        )
    note = Note(
        "skipped",
        "rows without text, which stay in their place without an answer: "
        f"{len(empty):,} (the first at {first})",
    )
    return replace(rows, source=replace(rows.source, notes=(*rows.source.notes, note)))
