"""The learning rate was too low, or there were too few steps: the model was still learning.

## What it is

The weights hardly moved from where they began, or training ended while the loss was still falling
and much of the training rows was not learned.

## Why it hurts

What the rows could teach is not in the model. From outside it may look like a rate that is too high
(accuracy at chance), or like a hard task.

## How it is detected

*Hardly moved*: the head, which has to grow from its random start, went at most a fifth of its own
size (log10 of mean |way| over mean |weight| below -0.7), and less than nine training answers in ten
are right. *Still learning*: less than nine in ten are right, validation loss was at its lowest at
the end, and it fell by more than 5 % an epoch at the highest rate (a rate that has decayed counts
for less) since the evaluation before; without evaluations, the training loss does so over the last
fifth of the steps (least squares against the rate used up, lower end of the 95 % interval). A short
trial of other rates is not used: it ranks rates wrongly.

## What stays quiet

A head that did not move at all: see `parameters_not_trained`. A small rate that was enough. A loss
that has come to rest at a high level. Validation loss that has turned up. Rows from which a linear
model learns nothing either: there it cannot tell.

## What to do

Three times the rate, ten times where the weights hardly moved; or twice the epochs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from luthier.faults import example_evidence
from luthier.faults import example_training as example
from luthier.kit.rate_signs import FEWEST_ROWS, LEARNED, STILL, rate_signs, validation_turned
from luthier.kit.rivals import rival_learns_nothing
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
    Stepped,
    Stopped,
    TrainingFacts,
)

FAULT = FaultInfo(
    "learning_rate_too_low",
    "T2",
    "Learning rate too low, or too few steps",
    symptom_of=(
        "parameters_not_trained",
        "steps_not_as_planned",
        "probabilities_into_loss",
        "head_does_not_fit",
        "pretrained_weights_missing",
        "not_finite",
        "rows_in_label_order",
    ),
)

FALL = 0.05
"""Fall of a loss (share of itself, in an epoch at the highest rate) from which it was going on."""

LEAST_RATE = 0.05
"""A rate below this share of the highest counts as this share: what is left of it tells little."""

PROBE = "16 rows that are learned by heart at this rate (luthier diagnose RUN --probe)"

LIMITS = {"head_moved": STILL, "learned": LEARNED, "fall": FALL}


def detect(
    training: TrainingFacts,
    history: Sequence[Event],
    floor_predictions: Mapping[str, AnyPredictions] | None = None,
) -> Outcome:
    """Look at the way of the head, and at the loss at the end."""
    signs = rate_signs(training)
    if signs is None:
        needs = f"the loss and {FEWEST_ROWS} training answers of the last steps"
        return CannotTell("Too little of the training was seen.", needs)
    measured = {**asdict(signs), "highest_rate": training.steps.highest_rate, **_end(history)}
    said = f"{signs.accuracy:.3f} of {signs.rows:,} late training answers are right"
    if signs.head_moved is None:
        return Clear(f"The head did not move at all: that is no matter of the rate. {said}.")
    if signs.learned:
        return Clear(f"The training rows are learned: {said}.", measured)
    turned = validation_turned(list(history))
    if signs.still and not (turned or signs.rose or signs.dead or signs.fast):
        if signs.failed and (why := rival_learns_nothing(floor_predictions)):
            return CannotTell(f"The head hardly moved; {said}. {why}", PROBE, measured)
        return Fired(
            f"The weights hardly moved: the head went {10**signs.head_moved:.1%} of its own size. "
            f"{said}.",
            "high" if signs.failed else "medium",
            {"kind": "still", **measured},
            LIMITS,
        )
    fall = _fall(training, history)
    astray = turned or signs.failed or signs.rose or signs.lost or signs.fast
    if fall is not None and fall > FALL and not astray:
        return Fired(
            f"Training ended while it was still learning: the loss fell by {fall:.0%} an epoch, "
            f"reckoned at the highest rate. {said}.",
            "medium",
            {"kind": "falling", "fall": fall, **measured},
            LIMITS,
        )
    return Clear(f"The loss had come to rest, or turned. {said}.", measured)


def _end(history: Sequence[Event]) -> dict[str, object]:
    evaluations = [event for event in history if isinstance(event, Evaluated)]
    stops = [event.reason for event in history if isinstance(event, Stopped)]
    epochs = evaluations[-1].epoch if evaluations else None
    return {"epochs": epochs, "time_was_up": stops[-1:] == ["time_budget"]}


def _fall(training: TrainingFacts, history: Sequence[Event]) -> float | None:
    """Share by which the loss fell at the end, in an epoch at the highest rate; None if unknown."""
    evaluations = [event for event in history if isinstance(event, Evaluated)]
    if len(evaluations) > 1:
        before, last = evaluations[-2:]
        rates = [
            e.learning_rate for e in history if isinstance(e, Stepped) and e.step > before.step
        ]
        highest = training.steps.highest_rate
        share = sum(rates) / len(rates) / highest if rates and highest else 1.0
        epochs = max(last.epoch - before.epoch, 1e-9)
        fell = 1 - last.validation["loss"] / max(before.validation["loss"], 1e-12)
        return fell / epochs / max(LEAST_RATE, share)
    learning = training.learning
    if learning is None or learning.last_fall is None or learning.last_fall_error is None:
        return None
    return learning.last_fall - 1.96 * learning.last_fall_error


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """A higher rate; or more epochs, which cost time."""
    found = fired.measured
    factor = 10 if found["kind"] == "still" and found["failed"] else 3
    cures = [
        Prescription(
            f"Raise the learning rate {'tenfold' if factor == 10 else 'threefold'}.",
            "The weights have not gone far enough to hold what the rows teach.",
            Applicability.AUTO,
            {"train.learning_rate": float(f"{found['highest_rate'] * factor:.3g}")},
        )
    ]
    if found["epochs"]:
        # epochs may have been cut to a budget beforehand, and would be cut again
        longer = {
            "train.num_train_epochs": max(2, round(2 * found["epochs"])),
            "train.time_budget": "none",
        }
        what = "Train twice as long, without a time budget."
        if found["time_was_up"]:
            what = "Train twice as long, without the time budget, which ended this training."
        why = "The loss was still on its way down."
        cures.append(Prescription(what, why, Applicability.ASK, longer))
    return tuple(cures)


PLANT = Plant(
    level="run",
    operator="set_learning_rate",
    severities=({"factor": 0.05}, {"factor": 0.01}, {"factor": 0.001}),
    accept=("one_answer", "not_better_than_linear", "gradients_vanish"),
    must_not=("learning_rate_too_high", "parameters_not_trained", "pretrained_weights_missing"),
)

_CHANCE = {"right": 900, "late_loss": 1.38, "least_loss": 1.37, "early_loss": 1.39}
_HALF = {"right": 1_500, "late_loss": 0.9, "least_loss": 0.88}
_FALLING = example_evidence.history([1.2, 1.0, 0.9], [1.2, 1.0, 0.9], [0.5, 0.6, 0.65])
_TIME_UP = Stopped(48, 3.0, "time_budget", 48, 3.0, 0.6, "macro_f1")
_AT_REST = example_evidence.history([0.9, 0.9, 0.9], [0.91, 0.9, 0.9], [0.6, 0.6, 0.6])


def _case(history: Sequence[Event] = (), **changes: object) -> dict[str, object]:
    return {"training": example.training(**changes), "history": history}  # type: ignore[arg-type]


CASES = (
    Case(
        "nothing learned, and the head hardly moved",
        "firing",
        _case(learning=_CHANCE, groups={"head": {"moved": -1.6}}),
        "fired",
    ),
    Case("validation loss still falling", "firing", _case(_FALLING, learning=_HALF), "fired"),
    Case(
        "training loss still falling, no evaluations",
        "firing",
        _case(learning={**_HALF, "last_fall": 0.2, "last_fall_error": 0.03}),
        "fired",
    ),
    Case(
        "the time budget ended it while the loss was falling",
        "firing",
        _case((*_FALLING, _TIME_UP), learning=_HALF),
        "fired",
    ),
    Case("learned", "quiet", _case(_FALLING), "clear"),
    Case("at rest on a high level", "near_miss", _case(_AT_REST, learning=_HALF), "clear"),
    Case(
        "a head that did not move at all",
        "near_miss",
        _case(learning=_CHANCE, groups={"head": {"moved": None, "update": None}}),
        "clear",
    ),
    Case(
        "a linear model learns nothing either",
        "near_miss",
        {
            **_case(learning=_CHANCE, groups={"head": {"moved": -1.6}}),
            "floor_predictions": {"tfidf_linear": example_evidence.right_and_wrong(100, 300)},
        },
        "cannot_tell",
    ),
    Case(
        "a linear model learns a lot",
        "firing",
        {
            **_case(learning=_CHANCE, groups={"head": {"moved": -1.6}}),
            "floor_predictions": {"tfidf_linear": example_evidence.right_and_wrong(360, 40)},
        },
        "fired",
    ),
    Case(
        "no loss was seen",
        "near_miss",
        {"training": replace(example.HEALTHY, learning=None), "history": ()},
        "cannot_tell",
    ),
)
