"""Other weights than the best ones were judged or shipped.

## What it is

The weights that answered the test rows, or those that ship, are not those of the best checkpoint:
they are of the last step, they were never trained, or the judged ones are not the ones that ship.

## Why it hurts

Where other weights were judged than ship, the figures say nothing about the model that people get.
Where the last ones are used, figures or model are worse than what was already there. Nothing else
in the run shows either.

## How it is detected

Each checkpoint has a digest: sha256 over its weight tensors. The digests of the evaluated and of
the shipped weights are compared with each other and with those of the first, best and last
checkpoint. This is exact. What the last step costs is the regret: validation metric at the best
step minus that at the last.

## What stays quiet

Runs whose best weights were judged and shipped, be they those of the last step or not. Judged and
shipped weights that are the same but no checkpoint of the run: whether they are worse is unknown.

## What to do

Export the best checkpoint, judge what ships (`luthier evaluate RUN`), and look at the figures
again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

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

FAULT = FaultInfo("last_instead_of_best", "E5", "Other weights than the best ones")

Role = Literal["best", "last", "initial", "other"]

WORDS: Mapping[Role, str] = {
    "best": "those of the best checkpoint",
    "last": "those of the last step",
    "initial": "untrained ones",
    "other": "weights that no checkpoint of the run holds",
}

USED: Mapping[tuple[bool, bool], str] = {
    (True, True): "The weights that were judged and ship",
    (True, False): "The weights that were judged",
    (False, True): "The weights that ship",
}
"""By whether the judged weights, and those that ship, are the last ones."""

LIMITS: tuple[tuple[float, Severity], ...] = ((0.03, "high"), (0.01, "medium"))
"""Regret on the validation metric from which it counts so much; below all of them it is low."""


def detect(checkpoints: CheckpointFacts) -> Outcome:
    """Compare digests."""
    facts = checkpoints
    used = {"evaluated": facts.evaluated, "shipped": facts.shipped}
    if not all((facts.best, facts.last, *used.values())):
        return CannotTell("Some weights have no digest.", "digests of all checkpoints")
    regret = facts.best_metric - facts.last_metric
    regret = -regret if facts.metric_name == "loss" else regret
    roles = {role: _role(digest, facts) for role, digest in used.items()}
    measured: dict[str, Any] = {
        "best_step": facts.best_step,
        "last_step": facts.last_step,
        "best_metric": facts.best_metric,
        "last_metric": facts.last_metric,
        "regret": regret,
        "wrong_weights": [role for role, found in roles.items() if found != "best"],
        **roles,
    }
    wrong = _last_used(facts, measured)
    if facts.evaluated != facts.shipped:
        other = (
            "The figures belong to other weights than those that ship: judged were "
            f"{WORDS[roles['evaluated']]}, and {WORDS[roles['shipped']]} ship."
        )
        return Fired(f"{other} {wrong}".strip(), "high", measured)
    if roles["shipped"] == "initial":
        return Fired("The weights that ship were never trained.", "high", measured)
    if roles["shipped"] == "other":
        return CannotTell(
            "The weights that were judged and ship are no checkpoint of this run.",
            "weights whose digest is in the run's history; evaluate the run again",
            measured,
        )
    if wrong:
        severity: Severity = next((name for limit, name in LIMITS if regret >= limit), "low")
        return Fired(wrong, severity, measured, {name: limit for limit, name in LIMITS})
    return Clear("The best weights were evaluated and shipped.", measured)


def _role(digest: str, facts: CheckpointFacts) -> Role:
    """Which checkpoint a digest is; the best one where the last one equals it."""
    if digest == facts.best:
        return "best"
    if digest == facts.last:
        return "last"
    return "initial" if digest == facts.initial else "other"


def _last_used(facts: CheckpointFacts, measured: Mapping[str, Any]) -> str:
    which = USED.get((measured["evaluated"] == "last", measured["shipped"] == "last"))
    if which is None:
        return ""
    return (
        f"{which} are those of the last step ({facts.last_step}), not of the best one "
        f"({facts.best_step}): validation {facts.metric_name} {facts.last_metric:.3f} instead of "
        f"{facts.best_metric:.3f}."
    )


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Nothing needs to be trained again: the better weights exist."""
    if fired.measured["shipped"] == "best":
        return (
            Prescription(
                "Judge the weights that ship: luthier evaluate RUN.",
                "The figures of the run are those of other weights.",
                Applicability.ASK,
            ),
        )
    why = "It was chosen on validation, and it is on disk already."
    if fired.measured["shipped"] == "last":
        gain = fired.measured["regret"]
        why = f"On validation it is {gain:.3f} better than the last one, and it is on disk already."
    return (
        Prescription(
            "Export checkpoints/best instead of what ships, then judge it: luthier evaluate RUN.",
            why,
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
        "strange weights judged, the best ones shipped",
        "firing",
        {"checkpoints": example.checkpoints("other", "best")},
        "fired",
    ),
    Case(
        "strange weights shipped, the last step being the best one",
        "firing",
        {"checkpoints": example.checkpoints("best", "other", last="best")},
        "fired",
    ),
    Case(
        "untrained weights judged and shipped",
        "firing",
        {"checkpoints": example.checkpoints("initial", "initial", last="best")},
        "fired",
    ),
    Case(
        "one set of weights judged and shipped, but none of this run",
        "near_miss",
        {"checkpoints": example.checkpoints("other", "other", last="best")},
        "cannot_tell",
    ),
)
