"""A stand-in for a fine-tuned model of several labels per row, or of numbers; see `standin`.

Logistic or linear regression on words and word pairs, trained by Adam; it leaves a history, answers
of every split and the real simple rivals. Fresh rows say what is really so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from luthier.evidence.label_set_floors import fit_label_set_floors
from luthier.evidence.number_floors import fit_number_floors
from luthier.kit import label_set_figures, number_figures
from luthier.kit.row_scores import mean_gap, score_differences
from luthier.records import (
    AnyPredictions,
    Evaluated,
    LabelSetPredictions,
    NumberPredictions,
    Rows,
    Splits,
)
from luthier.settings import Settings
from luthier.stages.audit import audit
from luthier.tasks import get_task
from standin import Course, word_pairs


@dataclass(frozen=True)
class OtherResult:
    """`evidence` for the doctor; the rest is the truth, read off the fresh rows.

    Args:
        evidence: as for `luthier.stages.diagnose`.
        rise: of the last fresh loss above the lowest, as a share of the lowest.
        gap: mean score of training rows minus that of fresh rows, of the best checkpoint.
        advantage: least and largest difference to the best rival over the figures compared.
        fresh: the best checkpoint's answers.
    """

    evidence: dict[str, Any]
    rise: float
    gap: float
    advantage: tuple[float, float]
    fresh: AnyPredictions


def train(
    rows: Rows, splits: Splits, fresh: Rows, course: Course, *, blank: bool = False
) -> OtherResult:
    """Train, choose the best epoch on validation, answer every split; `blank` hides the texts."""
    task = get_task("multi_label" if "labels" in rows.columns else "text_regression")
    names = task.label_names(rows)
    parts = {
        name: rows.take(np.flatnonzero(np.isin(rows.ids, splits.ids_of(name))))
        for name in ("train", "validation", "test")
    } | {"fresh": fresh}
    inputs = {name: word_pairs(part) * (not blank) for name, part in parts.items()}
    targets = {name: task.targets(part, names) for name, part in parts.items()}

    def answer(name: str, at: int, limits: Sequence[float] = ()) -> AnyPredictions:
        return _answers(parts[name].ids, inputs[name], targets[name], snapshots[at], names, limits)

    snapshots = _fit(inputs["train"], targets["train"], course)
    figures = label_set_figures if "labels" in rows.columns else number_figures
    curves = {
        name: [figures.quick_metrics(answer(name, i)) for i in range(len(snapshots))]
        for name in ("train", "validation", "fresh")
    }
    metric = "macro_f1" if "labels" in rows.columns else "r2"
    scores = [found[metric] for found in curves["validation"]]
    best = scores.index(max(scores))
    limits: Sequence[float] = ()
    if isinstance(on := answer("validation", best), LabelSetPredictions):
        limits = label_set_figures.best_thresholds(on)
    chosen = {name: answer(name, best, limits) for name in parts}
    judged = {name: (parts[name].ids, parts[name].columns["text"], targets[name])
              for name in ("validation", "fresh")}  # fmt: skip
    fit = fit_label_set_floors if "labels" in rows.columns else fit_number_floors
    floors = fit(
        parts["train"].columns["text"], targets["train"], judged, names, None, 0
    ).predictions
    apart = score_differences(chosen["fresh"], floors[_LINEAR[metric]]["fresh"])
    losses = [found["loss"] for found in curves["fresh"]]
    return OtherResult(
        evidence={
            "rows": rows,
            "audit": audit(rows),
            "splits": splits,
            "settings": Settings.model_validate({"train": {"metric_for_best_model": metric}}),
            "history": _history(curves, best, parts),
            "floor_predictions": {name: by["validation"] for name, by in floors.items()},
            **{f"{name}_predictions": chosen[name] for name in ("train", "validation", "test")},
        },
        rise=losses[-1] / min(losses) - 1,
        gap=mean_gap(chosen["train"], chosen["fresh"]).value,
        advantage=(min(x.value for x in apart.values()), max(x.value for x in apart.values())),
        fresh=chosen["fresh"],
    )


_LINEAR = {"macro_f1": "tfidf_linear", "r2": "tfidf_ridge"}


def _fit(x: np.ndarray, y: np.ndarray, course: Course) -> list[np.ndarray]:
    """Weights [BUCKETS + 1, K] after each epoch (or once, when cut short by `steps`)."""
    wide = np.hstack([x, np.ones((len(x), 1), dtype=np.float32)])
    truth = y.reshape(len(y), -1).astype(np.float32)
    of_labels = np.issubdtype(y.dtype, np.integer)
    rng = np.random.default_rng(course.seed)
    weights = np.zeros((wide.shape[1], truth.shape[1]), dtype=np.float32)
    mean, square, step = np.zeros_like(weights), np.zeros_like(weights), 0
    snapshots = []
    for _ in range(course.epochs):
        for at in np.array_split(rng.permutation(len(y)), max(1, len(y) // course.batch)):
            step += 1
            given = wide[at] @ weights
            gradient = wide[at].T @ ((expit(given) if of_labels else given) - truth[at]) / len(at)
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient**2 - square)
            move = mean / (1 - 0.9**step) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
            weights = weights - course.learning_rate * (move + course.l2 * weights)
            if course.steps is not None and step >= course.steps:
                return [*snapshots, weights]
        snapshots.append(weights)
    return snapshots


def _answers(
    ids: np.ndarray, x: np.ndarray, y: np.ndarray, weights: np.ndarray,
    names: tuple[str, ...], limits: Sequence[float],
) -> AnyPredictions:  # fmt: skip
    logits = (x @ weights[:-1] + weights[-1]).astype(np.float64)
    if not np.issubdtype(y.dtype, np.integer):
        given = logits[:, 0]
        return NumberPredictions(ids, y, given, (y - given) ** 2, names)
    probabilities = expit(logits)
    thresholds = tuple(limits) or (0.5,) * len(names)
    loss = np.logaddexp(0.0, np.where(y == 1, -logits, logits)).mean(axis=1)
    predicted = (probabilities >= np.array(thresholds)).astype(np.int64)
    return LabelSetPredictions(ids, y, predicted, probabilities, loss, names, thresholds)


def _history(
    curves: Mapping[str, list[dict[str, float]]], best: int, parts: Mapping[str, Rows]
) -> tuple[Evaluated, ...]:
    sizes = len(parts["train"]), len(parts["validation"])
    pairs = zip(curves["train"], curves["validation"], strict=True)
    return tuple(
        Evaluated(i + 1, i + 1.0, train, validation, *sizes, i == best, 0.1)
        for i, (train, validation) in enumerate(pairs)
    )
