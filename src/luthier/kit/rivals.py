"""The simple rivals that a fine-tuned model should beat."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from luthier.kit.intervals import Statistic, paired_difference
from luthier.kit.label_counts import LabelCounts, accuracy, macro_f1
from luthier.records import Figure, Predictions

LINEAR_RIVALS = ("tfidf_linear", "frozen_encoder")
"""Names of the floors that learn something; `majority` does not."""


def strongest_rival(floors: Mapping[str, Predictions]) -> tuple[str, Predictions] | None:
    """The linear rival with the highest macro-F1, and its name; None where there is none."""
    rivals = [(name, floors[name]) for name in LINEAR_RIVALS if name in floors]
    return max(rivals, key=lambda rival: score(rival[1], macro_f1), default=None)


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


def commonest_share(predictions: Predictions) -> float:
    """Share of the most frequent true label among the rows with a known label; 0 without any."""
    known = predictions.labels[predictions.labels >= 0]
    return float(np.bincount(known).max() / len(known)) if len(known) else 0.0
