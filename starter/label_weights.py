"""Weights of labels in the loss, for sets in which some labels are rare."""

from __future__ import annotations

import numpy as np

from luthier.records import FloatArray, IntArray

POWERS = {"none": 0.0, "sqrt": 0.5, "balanced": 1.0}
"""Of the inverse frequency; `balanced` is scikit-learn's."""


def label_weights(labels: IntArray, label_count: int, kind: str) -> FloatArray:
    """float64 [K], inverse frequency to a power; the mean over the rows is 1.

    Args:
        labels: int64 [n].
        label_count: K; a label without rows weighs as if it had one.
        kind: a name in `POWERS`.
    """
    counts = np.maximum(1, np.bincount(labels, minlength=label_count))
    weights = (1.0 / counts) ** POWERS[kind]
    weights /= weights[labels].mean()
    return weights


def some_are_rare(labels: IntArray) -> bool:
    """Whether weights can matter: the commonest label has at least twice the rows of the rarest."""
    counts = np.bincount(labels)
    counts = counts[counts > 0]
    return bool(counts.max() >= 2 * counts.min())
