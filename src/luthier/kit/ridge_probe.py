"""A cheap linear model over character n-grams that answers every row without having seen it.

What can be told from a text, about how well? Detectors ask this without the fine-tuned model: is
the part that was cut off worth anything, can training and test rows be told apart, which row hangs
on a tag. Ridge regression on the kernel of the texts needs one inversion for the answers of all
folds and of any number of targets (An, Liu & Venkatesh 2007, Pattern Recognition 40, 2154-2162), so
that hundreds of permutations cost one product of matrices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse

from luthier.kit.shingles import ngram_counts
from luthier.records import FloatArray, IntArray

BUCKETS = 2**18
"""Hashed n-grams; so many that few meet by chance."""

PENALTY = 1.0
"""Ridge penalty beside texts of unit length."""

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Weights:
    """Inverse document frequencies, float64 [BUCKETS], learned from some texts."""

    idf: FloatArray

    @classmethod
    def of(cls, texts: Sequence[str]) -> Weights:
        """Smoothed inverse document frequencies of the n-grams of these texts."""
        held = np.bincount(ngram_counts(texts, BUCKETS).indices, minlength=BUCKETS)
        return cls(np.log((1 + len(texts)) / (1 + held)) + 1)

    def features(self, texts: Sequence[str]) -> sparse.csr_array:
        """TF-IDF rows of unit length, [n, BUCKETS]; counts enter by 1 + their logarithm."""
        counts = ngram_counts(texts, BUCKETS)
        counts.data = (1 + np.log(counts.data)) * self.idf[counts.indices]
        length = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel())
        return sparse.csr_array(sparse.diags_array(1 / np.maximum(length, 1e-12)) @ counts)


def folds_of(n: int, alike: Sequence[Sequence[int]] = (), seed: int = 0) -> IntArray:
    """A fold for each of n rows, int64 [n], at random; alike rows are in one fold.

    Args:
        n: rows.
        alike: clusters of positions that must not be parted.
        seed: decides which rows.
    """
    fold = np.random.default_rng(seed).permutation(n) % FOLDS
    for cluster in alike:
        fold[list(cluster)] = fold[cluster[0]]
    return fold.astype(np.int64)


class RidgeProbe:
    """Ridge regression of any targets on n texts, answered out of fold.

    Args:
        features: [n, BUCKETS], rows of unit length.
        folds: int64 [n], the fold of each row.
    """

    def __init__(self, features: sparse.csr_array, folds: IntArray) -> None:
        self._features, self._folds = features, folds
        kernel = np.asarray((features @ features.T).toarray())
        kernel[np.diag_indices_from(kernel)] += PENALTY
        self._inverse = linalg.inv(kernel, overwrite_a=True, check_finite=False)

    def out_of_fold(self, targets: FloatArray) -> FloatArray:
        """What a model of the other folds says of each row, float64 [n, m].

        Args:
            targets: float64 [n, m], m targets; centre them, the model has no intercept.
        """
        dual = self._inverse @ targets
        answers = np.empty_like(targets, dtype=np.float64)
        for fold in np.unique(self._folds):
            own = np.flatnonzero(self._folds == fold)
            block = self._inverse[np.ix_(own, own)]
            answers[own] = targets[own] - np.linalg.solve(block, dual[own])
        return answers

    def answers_to(
        self, changed: sparse.csr_array, rows: IntArray, targets: FloatArray
    ) -> FloatArray:
        """What the model that has not seen row `rows[i]` says of another text in its place.

        Args:
            changed: [r, BUCKETS], the other texts.
            rows: int64 [r], positions among the n rows.
            targets: float64 [n, m], as for `out_of_fold`.

        Returns:
            float64 [r, m].
        """
        dual = self._inverse @ targets
        answers = np.zeros((len(rows), targets.shape[1]))
        for fold in np.unique(self._folds[rows]):
            own = np.flatnonzero(self._folds == fold)
            others = np.flatnonzero(self._folds != fold)
            block = self._inverse[np.ix_(own, own)]
            without = dual[others] - self._inverse[np.ix_(others, own)] @ np.linalg.solve(
                block, dual[own]
            )
            asked = np.flatnonzero(self._folds[rows] == fold)
            answers[asked] = changed[asked] @ (self._features[others].T @ without)
        return answers


def one_hot(labels: Sequence[str]) -> tuple[FloatArray, tuple[str, ...]]:
    """Centred targets of a classifier, float64 [n, K], and the K labels in order."""
    names, index = np.unique(np.asarray(labels, dtype=object).astype(str), return_inverse=True)
    targets = np.eye(len(names))[index]
    return targets - targets.mean(axis=0), tuple(names.tolist())
