"""Every figure of a model that estimates a number, each with its 95 % interval.

Rows whose number is unknown are not judged. All values equal scikit-learn's and scipy's, and a
correlation with something that does not vary is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy.stats import rankdata

from luthier.errors import InputError, Problem
from luthier.kit.row_bootstrap import figure_of_rows
from luthier.records import ConfusionMatrix, FloatArray, IntArray, SplitEvaluation
from luthier.records.task_predictions import NumberPredictions
from luthier.settings import EvaluateSettings

Statistic = Callable[[FloatArray, FloatArray], float]


def mean_squared_error(truth: FloatArray, answer: FloatArray) -> float:
    """Mean squared error, in the square of the number's unit."""
    return float(((truth - answer) ** 2).mean())


def mean_absolute_error(truth: FloatArray, answer: FloatArray) -> float:
    """Mean absolute error, in the number's unit."""
    return float(np.abs(truth - answer).mean())


def r2(truth: FloatArray, answer: FloatArray) -> float:
    """Share of the variance explained; 1 is perfect, 0 is no better than the mean.

    Where the truth does not vary: 1 if all answers are right, else 0 (as in scikit-learn).
    """
    error, spread = ((truth - answer) ** 2).sum(), ((truth - truth.mean()) ** 2).sum()
    if spread == 0:
        return float(error == 0)
    return float(1 - error / spread)


def spearman(truth: FloatArray, answer: FloatArray) -> float:
    """Correlation of the ranks, -1 to 1, ties at their mean rank (Spearman 1904)."""
    first, second = rankdata(truth), rankdata(answer)
    first, second = first - first.mean(), second - second.mean()
    size = np.sqrt((first @ first) * (second @ second))
    return float(first @ second / size) if size > 0 else 0.0


FIGURES: Mapping[str, tuple[Statistic, tuple[float, float]]] = {
    "mse": (mean_squared_error, (0.0, np.inf)),
    "mae": (mean_absolute_error, (0.0, np.inf)),
    "r2": (r2, (-np.inf, 1.0)),
    "spearman": (spearman, (-1.0, 1.0)),
}
"""Name -> the figure, and the least and largest value it can have."""


def quick_metrics(predictions: NumberPredictions) -> dict[str, float]:
    """The loss (mean squared error), r2 and spearman, no intervals.

    Raises:
        InputError: when no row has a known number.
    """
    truth, answer = _known(predictions)
    return {
        "loss": mean_squared_error(truth, answer),
        "r2": r2(truth, answer),
        "spearman": spearman(truth, answer),
    }


def judge(predictions: NumberPredictions, settings: EvaluateSettings) -> SplitEvaluation:
    """mse, mae, r2 and spearman with bootstrap intervals over rows; there are no labels.

    Raises:
        InputError: when no row has a known number.
    """
    truth, answer = _known(predictions)

    def on(statistic: Statistic) -> Callable[[IntArray], float]:
        return lambda rows: statistic(truth[rows], answer[rows])

    samples, seed = settings.bootstrap_samples, settings.seed
    return SplitEvaluation(
        n=len(truth),
        labels_in_average=0,
        figures={
            name: figure_of_rows(on(statistic), len(truth), samples, seed, limits)
            for name, (statistic, limits) in FIGURES.items()
        },
        per_label={},
        confusion_matrix=ConfusionMatrix((), ()),
        model_digest=predictions.model_digest,
    )


def _known(predictions: NumberPredictions) -> tuple[FloatArray, FloatArray]:
    known = predictions.known
    if not known.any():
        raise InputError(
            Problem("no row has a known number, so there is nothing to judge"),
            next_step="give a file with a column of numbers (--data.label_column NAME)",
        )
    return predictions.labels[known], predictions.predicted[known]
