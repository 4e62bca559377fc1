"""One file of rows -> one table, with the line on which each row begins.

Reads .csv .tsv .txt .json .jsonl. Lines end where the format says so and nowhere else: texts hold
U+2028 and U+0085, which `str.splitlines` would cut at.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from luthier.errors import InputError, Problem
from luthier.kit.delimited import read_delimited
from luthier.kit.encodings import encoding_of
from luthier.kit.json_rows import read_json
from luthier.records import Note

EXTENSIONS = (".csv", ".tsv", ".txt", ".json", ".jsonl")


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one file, column by column.

    Args:
        name: the file's name for messages and locations.
        columns: column name -> values; str, None where a JSON object lacks it, or a list or dict.
        lines: int64 [n], line from 1 on which row i begins.
        headed: whether the names come from the file; False while the first row may be a header.
        format: `csv`, `tsv`, `txt`, `json` or `jsonl`.
        encoding: Python's name of the text encoding.
        sha256: hex digest of the file's bytes.
        notes: what was guessed or dropped.
    """

    name: str
    columns: dict[str, list[Any]]
    lines: Sequence[int]
    headed: bool
    format: str
    encoding: str
    sha256: str
    notes: tuple[Note, ...] = field(default=())

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.lines)

    def locations(self) -> list[str]:
        """`file:line` of each row; `file: row 17` (from 1) where rows stand on one line."""
        shared = {a for a, b in pairwise(self.lines) if a == b}
        return [
            f"{self.name}: row {number}" if line in shared else f"{self.name}:{line}"
            for number, line in enumerate(self.lines, start=1)
        ]

    def first_row(self) -> list[Any]:
        """Values of the first row, in column order."""
        return [values[0] for values in self.columns.values()]


def read_table(
    path: Path, *, name: str = "", encoding: str | None = None, delimiter: str | None = None
) -> Table:
    """Read one file.

    Args:
        path: the file.
        name: how messages call it; `path` as given when empty.
        encoding: `data.encoding`; guessed among UTF-8 and UTF-16 when None.
        delimiter: `data.delimiter` of a text table; guessed among , ; tab | when None.

    Raises:
        InputError: when it cannot be read, is empty, or has rows that do not fit.
    """
    name = name or str(path)
    kind = path.suffix.lower()
    if kind not in EXTENSIONS:
        raise InputError(
            Problem(f"files ending in {kind or 'nothing'} are not read", where=name),
            next_step=f"save the rows as {' '.join(EXTENSIONS)} (a spreadsheet: as CSV UTF-8)",
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(Problem(f"cannot be read: {error.strerror}", where=name)) from error
    found, notes = encoding_of(data, name, encoding)
    lines: array[int] = array("q")
    if kind in (".json", ".jsonl"):
        columns = read_json(data, name, found, lines)
        more: tuple[Note, ...] = ()
    else:
        columns, more = read_delimited(data, name, found, kind, _delimiter(delimiter), lines)
    if not lines:
        raise InputError(
            Problem("the file is empty", where=name), next_step="give a file with one row per text"
        )
    return Table(
        name=name,
        columns=columns,
        lines=lines,
        headed=kind in (".json", ".jsonl"),
        format=kind[1:],
        encoding=found,
        sha256=hashlib.sha256(data).hexdigest(),
        notes=notes + more,
    )


def with_header(table: Table) -> Table:
    """The table with its first row taken as the column names.

    Raises:
        InputError: when a name stands twice, or no row follows.
    """
    names = [str(cell).strip() for cell in table.first_row()]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    where = f"{table.name}:{table.lines[0]}"
    if twice:
        raise InputError(
            [Problem(f"the column name {name!r} stands twice", where=where) for name in twice],
            next_step="give each column its own name",
        )
    if len(table) == 1:
        raise InputError(
            Problem("the file holds a header and no rows", where=table.name),
            next_step="add one row per text below the header",
        )
    named = {
        name or f"column {number}": values[1:]
        for number, (name, values) in enumerate(
            zip(names, table.columns.values(), strict=True), start=1
        )
    }
    return Table(
        name=table.name,
        columns=named,
        lines=table.lines[1:],
        headed=True,
        format=table.format,
        encoding=table.encoding,
        sha256=table.sha256,
        notes=table.notes,
    )


def _delimiter(asked: str | None) -> str | None:
    if asked is None:
        return None
    character = {"tab": "\t", "\\t": "\t"}.get(asked, asked)
    if len(character) != 1 or character in '"\r\n\0':
        raise InputError(
            Problem(f"data.delimiter must be one character or `tab`, not {asked!r}"),
            next_step="--data.delimiter tab",
        )
    return character
