"""Rows come in the order of their labels: the batches are not mixed.

## What it is

The file is sorted by label (or by source, which is nearly the same) and the loader does not
shuffle, so that most batches hold one label.

## Why it hurts

Each batch pulls the model towards its own label and away from what it learned before. In the end it
answers the labels that came last.

## How it is detected

The mean entropy of the labels within the first 64 batches, against 200 random orders of the same
rows (permutation test): below all of them, and below four fifths of their mean.

## What stays quiet

A sorted file with a loader that shuffles. Batches of rows of like length in random order, where
lengths tell something about labels: Luthier's own, those of a `Trainer` that groups by length, and
where `luthier.watch(by_length=True)` says so. Fewer than four batches of four rows.

## What to do

Shuffle the training rows in every epoch.
"""

from __future__ import annotations

from dataclasses import asdict, replace

from luthier.faults import example_training as example
from luthier.records import (
    Applicability,
    CannotTell,
    Case,
    Clear,
    FaultInfo,
    Fired,
    OrderFacts,
    Outcome,
    Plant,
    Prescription,
    TrainingFacts,
)

FAULT = FaultInfo("rows_in_label_order", "D17", "Training rows come in the order of their labels")

LOST_ENTROPY = 0.8
"""Entropy within batches over that of random orders, below which the order matters."""

MOSTLY = 0.5
"""Share of batches with a single label from which it is `high`."""


def detect(training: TrainingFacts) -> Outcome:
    """Hold the entropy within batches against random orders."""
    order = training.order
    if order is None:
        return CannotTell("No class ids were seen.", "four batches of at least four class ids")
    measured = {**asdict(order)}
    said = (
        f"Labels within {order.batches} batches have an entropy of {order.entropy:.2f}, in random "
        f"order {order.expected:.2f}"
    )
    ordered = order.entropy < min(order.lowest, LOST_ENTROPY * order.expected)
    if not ordered:
        return Clear(f"{said}.", measured)
    if order.by_length:
        return Clear(
            f"{said}: rows of like length share a batch, and lengths tell labels.", measured
        )
    return Fired(
        f"{said}; batches that hold a single label: {order.one_label}.",
        "high" if order.one_label >= MOSTLY * order.batches else "medium",
        measured,
        {"lost_entropy": LOST_ENTROPY, "mostly": MOSTLY},
    )


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Shuffle."""
    return (
        Prescription(
            "Shuffle the training rows in every epoch (shuffle=True in the DataLoader).",
            f"{fired.measured['one_label']} of {fired.measured['batches']} batches teach one label "
            "and unteach the others.",
            Applicability.ADVICE,
        ),
    )


PLANT = Plant(
    level="run",
    operator="sort_by_label",
    severities=({"mixed": 0.5}, {"mixed": 0.2}, {"mixed": 0.0}),
    accept=("one_answer", "learning_rate_too_high", "learning_rate_too_low", "gradients_vanish"),
    must_not=("parameters_not_trained", "pretrained_weights_missing", "steps_not_as_planned"),
)


def _case(order: OrderFacts | None) -> dict[str, object]:
    return {"training": replace(example.HEALTHY, order=order)}


CASES = (
    Case("sorted by label", "firing", _case(OrderFacts(64, 2_048, 0.1, 1.3, 1.27, 60)), "fired"),
    Case("half sorted", "firing", _case(OrderFacts(64, 2_048, 0.8, 1.3, 1.27, 9)), "fired"),
    Case("shuffled", "quiet", _case(OrderFacts(64, 2_048, 1.30, 1.3, 1.27, 0)), "clear"),
    Case(
        "by length, which tells a little of the label",
        "near_miss",
        _case(OrderFacts(64, 2_048, 1.2, 1.3, 1.27, 0)),
        "clear",
    ),
    Case(
        "by length, which tells much of the label, in batches that are meant to be so",
        "near_miss",
        _case(OrderFacts(64, 2_048, 0.5, 1.3, 1.27, 13, by_length=True)),
        "clear",
    ),
    Case("targets without class ids", "near_miss", _case(None), "cannot_tell"),
)
