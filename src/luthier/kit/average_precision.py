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


def average_precision(applies: IntArray, scores: FloatArray, counts: IntArray) -> FloatArray:
    """Average precision of one label on resamples.

    Recall is gained only where a row has the label, so rows between two such thresholds are summed.

    Args:
        applies: 0 or 1, [n].
        scores: float64 [n].
        counts: int64 [n, b], how often each row counts.

    Returns:
        Float64 [b]; NaN where no row that counts has the label.
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    has_it = np.flatnonzero(applies[order])
    threshold = np.searchsorted(ends, has_it)
    first = np.flatnonzero(np.diff(threshold, prepend=-1))
    if not len(first):
        return np.full(counts.shape[1], np.nan)
    ends = ends[threshold[first]]
    starts = np.append(0, ends[:-1] + 1)
    answered = np.add.reduceat(counts[order[: ends[-1] + 1]], starts, axis=0).cumsum(axis=0)
    gained = np.add.reduceat(counts[order[has_it]], first, axis=0)
    right = gained.cumsum(axis=0)
    precision = np.divide(right, answered, out=np.zeros(right.shape), where=answered > 0)
    area, total = (precision * gained).sum(axis=0), right[-1]
    shares: FloatArray = np.divide(area, total, out=np.full(total.shape, np.nan), where=total > 0)
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

    def macro(counts: IntArray) -> FloatArray:
        each = [average_precision(applies[:, k], scores[:, k], counts) for k in present]
        seen = np.isfinite(each)
        total = np.where(seen, each, 0.0).sum(axis=0)
        mean: FloatArray = total / np.maximum(seen.sum(axis=0), 1)
        return mean

    value = float(macro(np.ones((n, 1), dtype=np.int64))[0])
    chunks = resamples(n, len(present), min(samples, SAMPLES), seed)
    draws = np.concatenate([macro(np.ascontiguousarray(each.T, np.int64)) for each in chunks])
    return held(value, draws, n, (0.0, 1.0))
