"""The share of labels that no lack of sureness explains: a judge's own mistakes taken off.

A model's own mistakes become rarer as it becomes surer; labels that are wrong at random are
contradicted at every sureness alike. Both are fitted at once to how often labels are contradicted
at which sureness: the mistakes by one temperature (Guo et al. 2017, On calibration of modern neural
networks), the wrong labels by one share (the random classification noise of Angluin & Laird 1988,
Machine Learning 2, 343-370). The interval is that of the profile likelihood (Venzon & Moolgavkar
1988, Applied Statistics 37, 87-94).
"""

from __future__ import annotations

import numpy as np

from luthier.records import Figure, FloatArray, IntArray, Predictions

TEMPERATURES = np.exp(np.linspace(-3.0, 2.5, 45))
SHARES = np.concatenate([[0.0], np.exp(np.linspace(np.log(0.001), np.log(0.8), 120))])
WITHIN = 1.92
"""Log-likelihood below the best one, up to which a share is in the 95 % interval."""
MOST_ROWS = 10_000
"""Drawn by a fixed seed from more: the interval is narrow enough by then."""


def wrong_beyond_mistakes(answers: Predictions) -> Figure:
    """Share of wrong labels among the rows, the judge's own mistakes taken off; 0 rows: 0 to 1.

    The value is the mean of all shares, each counted by its likelihood: where few rows leave many
    shares nearly as likely, the likeliest one says little.

    A row's label agrees with the answer with probability (1 - e) q + e (1 - q) / (K - 1), where q
    is the probability of the answer at the fitted temperature, e the share of wrong labels, and K
    the number of labels. Which other label a wrong one is does not enter.

    Args:
        answers: of a model that did not learn from the rows, with every label known.
    """
    at = _drawn(len(answers))
    if not len(at):
        return Figure(0.0, 0.0, 1.0, 0, "profile likelihood")
    agreed = (answers.predicted == answers.labels)[at]
    behind = _behind(answers, at)
    others = max(1, answers.probabilities.shape[1] - 1)
    best = np.full(len(SHARES), -np.inf)
    for temperature in TEMPERATURES:
        q = 1.0 / np.exp(-behind / temperature).sum(axis=1)
        best = np.maximum(best, _likelihood(q, agreed, others))
    inside = np.flatnonzero(best >= best.max() - WITHIN)
    low, high = SHARES[inside[0]], SHARES[min(inside[-1] + 1, len(SHARES) - 1)]
    weights = np.exp(best - best.max()) * np.gradient(SHARES)
    mean = float(weights @ SHARES / weights.sum())
    return Figure(mean, float(low), float(high), len(at), "profile likelihood")


def _drawn(n: int) -> IntArray:
    if n <= MOST_ROWS:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, MOST_ROWS, replace=False))


def _behind(answers: Predictions, at: IntArray) -> FloatArray:
    """How far each label's log-probability is behind that of the answer, float32 [m, K]."""
    logs = np.log(np.maximum(answers.probabilities[at], 1e-12)).astype(np.float32)
    own = np.take_along_axis(logs, answers.predicted[at][:, None], axis=1)
    behind: FloatArray = np.maximum(own - logs, 0.0)
    return behind


def _likelihood(q: FloatArray, agreed: FloatArray, others: int) -> FloatArray:
    """Log-likelihood at every share of `SHARES`, rows put together by their q."""
    bins = np.minimum((q * 400).astype(int), 399)
    rows = np.bincount(bins, minlength=400)
    kept = rows > 0
    mean = np.bincount(bins, q, minlength=400)[kept] / rows[kept]
    right = np.bincount(bins, agreed, minlength=400)[kept]
    p = mean + SHARES[:, None] * ((1 - mean) / others - mean)
    p = np.clip(p, 1e-9, 1 - 1e-9)
    found: FloatArray = np.log(p) @ right + np.log1p(-p) @ (rows[kept] - right)
    return found
