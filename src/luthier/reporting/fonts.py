"""The font of the plots: it draws Chinese on a machine that has no Chinese font.

Noto Sans SC (SIL Open Font License 1.1) lies in the dependency `zhplot`; its file is used by path.
The package is not imported, because its import changes matplotlib's settings for the whole process.
"""

from __future__ import annotations

import importlib.util
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from matplotlib import font_manager, get_data_path
from matplotlib.ft2font import FT2Font

CHINESE_FAMILY = "Noto Sans SC"
LATIN_FAMILY = "DejaVu Sans"
UNDRAWABLE = "\N{WHITE SQUARE}"


@cache
def chinese_font() -> Path | None:
    """The font file, or None where the dependency that carries it is not installed."""
    spec = importlib.util.find_spec("zhplot")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "fonts" / "NotoSansSC-Regular.ttf"
        if path.is_file():
            return path
    return None


@cache
def families() -> tuple[str, ...]:
    """Font families for matplotlib, the first that has a character draws it."""
    path = chinese_font()
    if path is None:
        return (LATIN_FAMILY,)
    font_manager.fontManager.addfont(path)
    return (CHINESE_FAMILY, LATIN_FAMILY)


@cache
def _chinese_characters() -> frozenset[int]:
    path = chinese_font()
    return frozenset(FT2Font(str(path)).get_charmap()) if path is not None else frozenset()


def has_chinese(character: str) -> bool:
    """Whether the Chinese font draws this character; the Latin one draws the others."""
    return ord(character) in _chinese_characters()


@cache
def _characters() -> frozenset[int]:
    """Code points that at least one of the families draws."""
    latin = Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    paths = [path for path in (chinese_font(), latin) if path is not None]
    return frozenset().union(*(FT2Font(str(path)).get_charmap() for path in paths))


def drawable(text: str, most: int = 24) -> str:
    """`text` on one line, at most `most` characters wide, without a character that no font has.

    A Han character counts as two. What cannot be drawn becomes a white square. What is too long
    loses its middle: names of labels often begin alike and often end alike.

    >>> drawable("card_payment_wrong_exchange_rate", most=15)
    'card_pa…ge_rate'
    """
    shown = _drawn(text)
    if sum(map(_width, shown)) <= most:
        return shown
    tail = _head(shown[::-1], (most - 1) // 2)[::-1]
    return f"{_head(shown, most - 1 - (most - 1) // 2).rstrip()}…{tail.lstrip()}"


def distinct(texts: Sequence[str], most: int = 24) -> list[str]:
    """Each text as `drawable` has it, but no two alike as long as the texts differ.

    Those that would look the same get more room until they do not; those that no room tells apart
    (they differ in what no font draws) get a number.
    """
    shown = [drawable(text, most) for text in texts]
    longest = max((sum(map(_width, _drawn(text))) for text in texts), default=0)
    for room in range(most + 1, longest + 1):
        alike = [name for name, count in Counter(shown).items() if count > 1]
        if not alike:
            break
        shown = [
            drawable(text, room) if name in alike else name
            for text, name in zip(texts, shown, strict=True)
        ]
    return _numbered(texts, shown)


def _numbered(texts: Sequence[str], shown: Sequence[str]) -> list[str]:
    owner: dict[str, str] = {}
    names = []
    for text, name in zip(texts, shown, strict=True):
        free, number = name, 2
        while owner.setdefault(free, text) != text:
            free, number = f"{name} ({number})", number + 1
        names.append(free)
    return names


def _drawn(text: str) -> str:
    """The text on one line, with white squares for what cannot be drawn."""
    known = _characters()
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return "".join(
        character if ord(character) in known else UNDRAWABLE
        for character in line
        # a combining mark has no place of its own: without a glyph it is left out
        if ord(character) in known or unicodedata.category(character) != "Mn"
    )


def _head(text: str, most: int) -> str:
    """The first characters of a text, at most `most` wide."""
    kept, width = "", 0
    for character in text:
        width += _width(character)
        if width > most:
            break
        kept += character
    return kept


def _width(character: str) -> int:
    return 2 if wide(character) else 1


def wide(character: str) -> bool:
    """Whether a character takes a whole square, as Han characters do."""
    return unicodedata.east_asian_width(character) in "WF"
