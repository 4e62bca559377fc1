"""Every figure of a model whose rows have any number of labels, each with its 95 % interval.

Rows whose labels are unknown are not judged. All values equal scikit-learn's: macro averages are
over the labels that occur in the truth or in the answers, and a share of nothing is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from luthier.errors import InputError, Problem
from luthier.kit import label_counts
from luthier.kit.average_precision import macro_average_precision
from luthier.kit.intervals import bootstrap_mean, f1_figure, share_figure, unbiased_interval
from luthier.kit.label_counts import LabelCounts
from luthier.kit.row_bootstrap import resamples
from luthier.records import (
    ConfusionMatrix,
    Figure,
    FloatArray,
    IntArray,
    LabelFigures,
    SplitEvaluation,
)
from luthier.records.task_predictions import LabelSetPredictions
from luthier.settings import EvaluateSettings


def micro_f1(counts: LabelCounts) -> FloatArray:
    """F1 over all labels of all rows together [...]."""
    given = counts.support.sum(axis=-1) + counts.predicted.sum(axis=-1)
    right = 2 * counts.right.sum(axis=-1)
    shares: FloatArray = np.divide(right, given, out=np.zeros_like(right), where=given > 0)
    return shares


AVERAGES: Mapping[str, Callable[[LabelCounts], FloatArray]] = {
    "macro_f1": label_counts.macro_f1,
    "macro_precision": label_counts.macro_precision,
    "macro_recall": label_counts.macro_recall,
    "weighted_f1": label_counts.weighted_f1,
    "micro_f1": micro_f1,
}
"""Figures made of right answers, true rows and answers per label."""


def quick_metrics(predictions: LabelSetPredictions) -> dict[str, float]:
    """loss, macro_f1, micro_f1 and subset_accuracy, no intervals.

    Raises:
        InputError: when no row has known labels.
    """
    labels, predicted = _known(predictions)
    counts = counts_of(labels, predicted, np.ones((1, len(labels))))
    return {
        "loss": float(predictions.loss[predictions.known].mean()),
        "macro_f1": float(label_counts.macro_f1(counts)[0]),
        "micro_f1": float(micro_f1(counts)[0]),
        "subset_accuracy": float((labels == predicted).all(axis=1).mean()),
    }


def judge(predictions: LabelSetPredictions, settings: EvaluateSettings) -> SplitEvaluation:
    """Every figure of one split; `per_label` holds the labels that occur, there is no matrix.

    Raises:
        InputError: when no row has known labels.
    """
    labels, predicted = _known(predictions)
    n, known = len(labels), predictions.known
    whole = counts_of(labels, predicted, np.ones((1, n)))
    occurring = np.flatnonzero(whole.occurs[0])
    figures = _averages(labels, predicted, whole, settings)
    figures["subset_accuracy"] = share_figure(int((labels == predicted).all(axis=1).sum()), n)
    wrong = (labels != predicted).mean(axis=1)
    figures["hamming_loss"] = bootstrap_mean(wrong, settings.bootstrap_samples, settings.seed)
    losses = predictions.loss[known]
    figures["log_loss"] = bootstrap_mean(losses, settings.bootstrap_samples, settings.seed)
    area = macro_average_precision(
        labels, predictions.probabilities[known], settings.bootstrap_samples, settings.seed
    )
    if area is not None:
        figures["pr_auc"] = area
    return SplitEvaluation(
        n=n,
        labels_in_average=len(occurring),
        figures=figures,
        per_label={
            predictions.label_names[label]: _label_figures(whole, int(label), n)
            for label in occurring
        },
        confusion_matrix=ConfusionMatrix((), ()),
        model_digest=predictions.model_digest,
    )


def best_thresholds(predictions: LabelSetPredictions) -> tuple[float, ...]:
    """For each label the probability that gives the best F1 on these rows; 0.5 without true rows.

    The threshold lies half-way between the two probabilities that it parts, and the one nearest to
    0.5 is taken among equals, so that a label with few rows does not move far. Choosing it by F1:
    Lipton, Elkan & Naryanaswamy (2014), ECML PKDD.
    """
    labels, _ = _known(predictions)
    probabilities = predictions.probabilities[predictions.known]
    columns = zip(labels.T, probabilities.T, strict=True)
    return tuple(_best_threshold(applies, scores) for applies, scores in columns)


def _best_threshold(applies: IntArray, scores: FloatArray) -> float:
    if not applies.any():
        return 0.5
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    right = applies[order].cumsum()[ends]
    f1 = 2 * right / (ends + 1 + applies.sum())
    below = np.append(ranked[ends[:-1] + 1], 0.0)
    middles = (ranked[ends] + below) / 2
    best = np.flatnonzero(f1 >= f1.max() - 1e-12)
    return float(middles[best[np.argmin(np.abs(middles[best] - 0.5))]])


def _averages(
    labels: IntArray, predicted: IntArray, whole: LabelCounts, settings: EvaluateSettings
) -> dict[str, Figure]:
    n, label_count = labels.shape
    draws: dict[str, list[FloatArray]] = {name: [] for name in AVERAGES}
    for chunk in resamples(n, label_count, settings.bootstrap_samples, settings.seed):
        counts = counts_of(labels, predicted, chunk)
        for name, average in AVERAGES.items():
            draws[name].append(average(counts))
    figures = {}
    for name, average in AVERAGES.items():
        value = float(average(whole)[0])
        low, high = unbiased_interval(value, np.concatenate(draws[name]), 0.0)
        figures[name] = Figure(value, max(0.0, min(low, value)), min(1.0, max(high, value)), n)
    return figures


def counts_of(labels: IntArray, predicted: IntArray, weights: FloatArray) -> LabelCounts:
    """Counts [b, K] of resamples that draw each row so often.

    Args:
        labels: int64 [n, K] of 0 and 1, the truth.
        predicted: int64 [n, K], the answers.
        weights: float64 [b, n].
    """
    return LabelCounts.of_margins(
        weights @ (labels * predicted), weights @ labels, weights @ predicted
    )


def _label_figures(counts: LabelCounts, label: int, n: int) -> LabelFigures:
    right, support = int(counts.right[0, label]), int(counts.support[0, label])
    predicted = int(counts.predicted[0, label])
    tpr = right / support if support else None
    fpr = (predicted - right) / (n - support) if n > support else None
    return LabelFigures(
        precision=share_figure(right, predicted),
        recall=share_figure(right, support),
        f1=f1_figure(right, support, predicted),
        support=support,
        predicted=predicted,
        roc_auc=None,
        tpr=tpr,
        fpr=fpr,
        tnr=None if fpr is None else 1 - fpr,
        fnr=None if tpr is None else 1 - tpr,
    )


def _known(predictions: LabelSetPredictions) -> tuple[IntArray, IntArray]:
    known = predictions.known
    if not known.any():
        raise InputError(
            Problem("no row has known labels, so there is nothing to judge"),
            next_step="give a file with a column of labels (--data.label_column NAME)",
        )
    return predictions.labels[known], predictions.predicted[known]
