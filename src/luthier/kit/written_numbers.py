"""Numbers as people and spreadsheets write them: 1,234.5, 12 %, a minus that is no hyphen, 1,5."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from luthier.kit.number_cells import PERCENT_SIGNS

PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?")
_SURELY_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})*(,\d{3}\.\d*|,\d{3},\d{3})")
_SMALL = re.compile(r"[+-]?\d{1,3}(\.\d*)?")
_SIGNS = {"\u2212": "-", "\uff0d": "-", "\uff0b": "+", "\uff0e": ".", "\uff0c": ","}
_SAME = str.maketrans(_SIGNS | {chr(0xFF10 + n): str(n) for n in range(10)})
"""The minus sign and the full-width signs and digits, as `float` wants them."""
MOST_STRANGE = 0.05
"""Share of cells without a number up to which the others say how numbers are written."""


def may_be_thousands(text: str) -> bool:
    """Whether the commas of a number may separate thousands: `1,234`, not `1,5`."""
    return bool(_THOUSANDS.fullmatch(text))


def writing_of(texts: Iterable[str]) -> Callable[[str], str] | None:
    """What turns cells that are not written as Python writes numbers into such; None if nothing.

    Percentages keep their number (`12 %` is 12), where all cells are percentages. Commas are taken
    for thousands where one cell shows it (`1,234.5`, `1,234,567`), or where all numbers without a
    comma are below 1,000. A decimal comma is left to `decimal_point`.

    Args:
        texts: the cells, without spaces around them.

    >>> turn = writing_of(["1,234.5", "\u22127", "12"])
    >>> turn("1,234.5"), turn("\u22127"), turn("unknown")
    ('1234.5', '-7', 'unknown')
    >>> [turn(cell) for turn in [writing_of(["12 %", "7.5%"])] for cell in ["12 %", "7.5%"]]
    ['12', '7.5']
    >>> writing_of(["1,234", "5,678"])  # thousands or decimals?
    """
    cells = {text: text.translate(_SAME) for text in set(texts)}
    percent = _mostly(cell.endswith(PERCENT_SIGNS) for cell in cells.values())
    if percent:
        cells = {text: cell.rstrip("".join(PERCENT_SIGNS)).rstrip() for text, cell in cells.items()}
    thousands = _has_thousands(cells.values())
    if thousands:
        cells = {
            text: cell.replace(",", "") if may_be_thousands(cell) else cell
            for text, cell in cells.items()
        }
    numbers = {t: c for t, c in cells.items() if PLAIN.fullmatch(c) or DECIMAL_COMMA.fullmatch(c)}
    if not any(text != cell for text, cell in numbers.items()):
        return None
    return lambda text: numbers.get(text, text)


def _mostly(flags: Iterable[bool]) -> bool:
    found = list(flags)
    return sum(found) > (1 - MOST_STRANGE) * len(found)


def _has_thousands(cells: Iterable[str]) -> bool:
    """Whether commas separate thousands in all cells that are numbers with a comma."""
    there = list(cells)
    with_comma = [cell for cell in there if "," in cell and cell.strip("+-")[:1].isdecimal()]
    if not with_comma or not all(map(may_be_thousands, with_comma)):
        return False
    if any(map(_SURELY_THOUSANDS.fullmatch, with_comma)):
        return True
    plain = [cell for cell in there if PLAIN.fullmatch(cell)]
    return bool(plain) and all(map(_SMALL.fullmatch, plain))


def decimal_point(cell: Any) -> Any:
    """`1,5` as `1.5`; what is no number with a decimal comma as it is.

    >>> decimal_point(" -1,5"), decimal_point("1.234,5")
    ('-1.5', '1.234,5')
    """
    if not isinstance(cell, str) or not DECIMAL_COMMA.fullmatch(cell.strip()):
        return cell
    return cell.strip().replace(",", ".")
