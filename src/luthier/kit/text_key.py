"""When do two texts count as the same? One key per text, used wherever duplicates matter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_DECIMAL_POINT = re.compile(r"(?<=\d)\.(?=\d)")
_KEPT_POINT = "\ue000"
_SPACE_AT_HAN = re.compile(r"(?<=[\u3400-\u9fff]) | (?=[\u3400-\u9fff])")


class _Dropped(dict[int, int | None]):
    """Code point -> None for punctuation, symbols and invisible characters; learned on the way."""

    def __missing__(self, code: int) -> int | None:
        kind = unicodedata.category(chr(code))
        invisible = kind == "Cf" or 0xFE00 <= code <= 0xFE0F
        self[code] = None if invisible or kind[0] in "PS" else code
        return self[code]


_DROPPED = _Dropped()


def text_key(text: str) -> str:
    """The text without what people vary by accident: equal keys mean the same text.

    NFKC, lower case, no punctuation, symbols or invisible characters, single spaces, no space
    beside a Chinese character. A point between digits stays (3.5 is not 35). A text of nothing but
    punctuation or emoji keeps them, or all such texts would be one.

    >>> text_key("Ｈｅｌｌｏ，  World!!") == text_key("hello world")
    True
    """
    plain = unicodedata.normalize("NFKC", text).lower()
    if plain.isalnum():
        return plain  # nothing to drop; most short Chinese texts end here
    if "." in plain:
        plain = _DECIMAL_POINT.sub(_KEPT_POINT, plain)
    key = " ".join(plain.translate(_DROPPED).split())
    if not key:
        return " ".join(plain.split())
    return _SPACE_AT_HAN.sub("", key).replace(_KEPT_POINT, ".")


def is_blank(text: str) -> bool:
    r"""Whether nothing can be seen: only spaces, control and invisible characters.

    >>> is_blank("\u200b \t"), is_blank("。")
    (True, False)
    """
    return all(c.isspace() or unicodedata.category(c) in ("Cc", "Cf") for c in text)


def is_empty(value: object) -> bool:
    """Whether a cell says nothing: it is missing, or a text in which nothing can be seen."""
    return value is None or (isinstance(value, str) and is_blank(value))


def clusters_of_equal_keys(texts: Sequence[str]) -> list[tuple[int, ...]]:
    """Positions that share one key, clusters of two and more, in order of their first position."""
    positions: dict[str, list[int]] = {}
    for position, text in enumerate(texts):
        positions.setdefault(text_key(text), []).append(position)
    return [tuple(members) for members in positions.values() if len(members) > 1]
