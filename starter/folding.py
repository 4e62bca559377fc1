"""Traditional -> Simplified, one character to one character, as a table for the tokenizer.

The tokenizer folds the scripts before it cuts the text, so that a sentence means the same to the
model in either script and no row of the embedding table is spent twice. The table comes from
OpenCC (Apache-2.0); characters that OpenCC would only fold inside certain words (乾, 著) are
folded always.
"""

from __future__ import annotations

from functools import cache

import opencc

_HAN_RANGES = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2A6DF))


_INSIDE_WORDS = {"瞭": "了", "藉": "借", "彷": "仿", "揹": "背", "甦": "苏", "甯": "宁", "薰": "熏"}
"""Folded by OpenCC inside words only; a table of single characters folds them everywhere."""


@cache
def folding_table() -> dict[int, str]:
    """Code point -> the character that stands for it; only characters that change are listed."""
    to_simplified = opencc.OpenCC("t2s")
    to_traditional = [opencc.OpenCC(name) for name in ("s2t", "s2tw", "s2hk")]
    table: dict[str, str] = {}
    characters = [chr(code) for first, last in _HAN_RANGES for code in range(first, last + 1)]
    for character in characters:
        folded = to_simplified.convert(character)
        if len(folded) == 1 and folded != character:
            table[character] = folded
    for character in characters:
        for converter in to_traditional:
            traditional = converter.convert(character)
            if len(traditional) == 1 and traditional != character:
                _join(table, traditional, character)
    for traditional, simplified in _INSIDE_WORDS.items():
        _join(table, traditional, simplified)
    return {ord(character): _end(table, character) for character in table}


def _end(table: dict[str, str], character: str) -> str:
    seen = {character}
    while character in table and table[character] not in seen:
        character = table[character]
        seen.add(character)
    return character


def _join(table: dict[str, str], traditional: str, simplified: str) -> None:
    left, right = _end(table, traditional), _end(table, simplified)
    if left == right:
        return
    if _rareness(left) < _rareness(right):
        left, right = right, left
    table[left] = right


def _rareness(character: str) -> int:
    """0 for the 3,755 everyday characters of GB 2312, 1 for its others, 2 for the rest."""
    try:
        first_byte = character.encode("gb2312")[0]
    except UnicodeEncodeError:
        return 2
    return 0 if first_byte <= 0xD7 else 1


def fold(text: str) -> str:
    """`text` with every character folded."""
    return text.translate(folding_table())
