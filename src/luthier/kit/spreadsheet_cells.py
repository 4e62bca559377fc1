"""Cells of the CSV files that people open in a spreadsheet."""

from __future__ import annotations

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
"""A spreadsheet takes a cell that begins like this for a formula."""


def disarmed(cell: object) -> object:
    """A cell that no spreadsheet computes: a text that begins like a formula gets an apostrophe.

    >>> disarmed("=1+1"), disarmed("a=1"), disarmed(-1)
    ("'=1+1", 'a=1', -1)
    """
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
