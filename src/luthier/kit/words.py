"""Texts cut into words, Chinese ones by the dictionary of jieba, all others at their spaces."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Any

_HAN = re.compile("[\u3400-\u9fff]")
_PIECES = re.compile(r"\s+|[^\W_]+(?:['’-][^\W_]+)*|.", re.DOTALL)


def pieces_of(text: str, own_words: frozenset[str] = frozenset()) -> list[str]:
    """The text in pieces that joined again are the text: words, spaces, single signs.

    >>> pieces_of("申请退款, please!")
    ['申请', '退款', ',', ' ', 'please', '!']

    Args:
        text: Chinese, Simplified or Traditional, or any script that puts spaces between words.
        own_words: words that must not be cut, such as names of products.
    """
    if not _HAN.search(text):
        return _PIECES.findall(text)
    pieces: list[str] = []
    for piece in _segmenter(own_words).cut(text):
        pieces += [piece] if _HAN.search(piece) else _PIECES.findall(piece)
    return pieces


def words_of(text: str, own_words: frozenset[str] = frozenset()) -> list[str]:
    """The words alone, without spaces and punctuation.

    >>> words_of("申请退款, please!")
    ['申请', '退款', 'please']
    """
    return [piece for piece in pieces_of(text, own_words) if piece[0].isalnum()]


@functools.lru_cache(maxsize=4)
def _segmenter(own_words: Iterable[str]) -> Any:
    import rjieba

    if not own_words:
        return rjieba
    segmenter = rjieba.Jieba()
    for word in sorted(own_words):
        segmenter.add_word(word, None, None)
    return segmenter
