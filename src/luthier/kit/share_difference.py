"""Differences between two shares: of different rows, and of the same rows."""

from __future__ import annotations

import math

from luthier.kit.intervals import Z95, share_figure
from luthier.records import Figure, Predictions

Z80 = 0.8416212335729143
"""80 % quantile of the standard normal distribution."""


def accuracy_figure(predictions: Predictions) -> Figure:
    """Accuracy over the rows with a known label, with its Wilson interval."""
    known = predictions.labels >= 0
    right = int((predictions.labels == predictions.predicted)[known].sum())
    return share_figure(right, int(known.sum()))


def newcombe(first: Figure, second: Figure) -> Figure:
    """First share minus second, of independent rows, with its 95 % interval.

    Source: Newcombe (1998), Statistics in Medicine 17, 873-890, method 10: the Wilson intervals of
    both shares joined. `n` is the smaller number of rows.

    Args:
        first: a share with its Wilson interval.
        second: another share of other rows.
    """
    value = first.value - second.value
    down = math.hypot(first.value - first.low, second.high - second.value)
    up = math.hypot(first.high - first.value, second.value - second.low)
    n = min(first.n, second.n)
    return Figure(value, max(-1.0, value - down), min(1.0, value + up), n, "newcombe")


def discordance(ours: Predictions, theirs: Predictions) -> float:
    """Share of rows that exactly one of two models answers rightly; same rows in any order.

    Rows whose label is unknown are left out; 0 where none is known.
    """
    right = dict(zip(theirs.row_ids.tolist(), theirs.predicted == theirs.labels, strict=True))
    pairs = zip(ours.row_ids.tolist(), ours.labels, ours.predicted, strict=True)
    different = [(label == answer) != right[i] for i, label, answer in pairs if label >= 0]
    return sum(map(bool, different)) / len(different) if different else 0.0


def rows_to_see(difference: float, discordant: float) -> int:
    """Rows at which a true paired difference in accuracy is seen with 80 % power at the 5 % level.

    Source: Connor (1987), Biometrics 43, 207-211: n = (1.96 sqrt(d) + 0.84 sqrt(d - D^2))^2 / D^2.

    Args:
        difference: D, the true difference between the two shares, above 0.
        discordant: d, the share of rows that exactly one side has right; at least D is taken.

    >>> rows_to_see(0.01, 0.05)
    3923
    """
    d = max(discordant, difference)
    root = Z95 * math.sqrt(d) + Z80 * math.sqrt(d - difference**2)
    return math.ceil(root**2 / difference**2)


def smallest_difference(rows: int, discordant: float) -> float:
    """The paired difference in accuracy that so many rows show with 80 % power at the 5 % level.

    The inverse of `rows_to_see` (Connor 1987); 1 where not even a difference of 1 would be seen.

    Args:
        rows: rows that both sides answered.
        discordant: share of rows that exactly one side has right.

    >>> round(smallest_difference(500, 0.10), 3)
    0.04
    """
    low, high = 1e-6, 1.0
    if rows_to_see(high, max(discordant, high)) > rows:
        return 1.0
    while high - low > 1e-5:
        middle = (low + high) / 2
        low, high = (middle, high) if rows_to_see(middle, discordant) > rows else (low, middle)
    return high
