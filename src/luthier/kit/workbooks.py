"""Workbooks (.xlsx .xls .ods): the rows of one sheet as texts, as a person sees them."""

from __future__ import annotations

import datetime
import io
from array import array
from collections.abc import Sequence
from typing import Any

from luthier.errors import InputError, Problem, did_you_mean
from luthier.kit.table import Content
from luthier.records import Note

WORKBOOK_EXTENSIONS = (".xlsx", ".xls", ".ods")
MOST_COVER_ROWS, TIMES_A_COVER = 20, 10
"""A sheet with so few rows, beside one with so many times as many, is a cover and not the data."""


def read_workbook(data: bytes, name: str, sheet: str | None) -> Content:
    """The rows of a sheet; its first row that is not empty may be a header.

    Numbers that are whole are written without a point, dates as ISO 8601, empty cells as "".
    Formulas give the value that the program stored with them.

    Args:
        data: the whole file.
        name: the file's name for messages.
        sheet: name of the sheet; the first that holds rows and is no cover when None.

    Raises:
        InputError: when it is no workbook, is locked, or has no such sheet.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = list(book.sheet_names)
        if sheet is not None and sheet not in names:
            raise _no_sheet(name, sheet, names)
        chosen, rows = _first_with_rows(book, [sheet] if sheet is not None else names)
    except (CalamineError, OSError, ValueError) as error:
        what = f"cannot be read as a workbook: {str(error).strip().rstrip('.') or 'it is damaged'}"
        hint = "if a password locks it, save a copy without one, or save the sheet as CSV UTF-8"
        raise InputError(Problem(what, where=name, hint=hint)) from error
    notes: tuple[Note, ...] = ()
    others = [other for other in names if other != chosen]
    if others and sheet is None:
        what = f"{name}: sheet {chosen!r} was read, not {', '.join(map(repr, others[:5]))}"
        notes = (Note("guessed", f"{what}; data.sheet decides"),)
    columns, lines = _columns(rows)
    return Content(columns, lines, counted=True, notes=notes)


def _no_sheet(name: str, sheet: str, names: Sequence[str]) -> InputError:
    hint = did_you_mean(sheet, names) or f"the sheets are {', '.join(map(repr, names))}"
    return InputError(Problem(f"there is no sheet {sheet!r} (data.sheet)", where=name, hint=hint))


def _first_with_rows(book: Any, names: Sequence[str]) -> tuple[str, list[list[Any]]]:
    """The first sheet with rows that is no cover of another one."""
    sheets: dict[str, list[list[Any]]] = {}
    filled: dict[str, int] = {}
    for name in names:
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        count = sum(any(cell != "" for cell in row) for row in rows)
        if count > MOST_COVER_ROWS and not any(filled.values()):
            return name, rows  # the others need not be read
        sheets[name], filled[name] = rows, count
    cover = min(MOST_COVER_ROWS, max(filled.values(), default=0) // TIMES_A_COVER)
    chosen = next((name for name in names if filled[name] > cover), "")
    return chosen, sheets.get(chosen, [])


def _columns(rows: list[list[Any]]) -> tuple[dict[str, list[Any]], array[int]]:
    """The cells column by column, empty rows and wholly empty columns left out, and row numbers."""
    lines: array[int] = array("q")
    kept: list[list[str]] = []
    for number, row in enumerate(rows, start=1):
        cells = [_cell(cell) for cell in row]
        if any(cells):
            lines.append(number)
            kept.append(cells)
    width = max(map(len, kept), default=0)
    columns = {}
    for at in range(width):
        values: list[Any] = [row[at] if at < len(row) else "" for row in kept]
        if any(values):
            columns[f"column {at + 1}"] = values
    return columns, lines


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    return str(value)
