"""Parts of the rows that texts show by themselves: short, long, with a number, with a word."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from scipy.stats import norm

from luthier.records import BoolArray, IntArray

MOST_WORDS = 200
"""Most frequent words and character pairs looked at."""

_WORD = re.compile(r"[^\W\d_]{2,}")
_HAN = re.compile(r"[\u3400-\u9fff]")

MARKS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        "texts with a digit": re.compile(r"\d").search,
        "texts with a web address": re.compile(r"https?://|www\.").search,
        "texts with HTML": re.compile(r"</?[a-z][^>]*>|&[a-z]+;").search,
        "texts with capital letters": re.compile(r"[A-Z]").search,
        "texts all in capital letters": str.isupper,
        "texts with accented letters": re.compile(r"[À-ÖØ-öø-ÿ]").search,
        "texts with a question mark": re.compile("[?\uff1f]").search,
        "texts with an emoji": re.compile(r"[\U0001f300-\U0001faff]").search,
        "texts with Chinese characters": _HAN.search,
        "texts with Latin letters": re.compile(r"[A-Za-z]").search,
        "texts of more than one line": re.compile(r"\n").search,
    }
)


@dataclass(frozen=True, slots=True)
class SliceGap:
    """How a part of the rows does beside the rest, its labels being as they are.

    Args:
        name: the part, in plain words.
        rows: rows in it.
        accuracy: share of right answers in it.
        rest: share of right answers outside it.
        excess: errors beyond what its labels explain, as a share of its rows.
        p: one-sided probability of so many by chance.
    """

    name: str
    rows: int
    accuracy: float
    rest: float
    excess: float
    p: float


def slices_of(texts: Sequence[str]) -> dict[str, BoolArray]:
    """Name -> bool [n]: quarters by length, marks, and the most frequent words."""
    lengths = np.array([len(text) for text in texts])
    parts: dict[str, BoolArray] = {}
    if len(texts):
        low, high = np.percentile(lengths, [25, 75])
        shortest = f"the shortest texts (at most {low:.0f} characters)"
        longest = f"the longest texts (over {high:.0f} characters)"
        parts |= {shortest: lengths <= low, longest: lengths > high}
    for name, sees in MARKS.items():
        parts[name] = np.array([bool(sees(text)) for text in texts])
    words = [_words(text) for text in texts]
    counts = Counter(word for own in words for word in own)
    for word, _ in counts.most_common(MOST_WORDS):
        name = f"texts with {word!r}"
        parts[name] = np.array([word in own for own in words])
    return parts


def _words(text: str) -> set[str]:
    """Words in letters, and pairs of Chinese characters."""
    found = {word.casefold() for word in _WORD.findall(text) if not _HAN.search(word)}
    pairs = {a + b for a, b in pairwise(text)}
    return found | {pair for pair in pairs if _HAN.match(pair[0]) and _HAN.match(pair[1])}


def slice_gap(name: str, inside: BoolArray, wrong: BoolArray, labels: IntArray) -> SliceGap:
    """Errors in a part of the rows beside those elsewhere, label by label.

    Source: Mantel & Haenszel (1959), J. Natl. Cancer Inst. 22, 719-748: the errors in the part are
    held against those expected from each label's own error rate (hypergeometric), so that a part
    is not called weak because a weak label is frequent in it.

    Args:
        name: of the part.
        inside: bool [n].
        wrong: bool [n].
        labels: int64 [n], true label.
    """
    expected = variance = 0.0
    for label in np.unique(labels):
        own = labels == label
        n, part, errors = int(own.sum()), int((own & inside).sum()), int((own & wrong).sum())
        expected += part * errors / n
        if n > 1:
            variance += part * errors * (n - part) * (n - errors) / (n * n * (n - 1))
    seen = int((inside & wrong).sum())
    rows = int(inside.sum())
    z = (seen - expected - 0.5) / math.sqrt(variance) if variance else 0.0
    return SliceGap(
        name=name,
        rows=rows,
        accuracy=1 - seen / max(1, rows),
        rest=1 - int((~inside & wrong).sum()) / max(1, int((~inside).sum())),
        excess=(seen - expected) / max(1, rows),
        p=float(norm.sf(z)),
    )


def benjamini_hochberg(ps: Sequence[float], rate: float) -> float:
    """The largest p-value that counts when so many were looked at; 0 where none does.

    Source: Benjamini & Hochberg (1995), J. R. Stat. Soc. B 57, 289-300: among those that count, at
    most `rate` are false in the mean.
    """
    ordered = sorted(ps)
    passing = [p for i, p in enumerate(ordered, start=1) if p <= rate * i / len(ordered)]
    return max(passing, default=0.0)
