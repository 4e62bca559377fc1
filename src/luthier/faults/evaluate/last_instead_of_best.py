"""The last weights were judged or shipped, not the best ones.

## What it is

Training went on after its best checkpoint, and the weights that answered the test rows, or those
that ship, are those of the last step.

## Why it hurts

The figures, or the model that people get, are worse than what was already there; nothing else
in the run shows it.

## How it is detected

Each checkpoint has a digest: sha256 over its weight tensors. The digests of the evaluated and of
the shipped weights are compared with those of the best and the last checkpoint. This is
exact. What it costs is the regret: validation metric at the best step minus that at the last.

## What stays quiet

Runs whose last step is their best one.

## What to do

Evaluate and export the best checkpoint, then look at the figures again.
"""

from __future__ import annotations

from luthier.faults import example_evidence as example
from luthier.records import (
    Applicability,
    CannotTell,
    Case,
    CheckpointFacts,
    Clear,
    FaultInfo,
    Fired,
    Outcome,
    Plant,
    Prescription,
    Severity,
)

FAULT = FaultInfo("last_instead_of_best", "E5", "Last weights instead of the best")

LIMITS: tuple[tuple[float, Severity], ...] = ((0.03, "high"), (0.01, "medium"))
"""Regret on the validation metric from which it counts so much; below all of them it is low."""


def detect(checkpoints: CheckpointFacts) -> Outcome:
    """Compare digests."""
    facts = checkpoints
    used = {"evaluated": facts.evaluated, "shipped": facts.shipped}
    unknown = [role for role, digest in used.items() if not digest]
    if unknown or not facts.best or not facts.last:
        return CannotTell("Some weights have no digest.", "digests of all checkpoints")
    regret = facts.best_metric - facts.last_metric
    if facts.metric_name == "loss":
        regret = -regret
    measured = {
        "best_step": facts.best_step,
        "last_step": facts.last_step,
        "best_metric": facts.best_metric,
        "last_metric": facts.last_metric,
        "regret": regret,
    }
    if facts.last == facts.best:
        return Clear("The last weights are the best ones.", measured)
    wrong = [role for role, digest in used.items() if digest == facts.last]
    if wrong:
        return Fired(
            f"The {' and '.join(wrong)} weights are those of the last step ({facts.last_step}), "
            f"not of the best one ({facts.best_step}): validation {facts.metric_name} "
            f"{facts.last_metric:.3f} instead of {facts.best_metric:.3f}.",
            next((severity for limit, severity in LIMITS if regret >= limit), "low"),
            measured | {"wrong_weights": wrong},
            {severity: limit for limit, severity in LIMITS},
        )
    strange = [role for role, digest in used.items() if digest != facts.best]
    if strange:
        return CannotTell(
            f"The {' and '.join(strange)} weights are neither the best nor the last checkpoint.",
            "weights whose digest is in the run's history; evaluate the run again",
            measured,
        )
    return Clear("The best weights were evaluated and shipped.", measured)


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Nothing needs to be trained again: the better weights exist."""
    return (
        Prescription(
            "Evaluate and export checkpoints/best instead of checkpoints/last.",
            f"It is {fired.measured['regret']:.3f} better on validation and is on disk already.",
            Applicability.ASK,
        ),
    )


PLANT = Plant(
    level="run",
    operator="swap_in_last_checkpoint",
    severities=({"extra_epochs": 5}, {"extra_epochs": 15}, {"extra_epochs": 40}),
    accept=("overfitting_or_too_few_labels",),
    must_not=("conflicting_labels", "train_test_duplicates"),
)

CASES = (
    Case(
        "last evaluated and shipped",
        "firing",
        {"checkpoints": example.checkpoints("last", "last")},
        "fired",
    ),
    Case(
        "last shipped only", "firing", {"checkpoints": example.checkpoints("best", "last")}, "fired"
    ),
    Case("best used", "quiet", {"checkpoints": example.checkpoints("best", "best")}, "clear"),
    Case(
        "the last step is the best one",
        "near_miss",
        {"checkpoints": example.checkpoints("best", "best", last="best")},
        "clear",
    ),
    Case(
        "weights that no checkpoint knows",
        "near_miss",
        {"checkpoints": example.checkpoints("other", "best")},
        "cannot_tell",
    ),
)
