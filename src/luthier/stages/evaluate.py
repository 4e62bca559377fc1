"""evaluate: how good is it, and how sure are we?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from luthier.records import (
    AnyPredictions,
    Evaluation,
    Figure,
    NumberPredictions,
    Predictions,
    SplitEvaluation,
    Task,
)
from luthier.settings import EvaluateSettings

FLOOR_FIGURES = (
    *("accuracy", "macro_f1"),
    *("subset_accuracy", "micro_f1"),
    *("r2", "spearman", "mae", "mse"),
)
"""Figures of a simple rival that are kept beside those of the model."""


def evaluate(
    task: Task,
    predictions: Mapping[str, AnyPredictions],
    floors: Mapping[str, Mapping[str, AnyPredictions]],
    settings: EvaluateSettings,
    metric_for_best_model: str,
) -> Evaluation:
    """Judge every split, with the simple rivals on the same rows beside it.

    Args:
        task: knows the figures.
        predictions: split -> what the model answered.
        floors: rival -> split -> what it answered; may be empty.
        settings: resamples and seed of the intervals.
        metric_for_best_model: the figure that chose the checkpoint; kept for the reader.

    Raises:
        InputError: when a split has no row with a known label.
    """
    splits: dict[str, SplitEvaluation] = {}
    notes: list[str] = []
    for split, answered in predictions.items():
        judged = task.judge(answered, settings)
        splits[split] = replace(judged, floor=_floor(task, split, floors, settings))
        notes += _notes(split, answered, judged)
    return Evaluation(splits, metric_for_best_model, tuple(notes))


def _floor(
    task: Task,
    split: str,
    floors: Mapping[str, Mapping[str, AnyPredictions]],
    settings: EvaluateSettings,
) -> dict[str, dict[str, Figure]]:
    beside: dict[str, dict[str, Figure]] = {}
    for rival, by_split in floors.items():
        if split in by_split:
            figures = task.judge(by_split[split], settings).figures
            beside[rival] = {name: figures[name] for name in FLOOR_FIGURES if name in figures}
    return beside


def _notes(split: str, answered: AnyPredictions, judged: SplitEvaluation) -> list[str]:
    """What a reader of the figures of one split must know."""
    notes = []
    unknown = int((~answered.known).sum())
    if unknown:
        notes.append(f"{split}: rows without a label, which were not judged: {unknown:,}")
    labels = 0 if isinstance(answered, NumberPredictions) else len(answered.label_names)
    if judged.labels_in_average < labels:
        notes.append(
            f"{split}: averages are over {judged.labels_in_average} of {labels} labels; "
            "the others are neither in the truth nor in the answers"
        )
    if isinstance(answered, Predictions) and not np.isfinite(answered.probabilities).all():
        notes.append(f"{split}: roc_auc is left out, some probabilities are not finite")
    return notes
