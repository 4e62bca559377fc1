"""Whether the first row of a file, or one below a title, names the columns."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from luthier.kit.column_names import PAIRS, all_folded, folded
from luthier.kit.column_problems import short
from luthier.kit.number_cells import is_numeric
from luthier.kit.table import Table, repeats_of_first, with_header, without_rows
from luthier.records import Column, Note

_BY_POSITION = re.compile(r"column \d+")


def named_by_position(names: Collection[str]) -> bool:
    """Whether all are the names that Luthier gives to columns of a file without a header."""
    return all(map(_BY_POSITION.fullmatch, names))


MOST_TITLE_ROWS = 5
"""Rows above a header, each with one cell, that are taken for its title."""


def settle_header(
    table: Table, columns: Sequence[Column], wanted: Mapping[str, str], *, headless: bool
) -> tuple[Table, tuple[Note, ...]]:
    """Take the first row as header where it is one.

    It is one when a cell is a known or a wanted column name that does not come again below it, and
    also when it is unlike the rows below (no cell of it comes again): its names are just unknown.
    Where two of its cells are such names, rows that repeat all of it are left out, and said.

    Args:
        table: as read; a table that is headed already is returned as it is.
        columns: the task's.
        wanted: see `wanted_names`.
        headless: whether an earlier file of the same data had no header.
    """
    if table.headed:
        return table, ()
    asked = {name.casefold() for name in wanted.values()}
    names = (name for c in columns for name in (c.name, *c.aliases, *c.weak_aliases))
    known = all_folded((*names, *wanted.values(), *(name for pair in PAIRS for name in pair)))
    table, title_notes = _without_title(table, known)
    cells = [folded(str(cell)) for cell in table.first_row()]
    repeats = repeats_of_first(table) if sum(cell in known for cell in cells) > 1 else []
    once = 1 + len(repeats)
    comes_again = [column.count(column[0]) > once for column in table.columns.values()]
    if any(cell in known and not again for cell, again in zip(cells, comes_again, strict=True)):
        if not repeats:
            return with_header(table), title_notes
        where = table.places[repeats[0]]
        what = f"rows that repeat the header: {len(repeats):,} (the first at {where})"
        return with_header(without_rows(table, repeats)), (*title_notes, Note("dropped", what))
    by_position = bool(asked) and named_by_position(asked)
    one_text_per_line = len(cells) == 1 and table.format == "txt"
    if headless or by_position or one_text_per_line or any(comes_again) or len(table) == 1:
        first = ", ".join(repr(short(cell)) for cell in table.first_row()[:4])
        what = f"{table.name}: no header; the first row is {first}"
        return table, (*title_notes, Note("guessed", what))
    return with_header(table), title_notes


def _without_title(table: Table, known: Collection[str]) -> tuple[Table, tuple[Note, ...]]:
    """A title above the header: cells that stand alone in their rows, above one that names columns.

    It names them with known names, or it fills every column with what does not come again below.

    Args:
        table: as read, its header still a row.
        known: folded names of columns.
    """
    values = list(table.columns.values())
    for at in range(min(MOST_TITLE_ROWS + 1, len(table))):
        cells = [str(column[at] or "").strip() for column in values]
        filled = [cell for cell in cells if cell]
        if any(folded(cell) in known for cell in filled) or (at and _names_all(values, at)):
            break
        if len(filled) != 1 or len(cells) == 1:
            return table, ()
    else:
        return table, ()
    if not at:
        return table, ()
    title = next(str(column[0]).strip() for column in values if str(column[0] or "").strip())
    what = f"{table.name}: rows above the header that were left out: {at} ({short(title)!r})"
    return without_rows(table, range(at)), (Note("dropped", what),)


def _names_all(columns: Sequence[Sequence[object]], at: int) -> bool:
    """Whether a row has a cell in each of several columns, no number, that stands nowhere else."""
    cells = [str(column[at] or "").strip() for column in columns]
    return (
        len(cells) > 1
        and len(set(cells)) == len(cells)
        and all(cell and not is_numeric([cell]) for cell in cells)
        and not any(
            cell in map(str, column[at + 1 :]) for cell, column in zip(cells, columns, strict=True)
        )
    )
