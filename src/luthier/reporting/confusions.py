"""Reading a confusion matrix: which labels are mixed up, and an order that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import squareform

from luthier.records import ConfusionMatrix, FloatArray


@dataclass(frozen=True, slots=True)
class ConfusedPair:
    """`count` rows of true label `label` (of `support` such rows) were answered `answered`."""

    label: str
    answered: str
    count: int
    support: int


def confused_pairs(matrix: ConfusionMatrix, most: int) -> tuple[ConfusedPair, ...]:
    """The `most` most frequent mix-ups, one direction each; ties by share of the true label."""
    pairs = [
        ConfusedPair(label, matrix.labels[j], count, sum(row))
        for i, (label, row) in enumerate(zip(matrix.labels, matrix.rows, strict=True))
        for j, count in enumerate(row)
        if i != j and count
    ]
    pairs.sort(key=lambda p: (-p.count, -p.count / p.support, p.label, p.answered))
    return tuple(pairs[:most])


def shares(matrix: ConfusionMatrix) -> FloatArray:
    """float64 [K, K]: each row divided by its sum; a label without rows stays 0."""
    counts = np.asarray(matrix.rows, dtype=np.float64).reshape(len(matrix.labels), -1)
    totals = counts.sum(axis=1, keepdims=True)
    result: FloatArray = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    return result


@lru_cache(maxsize=8)
def neighbourly_order(matrix: ConfusionMatrix) -> Sequence[int]:
    """Positions of the labels such that those often mixed up stand side by side.

    Average linkage on 1 - (share of i answered j + share of j answered i) / 2, with the leaf
    order of Bar-Joseph, Gifford and Jaakkola (2001), "Fast optimal leaf ordering".
    """
    if len(matrix.labels) < 3:
        return range(len(matrix.labels))
    share = shares(matrix)
    distance = 1.0 - (share + share.T) / 2.0
    np.fill_diagonal(distance, 0.0)
    condensed = squareform(distance, checks=False)
    tree = optimal_leaf_ordering(linkage(condensed, "average"), condensed)
    return [int(position) for position in leaves_list(tree)]
