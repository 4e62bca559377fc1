"""The accuracy that is aimed at is more than the labels allow.

## What it is

`evaluate.target_accuracy` asks for more than a model that is always right would get here: it seems
wrong wherever a label is.

## Why it hurts

No model, setting or longer training gets there. Weeks can go into the last points that are not
there to be won, and who gets there all the same has learned the mistakes of the labels.

## How it is detected

Two bounds on the accuracy of a perfect model, from all labelled rows: 1 minus the share of wrong
labels with its 95 % interval (see wrong_labels), and the share that is left when texts that carry
several labels get the commonest of theirs (see conflicting_labels; a count). The fault fires when
the target lies above the upper end of the lower bound, with high severity when by 5 points.

## What stays quiet

A run without a target. A target inside the interval: nobody can tell. Rows whose labels the judge
knows too little about.

## What to do

Correct the labels (relabel queue), or aim at what they allow. If the test rows were labelled more
carefully than the others, the bound does not hold for them.
"""

from __future__ import annotations

from luthier.faults import example_evidence as example
from luthier.kit.ceiling import ceilings
from luthier.kit.relabel_queue import HOW_TO_REVIEW
from luthier.records import (
    Applicability,
    CannotTell,
    Case,
    Clear,
    FaultInfo,
    Fired,
    LabelOpinions,
    Outcome,
    Plant,
    Prescription,
    Rows,
    Severity,
)
from luthier.settings import Settings

FAULT = FaultInfo(
    "target_above_ceiling",
    "E12",
    "The target is above what the labels allow",
    symptom_of=("wrong_labels", "conflicting_labels"),
)

FAR = 0.05
"""So far above the upper end of what is possible, work on the model is surely in vain."""

BOUNDS = ("label_noise", "conflicting_duplicates")
"""Agreement of annotators is none: two people who are each right in 90 % agree in fewer rows."""


def detect(rows: Rows, label_opinions: LabelOpinions, settings: Settings) -> Outcome:
    """Compare the target with the lower of the bounds."""
    target = settings.evaluate.target_accuracy
    if target is None:
        needs = "the accuracy that you need (evaluate.target_accuracy)"
        return CannotTell("No accuracy is aimed at.", needs)
    found = ceilings(rows, label_opinions.linear.row_ids, label_opinions)
    bounds = {name: found[name]["accuracy"] for name in BOUNDS if name in found}
    if not bounds:
        return CannotTell("No row has a label.", "labelled rows")
    name, bound = min(bounds.items(), key=lambda item: item[1].high)
    measured = {
        "target": target,
        "bound": name,
        "ceiling": bound.value,
        "ceiling_low": bound.low,
        "ceiling_high": bound.high,
        "rows": bound.n,
    }
    limits = {"ceiling_high": bound.high, "far": FAR}
    said = (
        f"A model that is always right would get {bound.value:.1%} [{bound.low:.1%}, "
        f"{bound.high:.1%}] by these labels; the target is {target:.1%}."
    )
    if target > bound.high:
        severity: Severity = "high" if target > bound.high + FAR else "medium"
        return Fired(said, severity, measured, limits)
    if "label_noise" not in bounds:
        return CannotTell(
            "How many labels are wrong is not known, so neither is what they allow.",
            "a person who reads 100 rows",
            measured,
        )
    if target > bound.low:
        wanted = 4 * bound.n  # half as wide
        return CannotTell(said, f"about {wanted:,} rows", measured)
    return Clear(said, measured)


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """The labels, or the target."""
    found = fired.measured
    return (
        Prescription(
            HOW_TO_REVIEW,
            "Only better labels raise what a model can reach by them.",
            Applicability.ADVICE,
        ),
        Prescription(
            f"Aim at {found['ceiling_low']:.0%} at most with these labels.",
            f"A model that is always right would get {found['ceiling']:.1%}.",
            Applicability.ADVICE,
        ),
    )


PLANT = Plant(
    level="data",
    operator="aim_too_high",
    severities=({"above": 0.03}, {"above": 0.06}, {"above": 0.10}),
    accept=("wrong_labels", "confused_labels"),
    must_not=("conflicting_labels", "shared_vocabulary"),
)


def _case(wrong: float, target: float | None, rows: int = 1000) -> dict[str, object]:
    return {
        "rows": example.rows([f"text {i}" for i in range(rows)], list("abcd") * (rows // 4)),
        "label_opinions": example.opinions(rows, contradicted=wrong, hard=0.3),
        "settings": Settings.model_validate({"evaluate": {"target_accuracy": target}}),
    }


CASES = (
    Case("one label in seven wrong, 99 % wanted", "firing", _case(0.15, 0.99), "fired"),
    Case("every label borne out, 90 % wanted", "quiet", _case(0.0, 0.9), "clear"),
    Case("one label in seven wrong, 70 % wanted", "near_miss", _case(0.15, 0.7), "clear"),
    Case("no target", "near_miss", _case(0.15, None), "cannot_tell"),
    Case("the target lies inside the interval", "near_miss", _case(0.15, 0.8), "cannot_tell"),
    Case("twenty rows", "near_miss", _case(0.15, 0.9, rows=20), "cannot_tell"),
)
