"""Intervals of figures that are not counts: whole rows drawn again and again.

Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13 (percentiles).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from luthier.kit.intervals import percentile_interval
from luthier.records import Figure, FloatArray, IntArray

MOST_NUMBERS = 20_000_000
"""Numbers that are held at once."""
MOST_WORK = 400_000_000
"""Rows x columns x resamples at most; of large data fewer resamples are steady enough."""
FEWEST = 50


def resamples(n: int, columns: int, samples: int, seed: int) -> Iterator[FloatArray]:
    """How often each of n rows is drawn, float64 [b, n], chunk by chunk, `samples` in all.

    Args:
        n: rows.
        columns: how many numbers the figure looks at per row; many mean fewer resamples.
        samples: resamples wanted.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    affordable = MOST_WORK // max(1, n * columns)
    wanted = max(min(samples, FEWEST), min(samples, affordable))
    chunk = max(1, MOST_NUMBERS // n)
    for start in range(0, wanted, chunk):
        drawn = rng.multinomial(n, np.full(n, 1 / n), size=min(chunk, wanted - start))
        yield drawn.astype(np.float64)


def figure_of_rows(
    statistic: Callable[[IntArray], float],
    n: int,
    samples: int,
    seed: int,
    limits: tuple[float, float],
) -> Figure:
    """A figure of n rows, with its interval.

    Args:
        statistic: row positions int64 [m] -> the figure of these rows.
        n: rows.
        samples: resamples.
        seed: of the draws.
        limits: least and largest value that the figure can have.
    """
    rng = np.random.default_rng(seed)
    value = statistic(np.arange(n))
    wanted = max(min(samples, FEWEST), min(samples, MOST_WORK // max(1, 50 * n)))
    draws = np.array([statistic(rng.integers(n, size=n)) for _ in range(wanted)])
    return held(value, draws, n, limits)


def held(value: float, draws: FloatArray, n: int, limits: tuple[float, float]) -> Figure:
    """The figure with the percentiles of its draws, widened to hold the value, within limits.

    Draws that are all alike say nothing (one row, or all rows alike): the interval is then all
    that the figure can be where that is bounded.
    """
    low, high = percentile_interval(draws)
    least, largest = limits
    if low == high and np.isfinite([least, largest]).all():
        return Figure(value, least, largest, n, "unknown")
    return Figure(value, max(least, min(low, value)), min(largest, max(high, value)), n)
