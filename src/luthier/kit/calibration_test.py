"""Whether a model is as sure as it is right: a test against its own probabilities.

Even a perfectly calibrated model has an expected calibration error above 0, and the fewer rows the
larger (Roelofs et al. 2022, AISTATS). So the error is held against what the model's own
probabilities would give by chance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_softmax, logsumexp

from luthier.kit.intervals import Z95
from luthier.records import Figure, FloatArray, IntArray

BINS = 15
SMALLEST = 1e-12
"""Probability below which a label counts as ruled out; smaller ones carry no information."""

COLDEST, HOTTEST = 0.02, 50.0
"""Temperatures looked at."""

MOST_CELLS = 3_000_000
"""Rows times labels used to fit a temperature; of more, an even sample of the rows."""


@dataclass(frozen=True, slots=True)
class CalibrationError:
    """Expected calibration error of the answered label.

    Args:
        error: mean distance of confidence and accuracy over bins of equal size, 0 to 1.
        expected: the same for a model that is right exactly as often as it says.
        p: share of simulated sets of labels with an error at least as large.
        confidence: mean probability of the answered label.
        accuracy: share of right answers.
        rows: rows with a known label.
    """

    error: float
    expected: float
    p: float
    confidence: float
    accuracy: float
    rows: int


def calibration_error(
    confidence: FloatArray, right: np.ndarray, samples: int = 1000, seed: int = 0
) -> CalibrationError:
    """The error, beside that of labels drawn from the model's own probabilities.

    Source of the test: consistency resampling, Broecker & Smith (2007), Weather and Forecasting 22,
    651-661; bins of equal size: Nguyen & O'Connor (2015), EMNLP.

    Args:
        confidence: float64 [n], probability of the answered label.
        right: bool [n].
        samples: simulated sets of labels.
        seed: of the simulation.
    """
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(confidence))  # rows of one confidence may stand sorted by answer
    order = shuffled[np.argsort(confidence[shuffled], kind="stable")]
    sure = confidence[order]
    starts = np.unique(np.linspace(0, len(sure), min(BINS, len(sure)) + 1)[:-1].astype(int))
    expected_right = np.add.reduceat(sure, starts)

    def error(hits: FloatArray) -> float:
        return float(np.abs(np.add.reduceat(hits, starts) - expected_right).sum() / len(sure))

    observed = error(right[order].astype(float))
    null = np.array([error((rng.random(len(sure)) < sure).astype(float)) for _ in range(samples)])
    return CalibrationError(
        error=observed,
        expected=float(null.mean()),
        p=float((1 + (null >= observed).sum()) / (1 + samples)),
        confidence=float(sure.mean()),
        accuracy=float(right.mean()),
        rows=len(sure),
    )


def temperature(probabilities: FloatArray, labels: IntArray) -> Figure | None:
    """The temperature that fits the labels best, with its 95 % interval.

    Logits divided by it give the best likelihood: above 1 the model is too sure of itself, below 1
    not sure enough. Source: Guo et al. (2017), ICML. The interval is that of the inverse
    temperature, by the sandwich estimate of its variance (White 1982, Econometrica 50, 1-25).

    Args:
        probabilities: float64 [n, K]; their logarithms are the logits up to a constant per row.
        labels: int64 [n], 0 to K - 1.

    Returns:
        None where no temperature in 0.02 to 50 is best (all rows right, or all alike).
    """
    step = math.ceil(probabilities.size / MOST_CELLS)
    logits = np.log(np.maximum(probabilities[::step], SMALLEST))
    own = labels[::step]
    logits = logits - logsumexp(logits, axis=1, keepdims=True)
    of_label = logits[np.arange(len(own)), own]

    def slope(inverse: float) -> tuple[FloatArray, FloatArray]:
        weights = np.exp(log_softmax(inverse * logits, axis=1))
        mean = (weights * logits).sum(axis=1)
        return of_label - mean, (weights * logits**2).sum(axis=1) - mean**2

    low, high = 1 / HOTTEST, 1 / COLDEST
    if slope(low)[0].sum() <= 0 or slope(high)[0].sum() >= 0:
        return None
    best = float(brentq(lambda inverse: float(slope(inverse)[0].sum()), low, high, xtol=1e-6))
    scores, curvature = slope(best)
    deviation = math.sqrt(float((scores**2).sum())) / float(curvature.sum())
    spread = math.exp(Z95 * deviation / best)  # on the logarithm: a temperature is never below 0
    return Figure(1 / best, 1 / best / spread, spread / best, len(own), "sandwich")
