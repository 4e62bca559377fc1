"""The Chinese characters that a page needs, as a font inside it, for machines that have none.

The font of the plots (Noto Sans SC, SIL Open Font License 1.1) is cut down to the characters in
use. A reader's own Chinese font comes first, for Traditional texts one with their forms. All of it
is said in `@font-face` rules for Han characters only, which the page names before its Latin fonts:
Chromium does not draw again what it drew before a font that stands later in the list was read.
"""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice

from fontTools.subset import Options, Subsetter, load_font

from luthier.reporting.fonts import chinese_font

SIMPLIFIED = (
    "PingFangSC-Regular", "PingFang SC", "Microsoft YaHei", "NotoSansCJKsc-Regular",
    "Noto Sans CJK SC", "NotoSansSC-Regular", "Noto Sans SC", "SourceHanSansSC-Regular",
    "Source Han Sans SC",
)  # fmt: skip
TRADITIONAL = (
    "PingFangTC-Regular", "PingFang TC", "Microsoft JhengHei", "NotoSansCJKtc-Regular",
    "Noto Sans CJK TC", "NotoSansTC-Regular", "Noto Sans TC", "SourceHanSansTC-Regular",
    "Source Han Sans TC",
)  # fmt: skip
RANGE = "U+2E80-FFEF, U+20000-3FFFF"
MOST = 2000
"""Characters, about 200 bytes each, beyond which no more are taken for the texts of rows alone;
the rarest of them are left to the reader's own font."""
_FIRST_CJK = 0x2E80


def font_face(page: str, rows: Iterable[str] = ()) -> str:
    """The rules for Chinese characters, with a font as data; empty where none is used.

    Args:
        page: the whole page without this rule: all that it says must be readable.
        rows: those texts in it that are of the reader's rows; a character that only they have is
            taken as long as there is room, the most frequent first.
    """
    wanted = _characters(page, rows)
    return _cut(wanted) if wanted else ""


@lru_cache(maxsize=8)
def _cut(wanted: str) -> str:
    path = chinese_font()
    if path is None:
        return ""
    options = Options(
        hinting=False, layout_features=[], name_IDs=[0, 13, 14], notdef_outline=True,
        drop_tables=["GSUB", "GPOS", "GDEF", "BASE", "vhea", "vmtx", "VORG", "DSIG"],
    )  # fmt: skip
    stream = io.BytesIO()
    with load_font(str(path), options, lazy=True) as font:
        cut = Subsetter(options)
        cut.populate(text=wanted)
        cut.subset(font)
        font.flavor = "woff"
        font.save(stream)
    data = base64.b64encode(stream.getvalue()).decode()
    carried = f'url(data:font/woff;base64,{data}) format("woff")'
    return _rule("Luthier Hant", [*_local(TRADITIONAL)]) + _rule(
        "Luthier Hans", [*_local(SIMPLIFIED), carried]
    )


def _local(names: Iterable[str]) -> Iterator[str]:
    return (f'local("{name}")' for name in names)


def _rule(family: str, sources: Iterable[str]) -> str:
    return (
        f'@font-face {{ font-family: "{family}"; src: {", ".join(sources)}; '
        f"unicode-range: {RANGE}; font-display: block; }}\n"
    )


def _characters(page: str, rows: Iterable[str]) -> str:
    everywhere = _counted(page)
    said = everywhere - _counted("".join(rows))
    room = max(0, MOST - len(said))
    only_in_rows = (c for c, _ in everywhere.most_common() if c not in said)
    return "".join(sorted([*said, *islice(only_in_rows, room)]))


def _counted(text: str) -> Counter[str]:
    """How often each of those characters stands there, in the order of their first place."""
    return Counter({c: count for c, count in Counter(text).items() if _is_cjk(c)})


def _is_cjk(character: str) -> bool:
    """A character beyond the reach of Western fonts; half a surrogate pair is none."""
    code = ord(character)
    return code >= _FIRST_CJK and not 0xD800 <= code <= 0xDFFF
