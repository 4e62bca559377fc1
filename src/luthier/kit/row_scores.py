"""How right each row is answered, whatever the task, so that models of every task can be compared.

The mean over the rows is a figure that people know: accuracy of one label per row, sample F1 of
several (scikit-learn's `f1_score(average="samples", zero_division=1)`), R2 of numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from luthier.kit.intervals import (
    Z95,
    bootstrap_mean,
    paired_difference,
    percentile_interval,
    wilson,
)
from luthier.kit.label_counts import accuracy, macro_f1
from luthier.kit.label_set_figures import counts_of
from luthier.kit.pool_answers import taken
from luthier.kit.row_bootstrap import resamples
from luthier.kit.share_difference import (
    Z80,
    accuracy_figure,
    discordance,
    newcombe,
    rows_to_see,
)
from luthier.records import (
    AnyPredictions,
    Figure,
    FloatArray,
    IntArray,
    LabelSetPredictions,
    NumberPredictions,
    Predictions,
)

SAMPLES, SEED = 1000, 0


def score_name(answers: AnyPredictions) -> str:
    """What the mean of the row scores is called."""
    if isinstance(answers, Predictions):
        return "accuracy"
    return "sample F1" if isinstance(answers, LabelSetPredictions) else "R2"


def spread_of(answers: AnyPredictions) -> float:
    """What a squared error of 1 costs: one by the variance of the known numbers; 1 for labels."""
    if not isinstance(answers, NumberPredictions):
        return 1.0
    variance = float(np.var(answers.labels[answers.known]))
    return 1 / variance if variance > 0 else 0.0


def row_scores(answers: AnyPredictions, spread: float) -> FloatArray:
    """Score of each row whose truth is known, in row order, float64 [n]; 1 is wholly right.

    Args:
        answers: of any task.
        spread: `spread_of` the rows whose mean is to be R2.
    """
    known = answers.known
    truth, given = answers.labels[known], answers.predicted[known]
    scores: FloatArray
    if isinstance(answers, Predictions):
        scores = (truth == given).astype(np.float64)
    elif isinstance(answers, NumberPredictions):
        scores = np.asarray(1 - spread * (truth - given) ** 2, dtype=np.float64)
    else:
        both, either = (truth * given).sum(axis=1), truth.sum(axis=1) + given.sum(axis=1)
        scores = np.ones(len(truth))
        np.divide(2.0 * both, either, out=scores, where=either > 0)
    return scores


def mean_score(answers: AnyPredictions) -> float:
    """Accuracy, sample F1 or R2; 0 without known rows."""
    scores = row_scores(answers, spread_of(answers))
    return float(scores.mean()) if len(scores) else 0.0


def mean_gap(first: AnyPredictions, second: AnyPredictions) -> Figure:
    """Mean score of other rows minus that of `second`, in the unit of `second`, with its interval.

    Accuracies by Newcombe (1998), method 10; others by the percentile bootstrap of two samples
    (Efron & Tibshirani 1993, chapter 8).
    """
    if isinstance(first, Predictions) and isinstance(second, Predictions):
        return newcombe(accuracy_figure(first), accuracy_figure(second))
    spread = spread_of(second)
    means, draws = [], []
    for place, answers in enumerate((first, second)):
        scores = row_scores(answers, spread)
        rng = np.random.default_rng([SEED, place])
        drawn = rng.multinomial(len(scores), np.full(len(scores), 1 / len(scores)), size=SAMPLES)
        means.append(float(scores.mean()))
        draws.append(drawn @ scores / len(scores))
    value = means[0] - means[1]
    low, high = percentile_interval(draws[0] - draws[1])
    n = min(int(first.known.sum()), int(second.known.sum()))
    return Figure(value, min(low, value), max(high, value), n, "bootstrap")


def score_differences(ours: AnyPredictions, theirs: AnyPredictions) -> Mapping[str, Figure]:
    """Ours minus theirs on the same rows, paired, of every figure that decides between models.

    Of labels `accuracy` and `macro_f1`, of several labels `sample_f1` and `macro_f1`, of numbers
    `r2`. Whole rows are drawn again (percentile interval, Efron & Tibshirani 1993); where all rows
    are scored alike, the ends are how far they may still differ (Wilson's upper end for 0 of n).

    Raises:
        ValueError: when the two are not on the same rows.
    """
    if isinstance(ours, Predictions) and isinstance(theirs, Predictions):
        figures = {"accuracy": accuracy, "macro_f1": macro_f1}
        return {name: paired_difference(ours, theirs, each) for name, each in figures.items()}
    if type(ours) is not type(theirs):
        raise ValueError("the two predictions are of different tasks")
    theirs = _in_order(theirs, ours.row_ids)
    spread = spread_of(ours)
    apart = row_scores(ours, spread) - row_scores(theirs, spread)
    if not apart.any():
        reach = wilson(0, len(apart))[1]
        same = Figure(0.0, -reach, reach, len(apart), "wilson")
        return dict.fromkeys(_NAMES[type(ours)], same)
    mean = bootstrap_mean(apart, SAMPLES, SEED)
    if isinstance(ours, LabelSetPredictions) and isinstance(theirs, LabelSetPredictions):
        return {"sample_f1": mean, "macro_f1": _macro_f1(ours, theirs)}
    return {"r2": mean}


_NAMES = {LabelSetPredictions: ("sample_f1", "macro_f1"), NumberPredictions: ("r2",)}


def _macro_f1(ours: LabelSetPredictions, theirs: LabelSetPredictions) -> Figure:
    known = ours.known
    truth, sides = ours.labels[known], (ours.predicted[known], theirs.predicted[known])
    n, k = truth.shape

    def apart(weights: FloatArray) -> FloatArray:
        first, second = (macro_f1(counts_of(truth, given, weights)) for given in sides)
        difference: FloatArray = first - second
        return difference

    draws = np.concatenate([apart(chunk) for chunk in resamples(n, 2 * k, SAMPLES, SEED)])
    value = float(apart(np.ones((1, n)))[0])
    low, high = percentile_interval(draws)
    return Figure(value, min(low, value), max(high, value), n, "bootstrap")


def _in_order(answers: AnyPredictions, row_ids: IntArray) -> AnyPredictions:
    """The same answers, in the order of these rows.

    Raises:
        ValueError: when they are not of the same rows.
    """
    if not np.array_equal(np.sort(row_ids), np.sort(answers.row_ids)):
        raise ValueError("the two predictions are not on the same rows")
    place = np.argsort(answers.row_ids)[np.searchsorted(np.sort(answers.row_ids), row_ids)]
    return taken(answers, place)


def rows_to_tell(ours: AnyPredictions, theirs: AnyPredictions, difference: float) -> int:
    """Rows at which a true difference of the mean scores is seen with 80 % power at the 5 % level.

    Of one label per row by the share of rows that one alone has right (Connor 1987); else n =
    ((1.96 + 0.84) s / difference)^2 with s the standard deviation of the paired differences.
    """
    if isinstance(ours, Predictions) and isinstance(theirs, Predictions):
        return rows_to_see(difference, discordance(ours, theirs))
    spread = spread_of(ours)
    apart = row_scores(ours, spread) - row_scores(_in_order(theirs, ours.row_ids), spread)
    return math.ceil(((Z95 + Z80) * float(apart.std()) / difference) ** 2)
