"""Words that are commoner in one set of texts than in another."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

_WORD = re.compile(r"[^\W\d_\u3005-\u9fff]+|[\u3400-\u9fff]+")
LONGEST_WORD = 40

PRIOR = 0.5
"""Texts added to both counts of a word, so that rare words do not win."""


def terms_of(text: str) -> set[str]:
    """Words of letters, lower case, and pairs of neighbouring Chinese characters.

    >>> sorted(terms_of("My card 坏掉了"))
    ['card', 'my', '坏掉', '掉了']
    """
    found: set[str] = set()
    for word in _WORD.findall(text.lower()):
        if "\u3400" <= word[0] <= "\u9fff":
            found.update(word[i : i + 2] for i in range(max(1, len(word) - 1)))
        else:
            found.add(word[:LONGEST_WORD])
    return found


def typical_terms(texts: Sequence[str], others: Iterable[str], most: int = 8) -> tuple[str, ...]:
    """Terms that stand in more of these texts than of the others, most telling first.

    Ranked by z of the log-odds ratio of the shares of texts that hold them (Woolf 1955, with half a
    text added); only those with z above 3.
    """
    ours = Counter(term for text in texts for term in terms_of(text))
    other_terms = [terms_of(text) for text in others]
    theirs = Counter(term for terms in other_terms for term in terms)
    words = sorted(ours)
    a = np.array([ours[word] for word in words], dtype=float) + PRIOR
    c = np.array([theirs[word] for word in words], dtype=float) + PRIOR
    b, d = len(texts) + 2 * PRIOR - a, len(other_terms) + 2 * PRIOR - c
    z = (np.log(a / b) - np.log(c / d)) / np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    best = np.argsort(-z, kind="stable")[:most]
    return tuple(words[i] for i in best if z[i] > 3)
