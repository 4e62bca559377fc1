"""Leaving out rows that lack a text or a label: a few of them, or as many as the settings say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from luthier.kit.text_key import is_blank
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
        to_learn: whether the rows are to learn from; of rows to predict none is left out unless
            `drop` says so.
        keep: whether the rows that are left out are kept aside, as `Rows.dropped`.
    """
    if what_to_do == "error" or (what_to_do == "few" and not to_learn):
        return rows
    columns = [rows.columns[name] for name in names if name in rows.columns]
    empty = [
        position
        for position, values in enumerate(zip(*columns, strict=True))
        if any(value is None or (isinstance(value, str) and is_blank(value)) for value in values)
    ]
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
