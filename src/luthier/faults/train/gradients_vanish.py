"""Gradients of the lower layers vanish, and the loss does not fall.

## What it is

What the loss sends back is lost on its way down: saturated activations, a broken normalisation, or
a rate that has ruined the layers.

## Why it hurts

Layers without a gradient stay as they are; only the head learns, on features that do not suit.

## How it is detected

Mean |gradient| of the layers, median over the last third of the watched steps: below 1e-7 in all of
them, or in the lowest below a thousandth of the highest and below 1e-4; and the loss of the last
fifth of the steps is not 5 % below that of the first steps, or the answers are not better than the
most frequent label. Embeddings are left out: most of their
rows have no gradient in any batch.

## What stays quiet

Small gradients of a model that has learned its rows: they are small because nothing is left to
learn.

## What to do

Lower the rate; if the gradient was never there, look for a saturated activation between the layers.
"""

from __future__ import annotations

from luthier.faults import example_training as example
from luthier.kit.rate_signs import rate_signs
from luthier.records import (
    Applicability,
    CannotTell,
    Case,
    Clear,
    FaultInfo,
    Fired,
    Outcome,
    Plant,
    Prescription,
    TrainingFacts,
)

FAULT = FaultInfo(
    "gradients_vanish",
    "T4",
    "Gradients of the layers vanish",
    symptom_of=(
        "learning_rate_too_high",
        "parameters_not_trained",
        "probabilities_into_loss",
        "not_finite",
        "steps_not_as_planned",
        "rows_in_label_order",
    ),
)

GONE = 1e-7
"""Mean |gradient| below which there is none."""

RATIO, SMALL = 1e-3, 1e-4
"""Lowest layer against highest, and the gradient itself, below which it is lost on the way."""

NOT_LEARNED = 0.95
"""Late loss over first loss above which nothing was learned."""


def detect(training: TrainingFacts) -> Outcome:
    """Compare the gradients of the layers with each other and with what is left to learn."""
    body = training.group("layer") or training.body  # a plain network has no numbered layers
    layers = [g for g in body if g.in_optimizer and g.late_gradient is not None]
    learning = training.learning
    if not layers or learning is None:
        needs = "trained layers with gradients, and the loss"
        return CannotTell("Gradients of layers, or the loss, were not seen.", needs)
    gradients = [g.late_gradient or 0.0 for g in layers]
    early = [g.early_gradient or 0.0 for g in layers]
    ratio = gradients[0] / gradients[-1] if gradients[-1] else 0.0
    measured = {
        "lowest_layer": gradients[0],
        "highest_layer": gradients[-1],
        "early_lowest_layer": early[0],
        "ratio": ratio,
        "first_loss": learning.first_loss,
        "late_loss": learning.late_loss,
    }
    said = f"Mean gradient of {layers[0].name} {gradients[0]:.2g}, of {layers[-1].name} "
    said += f"{gradients[-1]:.2g}; the loss went from {learning.first_loss:.3f} to "
    said += f"{learning.late_loss:.3f}"
    signs = rate_signs(training)
    stuck = learning.late_loss > NOT_LEARNED * learning.first_loss
    stuck = stuck or (signs is not None and signs.failed)
    lost = ratio < RATIO and gradients[0] < SMALL and len(layers) > 1
    if stuck and (max(gradients) < GONE or lost):
        limits = {"gone": GONE, "ratio": RATIO, "small": SMALL}
        return Fired(f"{said}.", "high", {"from_start": early[0] < GONE, **measured}, limits)
    return Clear(f"{said}.", measured)


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Look for what saturates."""
    if fired.measured["from_start"]:
        what = "Look for what stops the gradient between head and layers: a saturated activation, "
        what += "a detach(), a norm that was removed."
        why = "It was never there, so no rate brought it to an end."
        return (Prescription(what, why, Applicability.ADVICE),)
    what = "Lower the learning rate; see learning_rate_too_high."
    why = "The gradient was there at first and went away while the weights moved."
    return (Prescription(what, why, Applicability.ADVICE),)


PLANT = Plant(
    level="run",
    operator="saturate",
    severities=({"scale": 12.0}, {"scale": 16.0}, {"scale": 20.0}),
    accept=(
        "one_answer",
        "learning_rate_too_high",
        "learning_rate_too_low",
        "parameters_not_trained",  # where the gradient is exactly 0, none reaches the layers
    ),
    must_not=("pretrained_weights_missing", "steps_not_as_planned", "probabilities_into_loss"),
)

_STUCK = {"late_loss": 1.38, "least_loss": 1.37}


def _case(**changes: object) -> dict[str, object]:
    return {"training": example.training(**changes)}  # type: ignore[arg-type]


CASES = (
    Case(
        "no gradient in any layer",
        "firing",
        _case(learning=_STUCK, groups={"layer": {"late_gradient": 1e-9, "early_gradient": 0.0}}),
        "fired",
    ),
    Case(
        "lost between two layers",
        "firing",
        _case(learning=_STUCK, groups={"layer 0": {"late_gradient": 1e-9}}),
        "fired",
    ),
    Case("gradients everywhere", "quiet", _case(), "clear"),
    Case(
        "nothing is left to learn",
        "near_miss",
        _case(groups={"layer": {"late_gradient": 1e-9}}),
        "clear",
    ),
    Case("not enough seen", "near_miss", {"training": example.UNSEEN}, "cannot_tell"),
)
