"""Text tables: comma, semicolon, tab or bar between the cells, one record per row."""

from __future__ import annotations

import csv
import io
import itertools
from array import array
from collections.abc import Iterable, Iterator
from typing import Any

from luthier.errors import InputError, Problem
from luthier.kit.problem_list import ProblemList
from luthier.records import Note

_OWN_DELIMITER = {".csv": ",", ".tsv": "\t", ".txt": "\t"}
SPOKEN = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
"""Delimiter -> its name for people."""
_SNIFFED = (*SPOKEN, "^", "~", "\x01", "\x1f", "||", "::", "@@@")
_FEWEST_LINES = 10
"""Lines of a .txt file that must agree before another delimiter than the tab is believed."""
_LINES_SNIFFED = 60
FEWEST_BELOW_A_TITLE = 3
"""Rows that all have more cells than the first, from which that one looks like a title."""

csv.field_size_limit(2**31 - 1)  # articles are longer than the 131,072 characters of the default

Record = tuple[int, list[str]]
"""First line from 1, and the cells; no cells stand for an empty line."""


def read_delimited(
    data: bytes, name: str, encoding: str, kind: str, delimiter: str | None, lines: array[int]
) -> tuple[dict[str, list[Any]], tuple[Note, ...]]:
    """Columns `column 1`, `column 2`, ... of a text table; the first row may be a header.

    A .csv file has quoted cells. In .tsv and .txt files quotes are ordinary characters, unless all
    cells of the first row of a .tsv file are quoted, or only reading them as quotes gives each of
    its rows the same number of cells.

    Args:
        data: the whole file, decodable with `encoding`.
        name: the file's name for messages.
        encoding: Python's name of the text encoding.
        kind: `.csv`, `.tsv` or `.txt`.
        delimiter: one character, or several, which are never inside quotes; a space cuts a row at
            its first space only; None to find it.
        lines: receives the line on which each row begins.

    Raises:
        InputError: naming rows with another number of cells, and quotes that are never closed.
    """
    notes: list[Note] = []
    own = _OWN_DELIMITER[kind]
    if delimiter is None:
        delimiter = _sniff(_text(data, encoding), own, cautious=kind == ".txt")
        if delimiter != own:
            spoken = SPOKEN.get(delimiter, repr(delimiter))
            notes.append(Note("guessed", f"{name}: columns are separated by {spoken}"))
    quoted = len(delimiter) == 1 and (kind == ".csv" or delimiter not in "\t ")
    problems = ProblemList()
    records = _records(data, encoding, delimiter, quoted, name, problems)
    columns, empty = _collect(records, name, lines, problems)
    if kind == ".tsv" and not quoted and (problems or _begins_quoted(columns)):
        again = ProblemList()
        again_lines: array[int] = array("q")
        records = _records(data, encoding, delimiter, True, name, again)
        again_columns, again_empty = _collect(records, name, again_lines, again)
        if not again:
            lines[:] = again_lines
            columns, empty, problems = again_columns, again_empty, again
            notes.append(Note("guessed", f"{name}: cells in double quotes were read without them"))
    if len(problems) >= FEWEST_BELOW_A_TITLE and len(columns) == len(lines) == 1:
        raise _title_above(name, lines[0])
    problems.raise_if_any()
    if empty:
        notes.append(
            Note("dropped", f"{name}: {empty:,} empty lines between the rows were skipped")
        )
    if not quoted:
        notes.extend(_kept_quotes(columns, name))
    return columns, tuple(notes)


def _text(data: bytes, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline="")


def _sniff(text: Iterable[str], own: str, *, cautious: bool) -> str:
    """The delimiter that gives every one of the first records the same number of cells, above 1.

    Args:
        text: the lines.
        own: the delimiter that the file's ending promises; kept when no other fits better.
        cautious: the lines may be plain texts, so commas prove nothing: another delimiter than the
            own one must stand in every line of many, and the own one in none.
    """
    head = list(itertools.islice(text, _LINES_SNIFFED))
    others = [d for d in _SNIFFED if d != own]
    if cautious:
        if any(own in line for line in head):
            return own
        filled = sum(not line.isspace() for line in head)
        others = [d for d in others if d != "," and filled >= _FEWEST_LINES]
    uneven = ""
    for delimiter in (own, *others):
        widths = _widths(head, delimiter)
        if len(head) == _LINES_SNIFFED:
            widths = widths[:-1]  # a quoted cell may go on below
        if widths and widths[0] > 1:
            if len(set(widths)) == 1:
                return delimiter
            uneven = uneven or ("" if cautious else delimiter)
    return uneven or own


def _widths(head: list[str], delimiter: str) -> list[int]:
    """Cells of each record of the first lines that are not empty."""
    if len(delimiter) > 1:
        return [line.count(delimiter) + 1 for line in head if not line.isspace()]
    return [len(cells) for cells in csv.reader(head, delimiter=delimiter) if cells]


def _records(
    data: bytes, encoding: str, delimiter: str, quoted: bool, name: str, problems: ProblemList
) -> Iterator[Record]:
    text = _text(data, encoding)
    if quoted:
        return _quoted_records(text, delimiter, name, problems)
    return _plain_records(text, delimiter)


def _plain_records(text: Iterable[str], delimiter: str) -> Iterator[Record]:
    most = 1 if delimiter == " " else -1
    for number, line in enumerate(text, start=1):
        bare = line.rstrip("\r\n")
        yield number, bare.split(delimiter, most) if bare else []


def _quoted_records(
    text: Iterable[str], delimiter: str, name: str, problems: ProblemList
) -> Iterator[Record]:
    limit = csv.field_size_limit(
        2**31 - 1
    )  # articles are longer than the 131072 characters allowed
    try:
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                problems.add(f"{name}:{line}", *_quote_problem(error))
                continue
            yield line, cells
    finally:
        csv.field_size_limit(limit)


def _quote_problem(error: csv.Error) -> tuple[str, str]:
    if "unexpected end of data" in str(error):
        return "a double quote opened in this row is never closed", 'close it, or double it: ""'
    return (
        "text follows a closing double quote",
        'put the whole cell in double quotes and double those inside it: "say ""hi"" to"',
    )


def _collect(
    records: Iterator[Record], name: str, lines: array[int], problems: ProblemList
) -> tuple[dict[str, list[Any]], int]:
    """The cells column by column, and the number of empty lines between rows.

    A row of another width than the first is a problem.
    """
    columns: list[list[Any]] = []
    empty = pending = 0
    for line, cells in records:
        if not cells:
            pending += bool(columns)
            continue
        empty, pending = empty + pending, 0
        if not columns:
            columns = [[] for _ in cells]
        if len(cells) != len(columns):
            problems.add(
                f"{name}:{line}",
                f"this row has {_cells(len(cells))}, the first row has {len(columns)}",
                "a text that holds the delimiter must stand in double quotes"
                if len(cells) > len(columns)
                else "",
            )
            continue
        lines.append(line)
        for column, cell in zip(columns, cells, strict=True):
            column.append(cell)
    return {f"column {n}": column for n, column in enumerate(columns, start=1)}, empty


def _title_above(name: str, line: int) -> InputError:
    what = "this row has 1 cell and all rows below have more: it looks like a title"
    return InputError(
        Problem(what, where=f"{name}:{line}"),
        next_step="remove what stands above the row with the column names",
    )


def _cells(number: int) -> str:
    return "1 cell" if number == 1 else f"{number} cells"


def _begins_quoted(columns: dict[str, list[Any]]) -> bool:
    firsts = [cells[0] for cells in columns.values() if cells]
    return len(firsts) > 1 and all(map(_is_quoted, firsts))


def _is_quoted(cell: str) -> bool:
    return len(cell) > 1 and cell[0] == cell[-1] == '"'


def _kept_quotes(columns: dict[str, list[Any]], name: str) -> Iterator[Note]:
    number = sum(_is_quoted(cell) for column in columns.values() for cell in column)
    if number:
        yield Note("guessed", f"{name}: cells in double quotes, which were kept: {number:,}")
