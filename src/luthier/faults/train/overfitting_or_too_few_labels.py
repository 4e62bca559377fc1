"""Good on its training rows, worse on new ones: which of three reasons is it?

## What it is

Accuracy on the training rows is well above that on the validation rows, or validation loss
rises while training loss falls. The two pictures have three causes: *metric overfitting* (longer
training made answers worse), *loss-only overfitting* (answers are as good, but too sure of
themselves), and *too few labels* (any model would be stuck here).

## Why it hurts

The cures differ. Dropout or weight decay do nothing against too few labels, and more labels
are a dear cure for a run that was merely too long.

## How it is detected

All figures are measured in evaluation mode. *Gap*: training minus validation accuracy, with its
95 % interval (Newcombe 1998, method 10); it is wide when the lower end is above 5 points. Of
several labels a row, the F1 of its labels stands for accuracy, of numbers R2 (both by bootstrap).
*Turned up*: the last validation loss is more than 10 % above its minimum, and by more than half
of the bootstrap interval of the mean loss. *Fell*: the metric after its best epoch is on average
below the best by more than half of a binomial interval. Metric overfitting: all three. Loss-only:
turned up, but not both others. Too few labels: a wide gap, the loss never turned up, and the model
equals its linear rival (within 2 points, or the interval of the paired difference includes 0).

## What stays quiet

A wide gap alone: every large model knows its training rows by heart. A wide gap with a model that
beats its linear rival while validation loss has not turned up. A fall of the metric that is
smaller than the noise of so few validation rows (5 points on 400): it is then called loss-only.

## What to do

Metric overfitting: more weight decay, more dropout, shorter training. Loss-only: label smoothing,
if probabilities matter. Too few labels: label more rows; regularisation will not help.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from luthier.faults import example_evidence as example
from luthier.kit.rivals import strongest_rival
from luthier.kit.row_scores import mean_gap, score_differences, score_name
from luthier.kit.sentences import joined
from luthier.kit.validation_curve import ValidationCurve, validation_curve
from luthier.records import (
    AnyPredictions,
    Applicability,
    CannotTell,
    Case,
    Clear,
    Evaluated,
    Event,
    FaultInfo,
    Fired,
    Outcome,
    Plant,
    Prescription,
    Severity,
)
from luthier.settings import Settings

Measured = dict[str, Any]

FAULT = FaultInfo(
    "overfitting_or_too_few_labels", "T10", "Overfitting, or too few labels",
    symptom_of=("steps_not_as_planned", "rows_in_label_order"), any_task=True,
)  # fmt: skip

GAP = 0.05
"""Training minus validation accuracy (sample F1, R2) from which the gap is wide."""

LOSS_RISE = 0.10
"""Rise of the validation loss above its minimum, as a share of the minimum."""

FEWEST_ROWS, FEWEST_EVALUATIONS = 50, 3
"""Fewer validation rows tell nothing about a gap, fewer evaluations show no turn."""

LARGE_FALL = 0.05
"""Fall of the metric from which metric overfitting is `high`."""

EQUAL = 0.02
"""A score within this of the linear rival's is as good, be the difference sure or not."""

LIMITS = {"gap": GAP, "loss_rise": LOSS_RISE, "large_fall": LARGE_FALL}


def detect(
    history: Sequence[Event],
    train_predictions: AnyPredictions,
    validation_predictions: AnyPredictions,
    floor_predictions: Mapping[str, AnyPredictions],
    settings: Settings,
) -> Outcome:
    """Measure gap, turn and fall, and tell the three causes apart."""
    ours = validation_predictions
    rows, learned = int(ours.known.sum()), train_predictions.known.any()
    evaluations = [event for event in history if isinstance(event, Evaluated)]
    if rows < FEWEST_ROWS or not learned or len(evaluations) < FEWEST_EVALUATIONS:
        return CannotTell(
            f"There are too few validation rows ({rows:,}) or evaluations ({len(evaluations)}).",
            f"at least {FEWEST_ROWS} validation rows and {FEWEST_EVALUATIONS} evaluations",
        )
    gap, score = mean_gap(train_predictions, ours), score_name(ours)
    curve = validation_curve(evaluations, settings.train.metric_for_best_model)
    measured: Measured = {"score": score, "gap": [gap.value, gap.low, gap.high]} | asdict(curve)
    measured |= {"loss_rise": curve.loss_rise, "weight_decay": settings.train.weight_decay}
    measured["floors"] = settings.evaluate.floors
    said = (
        f"Training {score} is {gap.value:.3f} above validation {score} (interval {gap.low:.3f} "
        f"to {gap.high:.3f}); validation loss ended {curve.loss_rise:.0%} above its minimum."
    )
    if curve.turned_up(LOSS_RISE, ours):
        return _overfitting(curve, gap.low > GAP, said, measured)
    if gap.low > GAP:
        return _against_rival(ours, floor_predictions, said, measured)
    return Clear(joined("No overfitting is seen.", said), measured)


def _overfitting(curve: ValidationCurve, wide: bool, said: str, measured: Measured) -> Outcome:
    """The loss turned up: did the metric suffer as well?"""
    fell = (
        f"The metric fell by {curve.fall:.3f} after epoch {curve.best_epoch:g} (noise is "
        f"{curve.fall_noise:.3f})."
    )
    if wide and curve.fell:
        measured["kind"] = "metric_overfitting"
        severity: Severity = "high" if curve.fall >= LARGE_FALL else "medium"
        return Fired(joined("Loss and metric overfit.", said, fell), severity, measured, LIMITS)
    measured["kind"] = "loss_only"
    return Fired(joined("Only the loss overfits.", said, fell), "low", measured, LIMITS)


def _against_rival(
    ours: AnyPredictions, floors: Mapping[str, AnyPredictions], said: str, measured: Measured
) -> Outcome:
    """A wide gap without a turn: too few labels only if a linear model does as well."""
    rival = strongest_rival(floors)
    if rival is None:
        if not measured["floors"]:
            said = joined(said, "Simple rivals are switched off (evaluate.floors).")
        return CannotTell(said, "a linear rival (evaluate.floors: true)", measured)
    least = next(iter(score_differences(ours, rival[1]).values()))
    measured["better_than_linear"] = [least.value, least.low, least.high]
    if least.low > 0 and least.value > EQUAL:
        return Clear(joined("A wide gap, but the model beats its linear rivals.", said), measured)
    if least.high < 0 and least.value < -EQUAL:
        return CannotTell(
            joined("The model is worse than a linear one.", said),
            "a model that learns; see not_better_than_linear",
            measured,
        )
    measured["kind"] = "too_few_labels"
    equal = (
        f"There are too few labels: the model is only as good as a linear one ({least.value:+.3f}, "
        f"interval {least.low:+.3f} to {least.high:+.3f})."
    )
    text = joined(equal, said, "That is not surely a rise.")
    return Fired(text, "medium", measured, LIMITS)


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """A cure for the cause that was found, never regularisation for a gap alone."""
    if fired.measured["kind"] == "too_few_labels":
        what = "Label more training rows: twice as many is a step that can be seen."
        why = "A linear model is stuck too, and no loss turned up for regularisation to cure."
        return (Prescription(what, why, Applicability.ADVICE),)
    auto, ask = Applicability.AUTO, Applicability.ASK
    if fired.measured["kind"] == "loss_only" and fired.measured["score"] != "R2":
        why = "Answers were not seen to suffer, but they became far too sure of themselves."
        what, smoothing = "Smooth the labels a little.", {"train.label_smoothing_factor": 0.1}
        return (Prescription(what, why, auto, smoothing),)
    decay = max(0.1, 3 * fired.measured["weight_decay"])
    epochs = max(1, round(fired.measured["best_epoch"]))
    why = f"The metric fell by {fired.measured['fall']:.3f} while training went on."
    changes: tuple[tuple[str, Applicability, dict[str, float]], ...] = (
        ("Raise weight decay.", auto, {"train.weight_decay": decay}),
        ("Train only as long as it helped.", auto, {"train.num_train_epochs": epochs}),
        ("Raise the dropout before the head.", ask, {"model.classifier_dropout": 0.3}),
    )
    return tuple(Prescription(what, why, how, change) for what, how, change in changes)


PLANT = Plant(
    level="run",
    operator="memorise",
    severities=({"noise": 0.2}, {"noise": 0.4}, {"few_rows": 60}),
    accept=("not_better_than_linear", "minority_label_too_small"),
    must_not=("conflicting_labels", "train_test_duplicates", "last_instead_of_best"),
)


def _case(
    losses: Sequence[float], f1: Sequence[float], rival_right: int, rows: int = 400
) -> dict[str, object]:
    right = int(0.8 * rows)
    train_loss = [1 / (i + 1) for i in range(len(losses))]
    return {
        "history": example.history(train_loss, losses, f1, rows=rows),
        "train_predictions": example.right_and_wrong(396, 4),
        "validation_predictions": example.right_and_wrong(right, rows - right),
        "floor_predictions": {
            "tfidf_linear": example.right_and_wrong(rival_right, rows - rival_right)
        },
        "settings": Settings(),
    }


_TURNED, _FLAT = [0.7, 0.5, 0.8, 1.2], [0.7, 0.5, 0.5, 0.52]

CASES = (
    Case("loss and metric turned", "firing", _case(_TURNED, [0.7, 0.8, 0.72, 0.7], 300), "fired"),
    Case("only the loss turned", "firing", _case(_TURNED, [0.7, 0.8, 0.8, 0.79], 300), "fired"),
    Case("as good as linear, no turn", "firing", _case(_FLAT, [0.7, 0.8, 0.8, 0.79], 320), "fired"),
    Case("a wide gap alone", "near_miss", _case(_FLAT, [0.7, 0.8, 0.8, 0.79], 280), "clear"),
    Case(
        "no gap",
        "quiet",
        _case(_FLAT, [0.7, 0.8, 0.8, 0.79], 300)
        | {"train_predictions": example.right_and_wrong(330, 70)},
        "clear",
    ),
    Case("forty rows", "near_miss", _case(_TURNED, [0.7, 0.8, 0.72, 0.7], 30, 40), "cannot_tell"),
)
