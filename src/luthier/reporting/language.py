"""The `lang` of a text: a browser chooses the shapes of Han characters by it."""

from __future__ import annotations

import re
from functools import cache

_KANA = re.compile("[\u3041-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7af\u1100-\u11ff]")
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")


def language_of(text: str) -> str:
    """`zh-Hans`, `zh-Hant`, `zh`, `ja` or `ko`; empty where the script does not tell.

    Simplified characters are those that GB 2312 has and Big5 has not, traditional ones the
    reverse; a text with as many of either is `zh`.
    """
    if _KANA.search(text):
        return "ja"
    if _HANGUL.search(text):
        return "ko"
    han = _HAN.findall(text)
    if not han:
        return ""
    simplified = sum(_has("gb2312", c) and not _has("big5", c) for c in han)
    traditional = sum(_has("big5", c) and not _has("gb2312", c) for c in han)
    if simplified == traditional:
        return "zh"
    return "zh-Hans" if simplified > traditional else "zh-Hant"


@cache
def _has(codec: str, character: str) -> bool:
    return bool(character.encode(codec, "ignore"))
