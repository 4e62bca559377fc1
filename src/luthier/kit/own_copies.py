"""Reading a cleaned copy that Luthier wrote: its texts are those of the data it was made from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from luthier.kit.spreadsheet_cells import restored
from luthier.kit.table import Table
from luthier.records import Note

ADDED = ("luthier_did", "label_before", "luthier_reason", "luthier_source")
"""Columns that only a cleaned copy has."""


def is_own_copy(table: Table) -> bool:
    """Whether Luthier wrote this table as a cleaned copy."""
    return table.columns.keys() >= {*ADDED}


def without_added(table: Table, wanted: Collection[str]) -> Table:
    """A cleaned copy with the columns of the data it was made from, and those that are named."""
    ours = {*ADDED, "split"} - {*wanted}
    columns = {name: cells for name, cells in table.columns.items() if name not in ours}
    return replace(table, content=replace(table.content, columns=columns))


def texts_restored(table: Table, chosen: Mapping[str, str]) -> tuple[Table, tuple[Note, ...]]:
    """A cleaned copy without the apostrophes that were added to its texts.

    A copy as JSON has none: no spreadsheet opens it.

    Args:
        table: the copy.
        chosen: canonical name -> column; `text` and `text_pair` hold texts.
    """
    names = {chosen[role] for role in ("text", "text_pair") if role in chosen}
    if table.format in ("json", "jsonl"):
        return table, ()
    texts = {name: [restored(cell) for cell in table.columns[name]] for name in names}
    pairs = (zip(table.columns[name], cells, strict=True) for name, cells in texts.items())
    number = sum(a != b for cells in pairs for a, b in cells)
    if not number:
        return table, ()
    columns = {**table.columns, **texts}
    what = (
        f"{table.name}: apostrophes that this cleaned copy has before formula signs were taken "
        f"off: {number:,}"
    )
    changed = replace(table, content=replace(table.content, columns=columns))
    return changed, (Note("dropped", what),)
