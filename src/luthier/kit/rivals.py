"""The simple rivals that a fine-tuned model should beat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import numpy as np

from luthier.kit import label_set_figures, number_figures
from luthier.kit.intervals import Statistic, paired_difference
from luthier.kit.label_counts import LabelCounts, accuracy, macro_f1
from luthier.kit.share_difference import accuracy_figure
from luthier.records import AnyPredictions, Figure, LabelSetPredictions, Predictions

LINEAR_RIVALS = ("tfidf_linear", "tfidf_ridge", "frozen_encoder")
"""Names of the floors that learn something; `majority`, `base_rates` and `mean` do not."""

AnyRival = TypeVar("AnyRival", bound=AnyPredictions)


def strongest_rival(floors: Mapping[str, AnyRival]) -> tuple[str, AnyRival] | None:
    """The linear rival with the highest macro-F1 (R2 of numbers) and its name; None without any."""
    rivals = [(name, floors[name]) for name in LINEAR_RIVALS if name in floors]
    return max(rivals, key=lambda rival: _strength(rival[1]), default=None)


def _strength(answers: AnyPredictions) -> float:
    if isinstance(answers, Predictions):
        return score(answers, macro_f1)
    if not answers.known.any():
        return 0.0
    if isinstance(answers, LabelSetPredictions):
        return label_set_figures.quick_metrics(answers)["macro_f1"]
    return number_figures.quick_metrics(answers)["r2"]


def score(predictions: Predictions, statistic: Statistic) -> float:
    """A figure of predictions over their rows with a known label, without an interval."""
    known = predictions.labels >= 0
    labels, answers = predictions.labels[known], predictions.predicted[known]
    return float(statistic(LabelCounts.of_rows(labels, answers, len(predictions.label_names))))


def far_behind(ours: object, floors: object, margin: float) -> Figure | None:
    """Accuracy minus that of the strongest rival, where it is surely more than `margin` below.

    None where it is not, where there is no rival, and for what is no `Predictions`.
    """
    if not (isinstance(ours, Predictions) and isinstance(floors, Mapping)):
        return None
    found = strongest_rival(floors)
    if found is None or not (ours.labels >= 0).any():
        return None
    difference = paired_difference(ours, found[1], accuracy)
    return difference if difference.high < -margin else None


def rival_learns_nothing(floors: Mapping[str, AnyPredictions] | None) -> str:
    """What follows where no rival is surely better than one answer for all; empty where one is.

    Empty too where there is no rival with one label per row.
    """
    found = strongest_rival(floors or {})
    if found is None or not isinstance(found[1], Predictions) or not found[1].known.any():
        return ""
    theirs = accuracy_figure(found[1])
    if theirs.low > commonest_share(found[1]):
        return ""
    return (
        f"A linear model learns nothing from these rows either ({theirs.value:.3f} right): texts "
        "that do not tell the label look just like that, for gradients that contradict each other "
        "lead nowhere."
    )


def commonest_share(predictions: AnyPredictions) -> float:
    """Score of one answer for all rows: the share of the most frequent label; 0 of other tasks."""
    if not isinstance(predictions, Predictions) or not predictions.known.any():
        return 0.0
    known = predictions.labels[predictions.known]
    return float(np.bincount(known).max() / len(known))
