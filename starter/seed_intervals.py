"""Figures and paired differences of several runs, with 95 % intervals over rows and seeds.

Each draw takes the n test rows with replacement, the same for every arm, and the S seeds with
replacement, the same for arms that have as many; the draw's value is the mean over the drawn seeds.
Differences are taken draw by draw, so what is hard for both arms cancels out. Source: Efron &
Tibshirani (1993), An Introduction to the Bootstrap, chapters 8 and 13. S values drawn with
replacement spread by (S - 1) / S too little; they are moved away from their mean by the root of its
inverse (Davison & Hinkley 1997, Bootstrap Methods and their Application, chapter 2.3.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from luthier.kit.intervals import percentile_interval, unbiased_interval, wilson
from luthier.kit.label_counts import LabelCounts, accuracy, macro_f1
from luthier.records import Figure, FloatArray, IntArray

SAMPLES = 1000
CHUNK = 100
"""Draws held in memory at once."""
NON_INFERIOR = -0.005
STATISTICS = {"macro_f1": macro_f1, "accuracy": accuracy}

Answers = npt.NDArray[np.integer]
"""[S, n]: the answers of S runs to n rows."""
Verdict = Literal["better", "non_inferior", "worse", "cannot_tell"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One statistic of one arm.

    Args:
        value: mean over the runs.
        runs: [S], of each run.
        draws: [B], of each bootstrap draw.
        rows: test rows.
    """

    value: float
    runs: FloatArray
    draws: FloatArray
    rows: int

    def figure(self) -> Figure:
        """The mean with its interval, moved by the bias of the bootstrap (see `kit.intervals`)."""
        return Figure(self.value, *unbiased_interval(self.value, self.draws, 0.0), self.rows)

    def minus(self, rival: Drawn) -> Figure:
        """The paired difference with its interval."""
        ends = percentile_interval(self.draws - rival.draws)
        return Figure(self.value - rival.value, *ends, self.rows)


def mean_of(parts: list[Drawn]) -> Drawn:
    """The plain mean over parts that have rows of their own."""
    return Drawn(
        float(np.mean([part.value for part in parts])),
        np.mean([part.runs.mean() for part in parts], keepdims=True),
        np.mean([part.draws for part in parts], axis=0),
        sum(part.rows for part in parts),
    )


def draw_all(
    truth: IntArray, arms: Mapping[str, Answers], label_count: int, seed: int
) -> dict[str, dict[str, Drawn]]:
    """Arm -> statistic -> its value and draws; the draws of all arms are paired.

    Args:
        truth: int64 [n].
        arms: arm -> answers [S, n]; S may differ, a single run stands for every seed.
        label_count: K.
        seed: seed of the bootstrap; give every part of a set another one.
    """
    rng = np.random.default_rng(seed)
    n = len(truth)
    values: dict[str, dict[str, list[FloatArray]]] = {
        arm: {name: [] for name in STATISTICS} for arm in arms
    }
    chosen = {runs: rng.integers(runs, size=(SAMPLES, runs)) for runs in _run_counts(arms)}
    for start in range(0, SAMPLES, CHUNK):
        weights = rng.multinomial(n, np.full(n, 1 / n), size=CHUNK).astype(np.float64)
        for arm, answers in arms.items():
            counts = [_counts(weights, truth, run, label_count) for run in answers]
            picked = chosen[len(answers)][start : start + CHUNK]
            for name, statistic in STATISTICS.items():
                of_runs = np.stack([statistic(count) for count in counts], axis=1)
                values[arm][name].append(_mean_over_seeds(of_runs, picked))
    one = np.ones((1, n))
    found: dict[str, dict[str, Drawn]] = {}
    for arm, answers in arms.items():
        counts = [_counts(one, truth, run, label_count) for run in answers]
        found[arm] = {}
        for name, statistic in STATISTICS.items():
            runs = np.array([float(statistic(count)[0]) for count in counts])
            draws = np.concatenate(values[arm][name])
            found[arm][name] = Drawn(float(runs.mean()), runs, draws, n)
    return found


def agreement(first: Answers, second: Answers, seed: int) -> Figure:
    """Share of rows that two sets of answers [S, n] agree on, mean over runs.

    The interval is the wider, at each end, of the bootstrap over rows and seeds and of Wilson's for
    n rows, which has width also where all rows agree.
    """
    same = (first == second).astype(np.float64)
    runs, n = same.shape
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=SAMPLES) / n
    draws = _mean_over_seeds(weights @ same.T, rng.integers(runs, size=(SAMPLES, runs)))
    low, high = percentile_interval(draws)
    value = float(same.mean())
    least, most = wilson(value * n, n)
    return Figure(value, min(low, least), min(1.0, max(high, most)), n)


def verdict(difference: Figure) -> Verdict:
    """`better`: low end above 0; `non_inferior`: above -0.5 points; `worse`: high end below 0."""
    if difference.low > 0:
        return "better"
    if difference.high < 0:
        return "worse"
    return "non_inferior" if difference.low > NON_INFERIOR else "cannot_tell"


def _run_counts(arms: Mapping[str, Answers]) -> list[int]:
    return sorted({len(answers) for answers in arms.values()})


def _mean_over_seeds(of_runs: FloatArray, picked: IntArray) -> FloatArray:
    """Mean over the picked runs [b] of values [b, S], moved away from the mean of all runs."""
    runs = of_runs.shape[1]
    mean: FloatArray = of_runs.mean(axis=1)
    if runs == 1:
        return mean
    drawn = np.take_along_axis(of_runs, picked, axis=1).mean(axis=1)
    spread: FloatArray = mean + np.sqrt(runs / (runs - 1)) * (drawn - mean)
    return spread


def _counts(
    weights: FloatArray, truth: IntArray, answers: npt.NDArray[np.integer], label_count: int
) -> LabelCounts:
    """Weighted right answers, true rows and answers per label, [b, K] each."""
    right = truth[truth == answers]
    return LabelCounts.of_margins(
        weights[:, truth == answers] @ _one_hot(right, label_count),
        weights @ _one_hot(truth, label_count),
        weights @ _one_hot(answers, label_count),
    )


def _one_hot(labels: npt.NDArray[np.integer], label_count: int) -> sparse.csr_array:
    rows = np.arange(len(labels))
    return sparse.csr_array(
        (np.ones(len(labels)), (rows, labels)), shape=(len(labels), label_count)
    )
