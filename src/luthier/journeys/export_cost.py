"""What an export costs: the rows that it answers otherwise, and what its figure loses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from luthier.kit.intervals import wilson
from luthier.kit.pool_answers import taken
from luthier.kit.row_bootstrap import figure_of_rows
from luthier.kit.row_scores import SAMPLES, SEED, score_differences
from luthier.records import AnyPredictions, Figure, IntArray, NumberPredictions, Task

TOLERANCE = 1e-3
"""Largest difference of a logit, or of an estimated number, that another order of sums makes, in
units of their spread. Sums in float32 (24 bits) differ by some 1e-6 of it after a few layers."""


def answered_otherwise(here: AnyPredictions, there: AnyPredictions) -> int:
    """Rows whose labels differ, or whose numbers do by more than `TOLERANCE` of their spread.

    A number is never the same to the last bit: it is the logit in another unit, and has its room.
    """
    if isinstance(here, NumberPredictions):
        spread = float(np.abs(here.predicted - here.predicted.mean()).max())
        apart = np.abs(here.predicted - there.predicted)
        return int((apart > TOLERANCE * max(spread, 1e-6)).sum())
    differ = np.asarray(here.predicted != there.predicted)
    return int(differ.reshape(len(differ), -1).any(axis=1).sum())


def cost_of(task: Task, here: AnyPredictions, there: AnyPredictions, metric: str) -> Figure:
    """What the figure loses, paired on the rows whose truth is known.

    Whole rows are drawn again (percentile interval, Efron & Tibshirani 1993). Where no draw
    differs, the ends are how far the rows may still differ (Wilson's upper end for 0 of n).

    Args:
        task: of the run.
        here: answers of torch.
        there: answers of the export, to the same rows in the same order.
        metric: the figure; of a loss, its rise is what is lost.
    """
    told = score_differences(here, there)
    if metric in told:
        return told[metric]
    known = np.flatnonzero(here.known)
    sign = -1 if metric == "loss" else 1

    def lost(at: IntArray) -> float:
        before, after = (task.quick_metrics(taken(one, known[at]))[metric] for one in (here, there))
        return sign * (before - after)

    found = figure_of_rows(lost, len(known), SAMPLES, SEED, (-np.inf, np.inf))
    if found.low < found.high:
        return found
    reach = wilson(0, len(known))[1]
    return replace(found, low=found.value - reach, high=found.value + reach, method="wilson")
