"""Reading a cleaned copy that Luthier wrote: its texts are those of the data it was made from."""

from __future__ import annotations

from dataclasses import replace

from luthier.kit.spreadsheet_cells import restored
from luthier.kit.table import Table
from luthier.records import Note

ADDED = ("luthier_did", "label_before", "luthier_reason", "luthier_source")
"""Columns that only a cleaned copy has."""


def texts_restored(table: Table) -> tuple[Table, tuple[Note, ...]]:
    """The table without the apostrophes that were added to a cleaned copy; others stay as is.

    A copy as JSON has none: no spreadsheet opens it.
    """
    cells = table.columns.get("text")
    as_json = table.format in ("json", "jsonl")
    if cells is None or as_json or not table.columns.keys() >= {*ADDED}:
        return table, ()
    texts = [restored(cell) for cell in cells]
    number = sum(a != b for a, b in zip(cells, texts, strict=True))
    if not number:
        return table, ()
    columns = {**table.columns, "text": texts}
    what = (
        f"{table.name}: apostrophes that this cleaned copy has before formula signs were taken "
        f"off: {number:,}"
    )
    changed = replace(table, content=replace(table.content, columns=columns))
    return changed, (Note("dropped", what),)
