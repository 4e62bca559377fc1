"""Area under the ROC curve, one label against the rest, with intervals by DeLong's method.

Source: DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44, 837-845, for the variance through
each row's placement; the interval is symmetric on the logit scale and so stays inside 0 to 1. It
costs one sorted search per label where a bootstrap would repeat the ranking for every resample.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from luthier.kit.intervals import Z95, wilson
from luthier.records import Figure, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class OneVsRest:
    """ROC areas of one split.

    Args:
        per_label: K values; None where a label has no rows or has all of them.
        macro: mean over the labels that have a value; None when none has.
    """

    per_label: tuple[float | None, ...]
    macro: Figure | None


def one_vs_rest(labels: IntArray, probabilities: FloatArray) -> OneVsRest:
    """ROC areas of n rows.

    The area of a label is the chance that one of its rows gets a higher probability of the label
    than a row of another label does, ties counting half. The macro area is the plain mean over
    labels; its variance is that of the mean influence of a row on it.

    Args:
        labels: int64 [n], 0 to K - 1.
        probabilities: float64 [n, K].
    """
    n, label_count = probabilities.shape
    support = np.bincount(labels, minlength=label_count)
    areas: list[float | None] = [None] * label_count
    influence = np.zeros(n)
    for label in np.flatnonzero((support > 0) & (support < n)):
        mine = labels == label
        above_rest, below_mine = _placements(
            probabilities[mine, label], probabilities[~mine, label]
        )
        area = float(above_rest.mean())
        areas[label] = area
        influence[mine] += (above_rest - area) * n / len(above_rest)
        influence[~mine] += (below_mine - area) * n / len(below_mine)
    known = [area for area in areas if area is not None]
    if not known:
        return OneVsRest(tuple(areas), None)
    value = math.fsum(known) / len(known)
    deviation = math.sqrt(float((influence * influence).sum())) / n / len(known)
    low, high = _logit_interval(value, deviation, n)
    return OneVsRest(tuple(areas), Figure(value, low, high, n, "delong"))


def _placements(mine: FloatArray, rest: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Share of `rest` below each of `mine`, and share of `mine` above each of `rest`; ties half."""
    order = np.argsort(mine)
    ascending = mine[order]
    below = np.searchsorted(ascending, rest, side="left")
    not_above = np.searchsorted(ascending, rest, side="right")
    rest_below = np.cumsum(np.bincount(not_above, minlength=len(mine) + 1))[:-1]
    rest_not_above = np.cumsum(np.bincount(below, minlength=len(mine) + 1))[:-1]
    above_rest = np.empty(len(mine))
    above_rest[order] = (rest_below + rest_not_above) / (2 * len(rest))
    return above_rest, 1 - (below + not_above) / (2 * len(mine))


def _logit_interval(value: float, deviation: float, n: int) -> tuple[float, float]:
    """95 % ends; an area of 0 or 1 shows no spread, so Wilson's ends for n rows stand in."""
    if value >= 1:
        return wilson(n, n)
    if value <= 0:
        return wilson(0, n)
    middle = math.log(value / (1 - value))
    half = Z95 * deviation / (value * (1 - value))
    return _sigmoid(middle - half), _sigmoid(middle + half)


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
