"""Area under the precision-recall curve, one label against the rest (average precision).

AP = sum over thresholds of (recall gained) x precision, ties together: scikit-learn's
`average_precision_score`. The interval is a bootstrap over rows.
"""

from __future__ import annotations

import numpy as np

from luthier.kit.row_bootstrap import held, resamples
from luthier.records import Figure, FloatArray, IntArray

SAMPLES = 200
"""Resamples behind the interval: each costs a pass over all rows and labels."""


def average_precision(applies: IntArray, scores: FloatArray, counts: FloatArray) -> FloatArray:
    """Average precision of one label on resamples.

    Args:
        applies: 0 or 1, [n].
        scores: float64 [n].
        counts: float64 [b, n], how often each row counts.

    Returns:
        Float64 [b]; NaN where no row that counts has the label.
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    weights = counts[:, order]
    answered = weights.cumsum(axis=1)[:, ends]
    right = (weights * applies[order]).cumsum(axis=1)[:, ends]
    precision = np.divide(right, answered, out=np.zeros_like(right), where=answered > 0)
    gained = np.diff(right, axis=1, prepend=0)
    total = right[:, -1]
    area = (precision * gained).sum(axis=1)
    shares: FloatArray = np.divide(area, total, out=np.full_like(total, np.nan), where=total > 0)
    return shares


def macro_average_precision(
    applies: IntArray, scores: FloatArray, samples: int, seed: int
) -> Figure | None:
    """Mean average precision over the labels that have rows; None where none has.

    Args:
        applies: 0 or 1, [n, K].
        scores: float64 [n, K], finite.
        samples: resamples, at most 200.
        seed: of the draws.
    """
    n, label_count = applies.shape
    present = [label for label in range(label_count) if applies[:, label].any()]
    if not present:
        return None

    def macro(counts: FloatArray) -> FloatArray:
        each = [average_precision(applies[:, k], scores[:, k], counts) for k in present]
        seen = np.isfinite(each)
        total = np.where(seen, each, 0.0).sum(axis=0)
        mean: FloatArray = total / np.maximum(seen.sum(axis=0), 1)
        return mean

    value = float(macro(np.ones((1, n)))[0])
    chunks = resamples(n, len(present), min(samples, SAMPLES), seed)
    draws = np.concatenate([macro(chunk) for chunk in chunks])
    return held(value, draws, n, (0.0, 1.0))
