"""How wrong the answers are along the true numbers: parts of equal size, least numbers first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from luthier.kit.intervals import bootstrap_mean
from luthier.records import Figure, FloatArray

PARTS, FEWEST = 10, 20
"""Parts at most, and rows in each at least."""


@dataclass(frozen=True, slots=True)
class NumberPart:
    """Rows whose true numbers lie from `low` to `high`.

    Args:
        low: least true number.
        high: largest true number.
        error: mean absolute error with its 95 % interval (bootstrap over rows).
        bias: mean of answer minus truth; above 0 the answers are too high.
    """

    low: float
    high: float
    error: Figure
    bias: float


def number_parts(
    truth: FloatArray, answer: FloatArray, samples: int, seed: int
) -> tuple[NumberPart, ...]:
    """Parts of equal size by the true number; equal numbers stay together; none without rows."""
    if not len(truth):
        return ()
    wanted = max(1, min(PARTS, len(truth) // FEWEST))
    edges = np.unique(np.quantile(truth, np.linspace(0, 1, wanted + 1)[1:-1]))
    part_of = np.searchsorted(edges, truth, side="right")
    error = answer - truth
    return tuple(
        NumberPart(
            float(truth[part_of == part].min()),
            float(truth[part_of == part].max()),
            bootstrap_mean(np.abs(error[part_of == part]), samples, seed),
            float(error[part_of == part].mean()),
        )
        for part in np.unique(part_of).tolist()
    )
