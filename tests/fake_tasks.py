"""Run folders of the other tasks: any number of labels per text, and a number per text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from fake_runs import make_run
from luthier.kit import label_set_figures, number_figures
from luthier.records import (
    Evaluated,
    Evaluation,
    LabelSetPredictions,
    NumberPredictions,
    Rows,
    Stopped,
)
from luthier.run_folder import RunFolder
from luthier.settings import EvaluateSettings

TOPICS = ("价格", "物流", "品質", "客服", "refund")
FEW_DRAWS = EvaluateSettings(bootstrap_samples=200)


def set_predictions(ids: np.ndarray, seed: int) -> LabelSetPredictions:
    """Answers of a model that takes the first topic for the second now and then."""
    random = np.random.default_rng(seed)
    labels = (random.random((len(ids), len(TOPICS))) < 0.3).astype(np.int64)
    probabilities = np.clip(0.15 + 0.7 * labels + random.normal(0, 0.16, labels.shape), 0.01, 0.99)
    swapped = (labels[:, 0] == 1) & (labels[:, 1] == 0) & (random.random(len(ids)) < 0.4)
    probabilities[swapped, :2] = [0.2, 0.8]
    chosen = np.where(labels == 1, probabilities, 1 - probabilities)
    loss = -np.log(chosen).mean(axis=1)
    predicted = (probabilities >= 0.5).astype(np.int64)
    thresholds = (0.5,) * len(TOPICS)
    return LabelSetPredictions(
        ids, labels, predicted, probabilities, loss, TOPICS, thresholds, "d1"
    )


def number_predictions(ids: np.ndarray, seed: int) -> NumberPredictions:
    """Answers that draw large numbers towards the middle."""
    random = np.random.default_rng(seed)
    truth = np.round(random.uniform(-1, 5, len(ids)), 1)
    answer = 0.6 + 0.7 * truth + random.normal(0, 0.4, len(ids))
    return NumberPredictions(ids, truth, answer, (answer - truth) ** 2, ("number",), "d1")


def make_set_run(path: Path, n: int = 700) -> tuple[RunFolder, Rows]:
    run, rows = make_run(path, n=n)
    whole = set_predictions(rows.ids, 0)
    named = [tuple(TOPICS[j] for j in np.flatnonzero(line)) for line in whole.labels]
    return _with(run, rows, "labels", named, whole, label_set_figures.judge, ("macro_f1", 0.7))


def make_number_run(path: Path, n: int = 700) -> tuple[RunFolder, Rows]:
    run, rows = make_run(path, n=n)
    whole = number_predictions(rows.ids, 0)
    numbers = whole.labels.tolist()
    return _with(run, rows, "number", numbers, whole, number_figures.judge, ("r2", 0.8))


def _with(run, rows, column, values, whole, judge, best):
    """The run with answers of another task in place of those of one label."""
    columns = {"text": rows.columns["text"], column: values}
    splits = {}
    for name in ("validation", "test"):
        part = _rows_of(whole, np.isin(whole.row_ids, run.splits.ids_of(name)))
        run.save_predictions(name, part)
        splits[name] = judge(part, FEW_DRAWS)
    run.save_evaluation(Evaluation(splits, best[0]))
    run.save_audit(replace(run.audit, label_counts={}, duplicate_clusters=()))
    run.rewrite_history(tuple(_measured(event, *best) for event in run.history))
    return run, replace(rows, columns=columns)


def _rows_of(whole, chosen):
    arrays = {
        name: getattr(whole, name)[chosen]
        for name in ("row_ids", "labels", "predicted", "probabilities", "loss")
        if hasattr(whole, name)
    }
    return replace(whole, **arrays)


def _measured(event, metric: str, top: float):
    """An event that measured this metric instead."""
    if isinstance(event, Stopped):
        return replace(event, metric_name=metric)
    if not isinstance(event, Evaluated):
        return event
    figures = {metric: top - 0.5 / event.epoch}
    return replace(
        event,
        train={"loss": event.train["loss"], **figures},
        validation={"loss": event.validation["loss"], **figures},
    )
