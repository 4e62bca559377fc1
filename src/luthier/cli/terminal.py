"""Printing for people: a text from the data never steers the terminal."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable

HARMLESS = "\n\t"


def harmless(line: str) -> str:
    """A line with its control and direction characters written as escapes."""
    if line.isprintable():
        return line
    return "".join(
        character
        if character in HARMLESS or unicodedata.category(character) not in ("Cc", "Cf")
        else character.encode("unicode_escape").decode()
        for character in line
    )


def padded(text: str, width: int) -> str:
    """A text with spaces behind it up to `width` columns; a Chinese character takes two.

    >>> padded("F1", 4) + "|" + padded("準確率", 8) + "|"
    'F1  |準確率  |'
    """
    taken = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
    return text + " " * max(0, width - taken)


def say(lines: Iterable[str]) -> None:
    """Print lines to stdout."""
    print("\n".join(harmless(line) for line in lines))


def say_aside(line: str) -> None:
    """Print a line of progress to stderr at once."""
    print(harmless(line), file=sys.stderr, flush=True)
