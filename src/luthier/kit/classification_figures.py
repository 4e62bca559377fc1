"""Every figure of a single-label classifier, each with its 95 % interval (docs/figures.md).

Rows whose label is unknown (-1) are not judged. All values equal scikit-learn's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np

from luthier.errors import InputError, Problem
from luthier.kit import label_counts
from luthier.kit.average_precision import macro_average_precision
from luthier.kit.binned_confidence import calibration_figure
from luthier.kit.intervals import (
    Statistic,
    bootstrap_counts,
    bootstrap_mean,
    f1_figure,
    joined_interval,
    share_figure,
    smoothed_bootstrap,
    unbiased_interval,
)
from luthier.kit.label_counts import LabelCounts
from luthier.kit.roc_auc import OneVsRest, one_vs_rest
from luthier.records import (
    ConfusionMatrix,
    Figure,
    FloatArray,
    IntArray,
    LabelFigures,
    Predictions,
    SplitEvaluation,
)
from luthier.settings import EvaluateSettings


class Average(NamedTuple):
    """A mean over labels: its statistic, the figure of a label it averages, and its weights.

    `over` is the labels that count alike: all that occur, or those with true rows; or `rows`, where
    a label counts as often as it has true rows.
    """

    statistic: Statistic
    part: Literal["f1", "precision", "recall"]
    over: Literal["occurring", "true", "rows"]


AVERAGES: Mapping[str, Average] = {
    "macro_f1": Average(label_counts.macro_f1, "f1", over="occurring"),
    "macro_precision": Average(label_counts.macro_precision, "precision", over="occurring"),
    "macro_recall": Average(label_counts.macro_recall, "recall", over="occurring"),
    "balanced_accuracy": Average(label_counts.balanced_accuracy, "recall", over="true"),
    "weighted_f1": Average(label_counts.weighted_f1, "f1", over="rows"),
    "weighted_precision": Average(label_counts.weighted_precision, "precision", over="rows"),
}
"""Figures whose interval is a bootstrap over rows, held against that of their parts."""

LARGEST_LOSS = float(-np.log(np.finfo(np.float64).eps))
"""Loss of a true label that got probability 0 (36.04), as scikit-learn's log_loss has it."""


def quick_metrics(predictions: Predictions) -> dict[str, float]:
    """loss, accuracy, macro_f1, weighted_f1 and mcc, no intervals: cheap enough for every epoch.

    The loss is the mean natural-log loss of the rows, and is NaN when a row's loss is.

    Raises:
        InputError: when no row has a known label.
    """
    known = _known(predictions)
    counts = _counts(predictions, known)
    return {
        "loss": float(np.minimum(predictions.loss[known], LARGEST_LOSS).mean()),
        "accuracy": float(label_counts.accuracy(counts)),
        "macro_f1": float(label_counts.macro_f1(counts)),
        "weighted_f1": float(label_counts.weighted_f1(counts)),
        "mcc": float(label_counts.mcc(counts)),
    }


def judge(predictions: Predictions, settings: EvaluateSettings) -> SplitEvaluation:
    """Every figure of one split; `per_label` and the matrix hold the labels that occur in it.

    roc_auc is left out where no label has both own and other rows; roc_auc, pr_auc and
    calibration_error where a probability is not finite; log_loss where a loss is NaN.

    Raises:
        InputError: when no row has a known label.
    """
    known = _known(predictions)
    counts = _counts(predictions, known)
    figures = count_figures(counts, settings)
    areas = _roc_areas(predictions, known)
    if areas.macro is not None:
        figures["roc_auc"] = areas.macro
    figures |= _probability_figures(predictions, known, settings)
    losses = np.minimum(predictions.loss[known], LARGEST_LOSS)
    if not np.isnan(losses).any():
        figures["log_loss"] = bootstrap_mean(losses, settings.bootstrap_samples, settings.seed)
    occurring = np.flatnonzero(counts.occurs)
    names = predictions.label_names
    return SplitEvaluation(
        n=len(known),
        labels_in_average=len(occurring),
        figures=figures,
        per_label={
            names[label]: label_figures(counts, int(label), areas.per_label[label])
            for label in occurring
        },
        confusion_matrix=_confusion_matrix(counts, occurring, names),
        model_digest=predictions.model_digest,
    )


def count_figures(counts: LabelCounts, settings: EvaluateSettings) -> dict[str, Figure]:
    """Accuracy (Wilson), the figures in `AVERAGES`, weighted_recall (the accuracy), and mcc.

    A bootstrap knows no error that it has not seen. No interval is narrower than what the
    intervals of its parts come to, nor, where all or no answers are right, than Wilson's of the
    accuracy: neither few rows nor a model with one answer may look certain.
    """
    n, right = int(counts.rows), int(counts.right.sum())
    accuracy = share_figure(right, n)
    occurring = np.flatnonzero(counts.occurs)
    labels = [label_figures(counts, int(label), None) for label in occurring]
    draws = _draws(counts, settings)
    figures = {"accuracy": accuracy}
    for name, average in AVERAGES.items():
        value = float(average.statistic(counts))
        weights = _weights(average, counts.support[occurring])
        parts = [getattr(label, average.part) for label in labels]
        ends = [
            unbiased_interval(value, draws[name], 0.0),
            joined_interval(parts, weights / weights.sum()),
        ]
        figures[name] = _widest(value, ends, accuracy, least=0.0)
    figures["weighted_recall"] = accuracy
    figures["mcc"] = _mcc_figure(counts, draws["mcc"], accuracy, settings)
    return figures


def _weights(average: Average, support: FloatArray) -> FloatArray:
    """Weight of each label, float64 [m], not all 0."""
    match average.over:
        case "occurring":
            return np.ones(len(support))
        case "true":
            return (support > 0).astype(np.float64)
        case "rows":
            return support


def _draws(counts: LabelCounts, settings: EvaluateSettings) -> dict[str, FloatArray]:
    """Name -> float64 [B], the averages and mcc on the same resamples."""
    statistics = {name: average.statistic for name, average in AVERAGES.items()}
    statistics["mcc"] = label_counts.mcc
    chunks = [
        {name: statistic(chunk) for name, statistic in statistics.items()}
        for chunk in bootstrap_counts(counts, settings.bootstrap_samples, settings.seed)
    ]
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in statistics}


def _mcc_figure(
    counts: LabelCounts, draws: FloatArray, accuracy: Figure, settings: EvaluateSettings
) -> Figure:
    value = float(label_counts.mcc(counts))
    if (counts.support > 0).sum() < 2:  # rows of one label cannot tell whether answers follow it
        return Figure(value, -1.0, 1.0, accuracy.n, "unknown")
    samples, seed = settings.bootstrap_samples, settings.seed
    ends = [
        unbiased_interval(value, draws, -1.0),
        smoothed_bootstrap(counts, label_counts.mcc, samples, seed),
    ]
    return _widest(value, ends, accuracy, least=-1.0)


def _widest(
    value: float, ends: list[tuple[float, float]], accuracy: Figure, least: float
) -> Figure:
    """The figure with the widest of these intervals, within `least` to 1 and holding the value."""
    if accuracy.value in (0.0, 1.0):
        ends = [*ends, (accuracy.low, accuracy.high)]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    return Figure(value, max(least, min(low, value)), min(1.0, max(high, value)), accuracy.n)


def label_figures(counts: LabelCounts, label: int, roc_auc: float | None) -> LabelFigures:
    """One label against the rest; all three intervals are Wilson's (see `intervals.f1_figure`)."""
    right, support = int(counts.right[label]), int(counts.support[label])
    predicted, others = int(counts.predicted[label]), int(counts.rows) - support
    tpr = right / support if support else None
    fpr = (predicted - right) / others if others else None
    return LabelFigures(
        precision=share_figure(right, predicted),
        recall=share_figure(right, support),
        f1=f1_figure(right, support, predicted),
        support=support,
        predicted=predicted,
        roc_auc=roc_auc,
        tpr=tpr,
        fpr=fpr,
        tnr=None if fpr is None else 1 - fpr,
        fnr=None if tpr is None else 1 - tpr,
    )


def _known(predictions: Predictions) -> IntArray:
    """Positions of the rows whose label is known."""
    known = np.flatnonzero(predictions.labels >= 0)
    if not len(known):
        raise InputError(
            Problem("no row has a known label, so there is nothing to judge"),
            next_step="give a file with a label column (--data.label_column NAME)",
        )
    return known


def _counts(predictions: Predictions, known: IntArray) -> LabelCounts:
    return LabelCounts.of_rows(
        predictions.labels[known], predictions.predicted[known], len(predictions.label_names)
    )


def _roc_areas(predictions: Predictions, known: IntArray) -> OneVsRest:
    probabilities = predictions.probabilities[known]
    if not np.isfinite(probabilities).all():
        return OneVsRest((None,) * len(predictions.label_names), None)
    return one_vs_rest(predictions.labels[known], probabilities)


def _probability_figures(
    predictions: Predictions, known: IntArray, settings: EvaluateSettings
) -> dict[str, Figure]:
    """pr_auc and calibration_error; empty where a probability is not finite."""
    probabilities = predictions.probabilities[known]
    if not np.isfinite(probabilities).all():
        return {}
    samples, seed = settings.bootstrap_samples, settings.seed
    labels = predictions.labels[known]
    answered = predictions.predicted[known]
    applies = np.eye(probabilities.shape[1], dtype=np.int64)[labels]
    confidence = probabilities[np.arange(len(known)), answered]
    figures = {
        "calibration_error": calibration_figure(confidence, answered == labels, samples, seed)
    }
    area = macro_average_precision(applies, probabilities, samples, seed)
    return figures if area is None else {"pr_auc": area, **figures}


def _confusion_matrix(
    counts: LabelCounts, occurring: IntArray, names: tuple[str, ...]
) -> ConfusionMatrix:
    """The matrix over the labels that occur, in their order."""
    place = np.zeros(len(names), dtype=np.int64)
    place[occurring] = np.arange(len(occurring))
    matrix = np.zeros((len(occurring), len(occurring)), dtype=np.int64)
    matrix[place[counts.truth], place[counts.answer]] = counts.cells
    return ConfusionMatrix(
        tuple(names[label] for label in occurring),
        tuple(tuple(int(cell) for cell in row) for row in matrix),
    )
