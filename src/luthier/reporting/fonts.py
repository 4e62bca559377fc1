"""The font of the plots: it draws Chinese on a machine that has no Chinese font.

Noto Sans SC (SIL Open Font License 1.1) lies in the dependency `zhplot`; its file is used by path.
The package is not imported, because its import changes matplotlib's settings for the whole process.
"""

from __future__ import annotations

import importlib.util
import unicodedata
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
def _characters() -> frozenset[int]:
    """Code points that at least one of the families draws."""
    latin = Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    paths = [path for path in (chinese_font(), latin) if path is not None]
    return frozenset().union(*(FT2Font(str(path)).get_charmap() for path in paths))


def drawable(text: str, most: int = 24) -> str:
    """`text` on one line, at most `most` characters wide, without a character that no font has.

    A Han character counts as two. What cannot be drawn becomes a white square.

    >>> drawable("a very long label that goes on and on", most=12)
    'a very long…'
    """
    known = _characters()
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    shown = [
        character if ord(character) in known else UNDRAWABLE
        for character in line
        # a combining mark has no place of its own: without a glyph it is left out
        if ord(character) in known or unicodedata.category(character) != "Mn"
    ]
    if sum(map(_width, shown)) <= most:
        return "".join(shown)
    kept, width = "", 0
    for character in shown:
        width += _width(character)
        if width > most - 1:
            break
        kept += character
    return kept.rstrip() + "…"


def _width(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
