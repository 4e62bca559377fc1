"""Cells that hold numbers: a number, a percentage, or a list of numbers written as text."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

PERCENT_SIGNS = ("%", "％")
_SPLIT_LIST = re.compile(r"[,\s]+")


def is_numeric(values: Sequence[Any]) -> bool:
    """Whether every value that is there is a number, and one is."""
    there = [value for value in values if value not in (None, "")]
    return bool(there) and all(as_number(value) is not None for value in there)


def as_number(value: Any) -> float | None:
    """The number that a cell holds, or None; full-width digits and points are read too."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and not value.isascii():
        value = unicodedata.normalize("NFKC", value)
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def as_output(value: Any) -> float | None:
    """The output of a model that a cell holds, `12.3%` too (0.123), or None."""
    if isinstance(value, str) and value.strip().endswith(PERCENT_SIGNS):
        number = as_number(value.strip()[:-1])
        return None if number is None else number / 100
    return as_number(value)


def as_numbers(value: Any) -> list[float] | None:
    """The numbers of a cell that holds a list: JSON, numpy's print, or a list already."""
    if isinstance(value, str):
        bare = value.strip()
        if not (bare.startswith("[") and bare.endswith("]")):
            return None
        try:
            value = json.loads(bare)
        except json.JSONDecodeError:
            value = _SPLIT_LIST.split(bare[1:-1].strip())
    if not isinstance(value, list | tuple):
        return None
    numbers = [as_number(part) for part in value]
    return None if None in numbers or len(numbers) < 2 else [x for x in numbers if x is not None]
