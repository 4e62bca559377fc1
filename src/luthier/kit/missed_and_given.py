"""Which labels are missed while which others are wrongly given, where rows have several labels."""

from __future__ import annotations

import numpy as np

from luthier.records import IntArray


def missed_and_given(labels: IntArray, predicted: IntArray) -> IntArray:
    """Rows counted by what they lack and what they wrongly have, int64 [K + 1, K + 1].

    On the diagonal: rows that have the label rightly. At (i, j): rows that lack label i and wrongly
    have label j. The last line counts rows that lack nothing, the last column rows that wrongly
    have nothing. The idea is that of Heydarian, Doyle & Samavi (2022), "MLCM: Multi-Label Confusion
    Matrix", IEEE Access 10; unlike there a row counts in each cell that is true of it.

    Args:
        labels: int64 [n, K], 1 where a label applies.
        predicted: int64 [n, K], 1 where it was answered.
    """
    right = labels * predicted
    missed, given = labels - right, predicted - right
    missed = np.column_stack([missed, missed.sum(axis=1) == 0]).astype(np.int64)
    given = np.column_stack([given, given.sum(axis=1) == 0]).astype(np.int64)
    counts: IntArray = missed.T @ given
    counts[np.diag_indices(labels.shape[1])] = right.sum(axis=0)
    counts[-1, -1] = 0  # rows with every label right stand on the diagonal
    return counts
