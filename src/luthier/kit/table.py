"""The rows of one file, column by column, as every reader of files gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from luthier.errors import InputError, Problem
from luthier.kit.places import FilePlaces
from luthier.records import Note


@dataclass(frozen=True, slots=True)
class Content:
    """What a reader found in a file.

    Args:
        columns: column name -> n values; str, None where the row lacks it, or a list or dict.
        lines: int64 [n], line (or row of a sheet, from 1) on which row i begins.
        headed: whether the names come from the file; False while the first row may be a header.
        counted: whether `lines` are rows of a sheet or a binary table, not lines of text.
        class_names: column -> the names of its numbers from 0 on, where the file says them.
        notes: what was guessed or dropped.
    """

    columns: dict[str, list[Any]]
    lines: Sequence[int]
    headed: bool = False
    counted: bool = False
    class_names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """The content of one file with what is known of the file.

    Args:
        name: the file's name for messages and places.
        content: its rows.
        format: `csv`, `tsv`, `txt`, `json`, `jsonl`, `xlsx`, `parquet`, `arrow` ...
        encoding: Python's name of the text encoding; `binary` where the format has its own.
        sha256: hex digest of the file's bytes.
    """

    name: str
    content: Content
    format: str
    encoding: str
    sha256: str

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.content.lines)

    @property
    def columns(self) -> dict[str, list[Any]]:
        """Column name -> n values."""
        return self.content.columns

    @property
    def headed(self) -> bool:
        """Whether the column names come from the file."""
        return self.content.headed

    @property
    def places(self) -> FilePlaces:
        """Where each row stands."""
        return FilePlaces(self.name, self.content.lines, counted=self.content.counted)

    def first_row(self) -> list[Any]:
        """Values of the first row, in column order."""
        return [values[0] for values in self.columns.values()]


def repeats_of_first(table: Table) -> list[int]:
    """Positions of the rows that hold just what the first row holds, as of files joined by hand."""
    first, columns = _bare(table.first_row()), list(table.columns.values())
    alike = (at for at, cell in enumerate(columns[0]) if at and first[0] in str(cell))  # cheap
    return [at for at in alike if _bare([column[at] for column in columns]) == first]


def _bare(cells: Sequence[Any]) -> list[str]:
    return [str(cell).strip().removeprefix("\ufeff") for cell in cells]


def without_rows(table: Table, positions: Sequence[int]) -> Table:
    """The table less these rows."""
    left = sorted(set(range(len(table))) - set(positions))
    columns = {name: [values[i] for i in left] for name, values in table.columns.items()}
    lines = [table.content.lines[i] for i in left]
    return replace(table, content=replace(table.content, columns=columns, lines=lines))


def with_header(table: Table) -> Table:
    """The table with its first row taken as the column names.

    Raises:
        InputError: when a name stands twice, or no row follows.
    """
    names = [str(cell).strip() for cell in table.first_row()]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        where = table.places[0]
        raise InputError(
            [Problem(f"the column name {name!r} stands twice", where=where) for name in twice],
            next_step="give each column its own name",
        )
    if len(table) == 1:
        raise InputError(
            Problem("the file holds a header and no rows", where=table.name),
            next_step="add one row per text below the header",
        )
    columns = enumerate(zip(names, table.columns.values(), strict=True), start=1)
    named = {name or f"column {number}": values for number, (name, values) in columns}
    for values in named.values():
        del values[0]
    content = replace(table.content, columns=named, lines=table.content.lines[1:], headed=True)
    return replace(table, content=content)
