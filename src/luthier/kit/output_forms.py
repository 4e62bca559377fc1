"""What form the outputs of a model are in: probabilities, percent, shares of each label, logits."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from luthier.records import BoolArray, FloatArray, IntArray

SUM_TOLERANCE = 0.02
"""Probabilities of a row sum to 1 within this: files keep two or three digits."""

LARGEST_LOGIT = 30.0
"""The sigmoid of more than this is 1 to 13 digits: such a number is no logit, but percent."""


def is_confidence(values: FloatArray, predicted: IntArray) -> bool:
    """Whether one number per row is the confidence in its prediction, of two labels.

    It is never below one half then, and high for both labels. The probability of the second label
    is high where that one is predicted, and lower wherever the other is.

    Args:
        values: float64 [n].
        predicted: int64 [n], any numbers for the two labels.
    """
    if not np.isfinite(values).all() or (values < 0).any():
        return False
    share = as_share(values)
    if (share > 1).any() or (share < 0.5 - SUM_TOLERANCE / 2).any():
        return False
    second = predicted == predicted.max()
    return bool(second.all() or share[~second].max() > share[second].min())


def as_share(values: FloatArray) -> FloatArray:
    """Percent divided by 100; other numbers as they are."""
    return values / 100 if _is_percent(values) else values


def _is_percent(values: FloatArray) -> bool:
    return bool(values.size and values.min() >= 0 and LARGEST_LOGIT < values.max() <= 100)


def as_probabilities(
    values: FloatArray, sign: bool, percent: bool
) -> tuple[FloatArray, float, str]:
    """Probabilities [n, K], half of the last digit, and in words what the outputs were.

    Args:
        values: float64 [n, K], finite.
        sign: whether the cells have a percent sign; they are divided by 100 already.
        percent: whether numbers from 0 to 100 may be percent.
    """
    if values.shape[1] == 1:
        return _of_second(values)
    sums = values.sum(axis=1)
    for whole in (1.0, 100.0):
        if fits(values, whole).all():
            form = "probabilities (each row sums to 1)"
            if sign or whole > 1:
                form = "percent (each row sums to 100); they were divided by 100"
            rounded = rounding(values / whole)
            shares = without_zeros(values / whole, rounded)
            return shares / shares.sum(axis=1, keepdims=True), rounded, form
    if whole := whole_of_each(values, percent):
        form = "numbers from 0 to 1 that do not sum to 1 (sigmoid?); they were divided by their sum"
        if sign or whole > 1:
            form = (
                "percent, a number from 0 to 100 for each label (sigmoid?), whose rows do not sum "
                "to 100; they were divided by their sum"
            )
        return values / sums[:, None], rounding(values / whole), form
    form = "logits (softmax was applied)"
    if inside(values, 100.0).all() and percent:
        form += "; none is below 0 or above 100: if they are percent, write 87.3 as 87.3%"
    return softmax(values, axis=1), 0.0, form


def whole_of_each(values: FloatArray, percent: bool) -> float:
    """1 or 100 where each number is a share of it for itself, as a sigmoid gives them; else 0."""
    if inside(values, 1.0).all():
        return 1.0
    return 100.0 if percent and _is_percent(values) else 0.0


def inside(values: FloatArray, whole: float) -> BoolArray:
    """Bool [n]: rows whose numbers are all from 0 to `whole`."""
    cells: BoolArray = (values >= 0) & (values <= whole * (1 + 1e-6))
    rows: BoolArray = np.all(cells, axis=1)
    return rows


def fits(values: FloatArray, whole: float) -> BoolArray:
    """Bool [n]: rows that are shares of `whole`."""
    sums = values.sum(axis=1)
    tolerance = max(SUM_TOLERANCE, values.shape[1] * rounding(values / whole))
    near: BoolArray = np.abs(sums - whole) <= tolerance * whole
    return near & inside(values, whole)


def _of_second(values: FloatArray) -> tuple[FloatArray, float, str]:
    """One number per row, for the second of two labels."""
    share = as_share(values)
    if (share >= 0).all() and (share <= 1).all():
        form = "probabilities of the second label"
        if _is_percent(values):
            form = "percent, of the second label; they were divided by 100"
        return np.column_stack([1 - share, share]), rounding(share), form
    positive = 1 / (1 + np.exp(-values))
    return np.column_stack([1 - positive, positive]), 0.0, "one logit for the second label"


def without_zeros(shares: FloatArray, rounded: float) -> FloatArray:
    """What was rounded to 0 as the middle of what that can have been; its log is finite then.

    Args:
        shares: float64 [n, K].
        rounded: half of the last digit that is kept.
    """
    if np.isin(shares, (0.0, 1.0)).all():
        return shares  # answers alone, no probabilities
    lifted: FloatArray = np.maximum(shares, rounded / 2)
    return lifted


def rounding(values: FloatArray) -> float:
    """Half of the last digit that the file keeps, at most 0.05; 0 where it keeps seven."""
    for digits in range(1, 7):
        if np.allclose(values, np.round(values, digits), atol=1e-9, rtol=0):
            return 0.5 * 10.0**-digits
    return 0.0
