"""A number in training was infinite or not a number.

## What it is

The loss, a gradient, a weight or an output became NaN or infinite: a rate that is far too high, an
overflow in half precision, a division by 0, or damaged weights.

## Why it hurts

NaN spreads: after one step every weight is NaN, and the rest of the run is lost. In mixed precision
the step is skipped in silence, again and again.

## How it is detected

Exactly: the loss of every step, and gradients and weights of the watched steps, are checked. At the
first one that is not finite the batch is answered once more, and the first module whose output is
not finite is named.

## What stays quiet

A loss that is very large but finite: see `learning_rate_too_high`.

## What to do

Lower the learning rate and clip gradients; train in float32 or bfloat16 instead of float16. Where
the first module is an embedding or the weights themselves are damaged, load them again.
"""

from __future__ import annotations

from luthier.faults import example_training as example
from luthier.kit.plural import plural
from luthier.records import (
    Applicability,
    BrokenFacts,
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

FAULT = FaultInfo("not_finite", "T3", "Training went out of bounds")


def detect(training: TrainingFacts) -> Outcome:
    """Say where the first number was that is not finite."""
    broken = training.broken
    if broken is None:
        done = training.steps.done
        if not done:
            return CannotTell("No step was made.", "at least one optimizer step")
        return Clear(f"Every loss of {done:,} step{plural(done)} was finite.")
    at = f", first in {broken.where}" if broken.where else ""
    before = ""
    if broken.gradient_before is not None:
        before = f", gradient norm before {broken.gradient_before:.3g}"
    return Fired(
        f"Not finite: the {broken.what} in step {broken.step:,}{at} (learning rate "
        f"{broken.learning_rate:.3g}, {broken.dtype}{before}).",
        "high",
        {
            "step": broken.step,
            "what": broken.what,
            "where": broken.where,
            "dtype": broken.dtype,
            "learning_rate": broken.learning_rate,
            "highest_rate": max(training.steps.highest_rate, broken.learning_rate),
            "gradient_before": broken.gradient_before,
        },
    )


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Smaller steps, wider numbers, whole weights."""
    found = fired.measured
    if found["step"] == 1 and found["what"] == "weights":
        what = f"Load the weights again: {found['where']} was damaged before the first step."
        return (Prescription(what, "No setting mends a weight of NaN.", Applicability.ADVICE),)
    if found["dtype"] == "float16":
        what = "Train in bfloat16 or float32: from_pretrained(..., dtype=torch.float32)."
        why = (
            "float16 ends at 65,504, and sums in a transformer go beyond it; Adam's steps vanish "
            "in weights of half precision at any rate."
        )
        return (Prescription(what, why, Applicability.ADVICE),)
    slower = {"train.learning_rate": float(f"{found['highest_rate'] / 10:.3g}")}
    why = "Smaller steps keep the weights where the numbers are finite."
    ask = Applicability.ASK
    cures = [Prescription("Lower the learning rate tenfold.", why, ask, slower)]
    if not _is_clipped(found["gradient_before"]):
        cures.append(
            Prescription(
                "Clip gradients to norm 1.",
                "A single batch cannot throw the weights far away then.",
                ask,
                {"train.max_grad_norm": 1.0},
            )
        )
    return tuple(cures)


def _is_clipped(gradient: float | None) -> bool:
    """Whether the gradient before had just the norm that is advised."""
    return gradient is not None and abs(gradient - 1.0) < 1e-3


PLANT = Plant(
    level="run",
    operator="overflow",
    severities=({"how": "late"}, {"how": "module"}, {"how": "weight"}),
    accept=(
        "learning_rate_too_high",
        "learning_rate_too_low",
        "one_answer",
        "pretrained_weights_missing",  # a damaged weight differs from its file
        "gradients_vanish",
    ),
    must_not=("probabilities_into_loss", "rows_in_label_order"),
)

_LOSS = BrokenFacts(37, "loss", "bert.encoder.layer.1.output.dense", "float16", 0.3, 812.0)

CASES = (
    Case("a loss of NaN", "firing", {"training": example.training(broken=_LOSS)}, "fired"),
    Case(
        "a damaged weight",
        "firing",
        {
            "training": example.training(
                broken=BrokenFacts(1, "weights", "embeddings.weight", "float32", 2e-5, None)
            )
        },
        "fired",
    ),
    Case("all finite", "quiet", {"training": example.training()}, "clear"),
    Case(
        "a loss of a thousand",
        "near_miss",
        {"training": example.training(learning={"late_loss": 1_000.0})},
        "clear",
    ),
)
