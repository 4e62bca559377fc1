"""The loss gets probabilities where it wants raw outputs, or the other way round.

## What it is

A softmax (or sigmoid) stands before a loss that takes it itself: cross-entropy then squeezes
numbers between 0 and 1 a second time. Or `nll_loss`, which wants log-probabilities, gets raw
outputs.

## Why it hurts

With two softmaxes the loss can never fall below ln(1 + (K - 1)/e) for K labels (0.74 for four), and
gradients shrink: training is slow and stops early, while the answers look sound. With raw outputs
in `nll_loss` the loss falls without end and means nothing.

## How it is detected

Exactly, on the numbers that reach the loss in a sample of the steps: rows that are not negative and
sum to 1 (within 1e-4), rows inside [0, 1], rows whose exponentials do not sum to 1 before
`nll_loss`; a finding from 99 % of the rows. Where the numbers were not seen, the fingerprint of two
softmaxes in the loss: nine training answers in ten right, while the loss stays above the floor
named above and within 25 % of it.

## What stays quiet

Log-probabilities before cross-entropy: a second log-softmax changes nothing. Label smoothing, which
raises the loss as well.

## What to do

Hand the raw outputs (logits) to the loss, and take the softmax only for people.
"""

from __future__ import annotations

import math
from typing import Any

from luthier.faults import example_training as example
from luthier.records import (
    Applicability,
    CannotTell,
    Case,
    Clear,
    FaultInfo,
    Fired,
    LossFacts,
    Outcome,
    Plant,
    Prescription,
    TrainingFacts,
)

FAULT = FaultInfo("probabilities_into_loss", "T8", "The loss gets the wrong kind of numbers")

NEARLY_ALL = 0.99
"""Share of the rows that must show it."""

FEWEST_ROWS = 50
"""Fewer rows may all lie between 0 and 1 by chance."""

LEARNED, ABOVE_FLOOR = 0.9, 0.25
"""Training accuracy from which the loss should be far below the floor, and how near it counts."""


def detect(training: TrainingFacts) -> Outcome:
    """Look at the numbers that reached the loss."""
    loss = training.loss
    if loss is None:
        return CannotTell("No loss was seen.", "a loss of torch.nn.functional or of the model")
    measured: dict[str, Any] = {
        "loss": loss.called,
        "labels": loss.width,
        "rows": loss.rows,
        "share_like_probabilities": loss.like_probabilities / max(1, loss.rows),
        "share_between_0_and_1": loss.between_0_and_1 / max(1, loss.rows),
        "share_like_log_probabilities": loss.like_log_probabilities / max(1, loss.rows),
    }
    if loss.rows < FEWEST_ROWS:
        seen = f"Rows that reached the loss: {loss.rows}."
        return CannotTell(seen, f"{FEWEST_ROWS} rows", measured)
    kind = _exact(loss) or _by_floor(training, measured)
    if not kind:
        said = f"What reaches {loss.called} is of the kind it wants"
        return Clear(f"{said} ({loss.rows:,} rows looked at).", measured)
    return Fired(
        f"{SAID[kind].format(called=loss.called)} ({loss.rows:,} rows looked at).",
        "high",
        {"kind": kind, **measured},
        {"share_of_rows": NEARLY_ALL},
    )


SAID = {
    "softmax": "Rows that reach {called} are probabilities already: they sum to 1",
    "sigmoid": "Numbers that reach {called} lie between 0 and 1: they went through a sigmoid",
    "no_log": "{called} wants log-probabilities, and the rows that reach it are none",
    "floor": "The loss of {called} stays just above the floor of two softmaxes, although the "
    "training rows are answered rightly",
}


def _exact(loss: LossFacts) -> str:
    many = NEARLY_ALL * loss.rows
    if loss.kind == "cross_entropy" and loss.width > 1:
        if loss.like_probabilities >= many:
            return "softmax"
        return "sigmoid" if loss.between_0_and_1 >= many else ""
    if loss.kind == "nll" and loss.like_log_probabilities <= loss.rows - many:
        return "no_log"
    if loss.kind == "binary_with_logits" and loss.between_0_and_1 >= many:
        return "sigmoid"
    return ""


def _by_floor(training: TrainingFacts, measured: dict[str, Any]) -> str:
    """The fingerprint, where a model took its loss itself and the numbers are not those it used."""
    loss, learning = training.loss, training.learning
    if loss is None or loss.kind != "other" or learning is None or loss.smoothing:
        return ""
    floor = math.log(1 + (loss.width - 1) / math.e)
    measured |= {"floor": floor, "late_loss": learning.late_loss}
    learned = learning.right >= LEARNED * learning.rows
    near = floor <= learning.least_loss and learning.late_loss <= (1 + ABOVE_FLOOR) * floor
    return "floor" if learned and near and loss.width > 1 else ""


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Take the extra function away."""
    cures = {
        "no_log": "Put log_softmax before nll_loss, or use cross_entropy on the raw outputs.",
        "sigmoid": "Take the sigmoid before the loss away; use it for the answers only.",
    }
    what = cures.get(
        fired.measured["kind"],
        "Take the softmax before the loss away; use it for the answers only.",
    )
    why = "The loss takes it by itself; two of them keep the loss up and the gradients small."
    return (Prescription(what, why, Applicability.ADVICE),)


PLANT = Plant(
    level="run",
    operator="change_the_loss",
    severities=({"how": "sigmoid"}, {"how": "softmax"}, {"how": "no_log"}),
    accept=("learning_rate_too_low", "learning_rate_too_high", "one_answer"),
    must_not=("parameters_not_trained", "pretrained_weights_missing", "steps_not_as_planned"),
)


def _case(**loss: object) -> dict[str, object]:
    return {"training": example.training(loss=dict(loss))}


_OWN = {"kind": "other", "called": "its own loss"}

CASES = (
    Case(
        "a softmax before cross-entropy",
        "firing",
        _case(like_probabilities=2_000, between_0_and_1=2_000),
        "fired",
    ),
    Case("a sigmoid before cross-entropy", "firing", _case(between_0_and_1=2_000), "fired"),
    Case("raw outputs in nll_loss", "firing", _case(kind="nll", called="nll_loss"), "fired"),
    Case(
        "a loss that stays at the floor",
        "firing",
        {
            "training": example.training(
                loss=_OWN, learning={"right": 2_500, "late_loss": 0.78, "least_loss": 0.76}
            )
        },
        "fired",
    ),
    Case("raw outputs", "quiet", _case(), "clear"),
    Case(
        "log-probabilities before cross-entropy",
        "near_miss",
        _case(like_log_probabilities=2_000, between_0_and_1=0),
        "clear",
    ),
    Case("a loss of its own that falls below", "near_miss", _case(**_OWN), "clear"),
    Case("twelve rows", "near_miss", _case(rows=12, between_0_and_1=12), "cannot_tell"),
)
