"""Can two sets of texts be told apart? The classifier two-sample test, label by label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from luthier.kit.ridge_probe import RidgeProbe, Weights, folds_of
from luthier.records import BoolArray, FloatArray, IntArray

PERMUTATIONS = 499
"""The smallest p-value is 1 in 500."""


@dataclass(frozen=True, slots=True)
class DriftTest:
    """Result of `tell_apart`.

    Args:
        auc: chance that a text of the second set is ranked above one of the first with the same
            label, by a model that saw neither; 0.5 is chance.
        null_mean: mean of the same over permutations; what chance comes to on these very texts.
        p: share of permutations (the real order among them) that do as well or better.
        scores: float64 [n], higher is more like the second set; out of fold.
    """

    auc: float
    null_mean: float
    p: float
    scores: FloatArray

    @property
    def effect(self) -> float:
        """How far the AUC lies above what chance comes to."""
        return self.auc - self.null_mean


def tell_apart(
    texts: Sequence[str], is_second: BoolArray, strata: Sequence[str], seed: int = 0
) -> DriftTest:
    """Train a classifier to tell two sets apart, and hold it against shuffled sets.

    The sets are shuffled within each stratum (label) only, and what a stratum explains is taken out
    before learning and before ranking: sets that differ in their shares of labels alone are not
    told apart. Texts must not be alike across rows, or the model knows them from its own side.

    Source: Lopez-Paz & Oquab (2017), Revisiting classifier two-sample tests; p-value by
    permutation (Phipson & Smyth 2010).

    Args:
        texts: n texts of both sets.
        is_second: bool [n].
        strata: n labels.
        seed: seed of folds and permutations.
    """
    n = len(texts)
    rng = np.random.default_rng(seed)
    stratum = np.unique(np.asarray(strata, dtype=object).astype(str), return_inverse=True)[1]
    sides = np.empty((n, PERMUTATIONS + 1))
    sides[:, 0] = is_second
    for own in (np.flatnonzero(stratum == number) for number in range(stratum.max() + 1)):
        shuffled = np.repeat(is_second[own][:, None], PERMUTATIONS, axis=1)
        sides[own, 1:] = rng.permuted(shuffled, axis=0)
    probe = RidgeProbe(Weights.of(texts).features(texts), folds_of(n, seed=seed))
    scores = _centred(probe.out_of_fold(_centred(sides, stratum)), stratum)
    aucs = _auc(scores, sides)
    p = float((aucs >= aucs[0]).mean())
    return DriftTest(float(aucs[0]), float(aucs[1:].mean()), p, scores[:, 0])


def _centred(values: FloatArray, stratum: IntArray) -> FloatArray:
    """Values [n, m] without the mean of their stratum."""
    counts = np.bincount(stratum)
    sums = np.zeros((len(counts), values.shape[1]))
    np.add.at(sums, stratum, values)
    return np.asarray(values - (sums / counts[:, None])[stratum])


def _auc(scores: FloatArray, sides: FloatArray) -> FloatArray:
    """Mann-Whitney AUC of each column, float64 [m]."""
    second = sides.sum(axis=0)
    ranks = (rankdata(scores, axis=0) * sides).sum(axis=0)
    pairs = second * (len(sides) - second)
    return np.asarray((ranks - second * (second + 1) / 2) / pairs)
