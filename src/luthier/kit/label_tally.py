"""One label's test rows: what is known about its F1, and how many rows would tell it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from luthier.kit.intervals import Z95, wilson

ROWS_PER_UNION = 0.75
"""Rows of a label among the rows that have it or are given it, taken where it has none."""


@dataclass(frozen=True, slots=True)
class LabelTally:
    """Counts of one label.

    Args:
        name: the label.
        right: rows of the label that were answered so.
        support: rows of the label.
        predicted: rows answered so.
        train_rows: rows of it in training.
    """

    name: str
    right: int
    support: int
    predicted: int
    train_rows: int

    @property
    def union(self) -> int:
        """Rows that have the label or were given it."""
        return self.support + self.predicted - self.right

    @property
    def f1(self) -> float:
        """0 to 1; 0 where the label neither occurs nor is answered."""
        return 2 * self.right / max(1, self.support + self.predicted)

    def interval(self, tests: int = 1) -> tuple[float, float]:
        """95 % interval of F1, Bonferroni-corrected when it is one of so many tests.

        Source: Lam, Gopal & Qian (2023), arXiv 2309.14621, Wilson indirect: F1 rises with the
        share J = right / union, whose Wilson interval is mapped.
        """
        z = NormalDist().inv_cdf(1 - 0.025 / tests)
        shrink = (Z95 / z) ** 2  # Wilson's interval depends on z * z / n only
        return _f1_ends(self.right * shrink, self.union * shrink)

    def half_width(self) -> float:
        """Half of the width of the interval."""
        low, high = self.interval()
        return (high - low) / 2

    def rows_needed(self, half_width: float) -> int:
        """Rows of this label at which its interval would have this half width."""
        likely = (self.right + Z95**2 / 2) / (self.union + Z95**2)  # never quite 0 or 1
        union = max(1, self.union)
        while True:
            low, high = _f1_ends(likely * union, union)
            if (high - low) / 2 <= half_width:
                break
            union += 1
        share = self.support / self.union if self.support else ROWS_PER_UNION
        return math.ceil(union * share)


def _f1_ends(right: float, union: float) -> tuple[float, float]:
    low, high = wilson(right, union)
    return 2 * low / (1 + low), 2 * high / (1 + high)


def fewest_listed(labels: Sequence[LabelTally], with_training: bool, most: int = 5) -> str:
    """The labels with fewest rows in words; `with_training`: whether training rows were given."""
    fewest = sorted(labels, key=lambda label: (label.support, label.name))[:most]
    shown = [_shown(label, with_training) for label in fewest]
    more = [f"and {len(labels) - most} more"] if len(labels) > most else []
    return "; ".join(shown + more)


def _shown(label: LabelTally, with_training: bool) -> str:
    low, high = label.interval()
    if with_training:
        return (
            f"{label.name} (F1 {label.f1:.2f}, interval {low:.2f} to {high:.2f}, {label.support} "
            f"test and {label.train_rows} training rows)"
        )
    return (
        f"{label.name} (F1 {label.f1:.2f}, interval {low:.2f} to {high:.2f}, {label.support} "
        "test rows)"
    )
