"""Which rows to answer again, where not all of them are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from luthier.records import IntArray

ROWS = 200
"""Rows that are answered again, at most."""


def telling_rows(texts: Sequence[str], most: int = ROWS, seed: int = 0) -> IntArray:
    """int64 [m], sorted: half the rows that exercise a pipeline most, half drawn by the seed.

    Capitals, accents, digits, punctuation, markup, emoji, Chinese and length all count.
    """
    if len(texts) <= most:
        return np.arange(len(texts))
    kinds = [_exercise(text) for text in texts]
    ranked = np.argsort([-kind for kind in kinds], kind="stable")
    first = ranked[: most // 2]
    rest = np.setdiff1d(np.arange(len(texts)), first)
    drawn = np.random.default_rng(seed).choice(rest, most - len(first), replace=False)
    return np.sort(np.concatenate([first, drawn]))


def _exercise(text: str) -> float:
    marks = (
        any(c.isupper() for c in text),
        any(c.isdigit() for c in text),
        any(not c.isalnum() and not c.isspace() for c in text),
        any(c > "\u00bf" and c < "\u0250" for c in text),
        "<" in text or "&" in text,
        "  " in text,
        any("\u3400" <= c <= "\u9fff" for c in text),
        any(c > "\uffff" for c in text),
    )
    return sum(marks) + min(1.0, len(text) / 1000)
