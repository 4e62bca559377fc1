"""The optimizer's steps are not as planned: gradients pile up, rates are 0, steps are missing.

## What it is

The mechanics of training go wrong: gradients are not zeroed between steps, or are zeroed between
backward and step; a step is made without a new gradient, the learning rate is 0 for a good part of
the run (a schedule stepped twice per step, or made for fewer steps), the peak rate is never
reached, steps are missing, or steps leave no trace in the weights because the change is smaller
than their precision.

## Why it hurts

Training runs to its end without any error and is worse than it should be, or does nothing.

## How it is detected

Exactly, from the optimizer itself: whether the gradient of a parameter was 0 before the first
backward pass after a step, whether there was a backward pass and its gradient is still there when
the step is made, every learning rate, the number of
steps against the plan, and whether tensors with a gradient and a rate ever changed.

## What stays quiet

A rate of 0 in the first or last steps. Gradient accumulation. Early stopping and time budgets. A
closure handed to the optimizer: it makes its gradients inside the step and is not looked at.

## What to do

Call `zero_grad`, `backward`, `step` and the schedule's `step` once each for every update; train in
float32 or mixed precision instead of pure half precision.
"""

from __future__ import annotations

from luthier.faults import example_training as example
from luthier.kit.plural import plural
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
    Severity,
    TrainingFacts,
)

FAULT = FaultInfo("steps_not_as_planned", "T7", "Optimizer steps are not as planned")

WITHOUT_RATE, MANY_WITHOUT_RATE = 0.05, 0.25
"""Share of steps at a rate of 0 from which it is a finding, and from which it is `high`."""

FEW_STEPS = 0.98
"""Share of the planned steps below which steps are missing."""

PEAK = 0.5
"""Highest rate as a share of the planned one below which the peak was not reached."""

Wrong = tuple[str, Severity, str]


def detect(training: TrainingFacts) -> Outcome:
    """Hold every count against the plan."""
    steps = training.steps
    if not steps.done:
        return CannotTell("No step was made.", "at least one optimizer step")
    wrong = [*_gradients(training), *_rates(training), *_missing(training)]
    measured = {
        "steps": steps.done,
        "planned_steps": steps.expected,
        "stale_steps": steps.stale,
        "steps_cleared": steps.cleared,
        "steps_without_backward": steps.without_backward,
        "steps_checked": steps.checked,
        "steps_without_rate": steps.without_rate,
        "highest_rate": steps.highest_rate,
        "planned_rate": steps.planned_rate,
        "tensors_without_effect": sum(group.lost for group in training.groups),
    }
    if not wrong:
        done = steps.done
        said = f"{done:,} step{plural(done)} with fresh gradients, a rate and an effect each."
        return Clear(said if steps.checked else "Rates and steps are as planned.", measured)
    kinds = [kind for kind, _, _ in wrong]
    return Fired(
        " ".join(said for _, _, said in wrong),
        "high" if any(severity == "high" for _, severity, _ in wrong) else "medium",
        {"kinds": kinds, **measured},
        {"without_rate": WITHOUT_RATE, "few_steps": FEW_STEPS, "peak": PEAK},
    )


def _gradients(training: TrainingFacts) -> list[Wrong]:
    steps, found = training.steps, list[Wrong]()
    if steps.stale:
        what = f"Gradients of an earlier step went into {steps.stale:,} of {steps.checked:,} steps."
        found.append(("stale", "high", what))
    if steps.cleared:
        what = (
            f"Gradients were cleared between backward and step in {steps.cleared:,} of "
            f"{steps.checked:,} steps: these had nothing to go by."
        )
        found.append(("cleared", "high", what))
    if steps.without_backward:
        what = f"{steps.without_backward:,} of {steps.checked:,} steps had no new gradient."
        found.append(("without_backward", "high", what))
    lost = [group for group in training.groups if group.lost]
    if lost:
        count, held = sum(g.lost for g in lost), sum(g.in_optimizer for g in training.groups)
        severity: Severity = "high" if count > held / 2 else "medium"
        what = (
            f"{count} of {held} tensors had gradients and a learning rate and yet never changed "
            f"({lost[0].dtype})."
        )
        found.append(("no_effect", severity, what))
    return found


def _rates(training: TrainingFacts) -> list[Wrong]:
    steps = training.steps
    share = steps.without_rate / steps.done
    if steps.without_rate > 2 and share > WITHOUT_RATE:
        severity: Severity = "high" if share > MANY_WITHOUT_RATE else "medium"
        what = f"The learning rate was 0 in {steps.without_rate:,} of {steps.done:,} steps."
        return [("without_rate", severity, what)]
    planned = steps.planned_rate
    if planned and not steps.ended_early and steps.highest_rate < PEAK * planned:
        what = f"The highest learning rate was {steps.highest_rate:.3g}, planned was {planned:.3g}."
        return [("peak", "medium", what)]
    return []


def _missing(training: TrainingFacts) -> list[Wrong]:
    steps = training.steps
    last = training.watched_from - 1 + steps.done
    if steps.expected is None or steps.ended_early or training.broken is not None:
        return []
    if last < FEW_STEPS * steps.expected:
        what = f"{last:,} of {steps.expected:,} planned steps were made."
        return [("missing", "high" if last < steps.expected / 2 else "medium", what)]
    return []


CURES = {
    "stale": "Call optimizer.zero_grad() after (or before) every step.",
    "cleared": "Call optimizer.zero_grad() before loss.backward() or after optimizer.step(), never "
    "between the two.",
    "without_backward": "Call loss.backward() before every step.",
    "no_effect": "Train in float32, or in mixed precision with float32 weights.",
    "without_rate": "Step the schedule once per optimizer step, and make it for all planned steps.",
    "peak": "Warm up for fewer steps than the run has (warmup_steps).",
    "missing": "Make an optimizer step for every batch, or plan for the steps that are made.",
}


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """What to change in the loop."""
    why = "The loop did not do what its plan says, so no other figure of the run can be trusted."
    return tuple(
        Prescription(CURES[kind], why, Applicability.ADVICE) for kind in fired.measured["kinds"]
    )


PLANT = Plant(
    level="run",
    operator="break_the_loop",
    severities=({"how": "few_steps"}, {"how": "schedule_too_fast"}, {"how": "no_zero_grad"}),
    accept=("learning_rate_too_low", "learning_rate_too_high", "one_answer"),
    must_not=("parameters_not_trained", "pretrained_weights_missing", "probabilities_into_loss"),
)


def _case(**changes: object) -> dict[str, object]:
    return {"training": example.training(**changes)}  # type: ignore[arg-type]


CASES = (
    Case("zero_grad is never called", "firing", _case(steps={"stale": 399}), "fired"),
    Case("half of the steps at a rate of 0", "firing", _case(steps={"without_rate": 200}), "fired"),
    Case("half of the steps are missing", "firing", _case(steps={"done": 200}), "fired"),
    Case("zero_grad after backward", "firing", _case(steps={"cleared": 400}), "fired"),
    Case("no backward pass", "firing", _case(steps={"without_backward": 400}), "fired"),
    Case("the warm-up never ends", "firing", _case(steps={"highest_rate": 4e-6}), "fired"),
    Case(
        "bfloat16 weights at a small rate",
        "firing",
        _case(groups={"layer": {"lost": 14, "changed": 2, "dtype": "bfloat16"}}),
        "fired",
    ),
    Case("as planned", "quiet", _case(), "clear"),
    Case(
        "stopped early, gradients of four batches each",
        "near_miss",
        _case(steps={"done": 120, "ended_early": True, "backwards": 4}),
        "clear",
    ),
)
