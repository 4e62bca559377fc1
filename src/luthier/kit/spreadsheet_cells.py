"""Cells of the CSV files that people open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
"""A spreadsheet takes a cell that begins like this for a formula."""


def disarmed(cell: object) -> object:
    """A cell that no spreadsheet computes: a text that begins like a formula gets an apostrophe.

    So does a text that begins with apostrophes before such a sign: thus no two texts become the
    same cell, and `restored` knows which apostrophe is an added one.

    >>> disarmed("=1+1"), disarmed("'=1+1"), disarmed("a=1"), disarmed(-1)
    ("'=1+1", "''=1+1", 'a=1', -1)
    """
    return f"'{cell}" if isinstance(cell, str) and _is_formula(cell.lstrip("'")) else cell


def restored(cell: object) -> object:
    """The cell before it was `disarmed`.

    >>> restored("'=1+1"), restored("''=1+1"), restored("'a'"), restored("=1+1")
    ('=1+1', "'=1+1", "'a'", '=1+1')
    """
    if isinstance(cell, str) and cell.startswith("'") and _is_formula(cell.lstrip("'")):
        return cell[1:]
    return cell


def _is_formula(text: str) -> bool:
    return text.startswith(FORMULA)


def csv_text(lines: Iterable[Sequence[object]]) -> str:
    """Lines of cells as a CSV file, which gives every text back, lone carriage returns too."""
    stream = io.StringIO()
    plain = csv.writer(stream, lineterminator="\n")
    quoting = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for cells in lines:
        # Python's writer leaves a carriage return bare, and its reader then ends the row there
        bare = any(isinstance(cell, str) and "\r" in cell for cell in cells)
        (quoting if bare else plain).writerow(cells)
    return stream.getvalue()
