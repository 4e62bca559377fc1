"""How far a model's confidence is from the share of its right answers, as one figure."""

from __future__ import annotations

import numpy as np

from luthier.kit.calibration_test import BINS
from luthier.kit.row_bootstrap import figure_of_rows
from luthier.records import BoolArray, Figure, FloatArray, IntArray

SAMPLES = 200
"""Resamples behind the interval: each sorts the rows again."""


def expected_calibration_error(confidence: FloatArray, right: BoolArray) -> float:
    """Mean distance of confidence and accuracy over bins of equal size, 0 to 1.

    Source: Nguyen & O'Connor (2015), EMNLP (bins of equal size). Rows of one confidence are taken
    together in their order, so that sorting them otherwise changes nothing that matters.

    Args:
        confidence: float64 [n], probability of the answered label.
        right: bool [n].
    """
    order = np.argsort(confidence, kind="stable")
    bins = min(BINS, len(order))
    starts = np.unique(np.linspace(0, len(order), bins + 1)[:-1].astype(int))
    distance = np.add.reduceat(right[order].astype(float) - confidence[order], starts)
    return float(np.abs(distance).sum() / len(order))


def calibration_figure(confidence: FloatArray, right: BoolArray, samples: int, seed: int) -> Figure:
    """The error with its interval, a bootstrap over rows.

    A resample repeats rows and so bins look less calibrated than they are: the draws lie above the
    figure by about as much as the figure lies above the truth. Both ends are moved down by that.

    Args:
        confidence: float64 [n], probability of the answered label.
        right: bool [n].
        samples: resamples, at most 200.
        seed: of the draws.
    """

    def error(rows: IntArray) -> float:
        return expected_calibration_error(confidence[rows], right[rows])

    drawn = figure_of_rows(error, len(right), min(samples, SAMPLES), seed, (0.0, 1.0))
    middle = (drawn.low + drawn.high) / 2
    excess = max(0.0, middle - drawn.value) if drawn.method == "bootstrap" else 0.0
    low = max(0.0, min(drawn.value, drawn.low - excess))
    return Figure(drawn.value, low, max(drawn.value, drawn.high - excess), drawn.n, drawn.method)
