"""The test rows were looked at while choosing.

## What it is

Several models were judged on the same test rows. Whoever keeps the best of them has chosen on the
test set, and its figure is no longer that of new rows.

## Why it hurts

The best of m equal models looks better than it is by about the standard error times the root of
2 ln m: with 500 rows, an accuracy of 0.9 and 30 looks that is 3.5 points out of nothing.

## How it is detected

Every look at a set of test rows is written to a ledger that is keyed by the rows, not by the run
folder. From the number of different models m and the standard error of the accuracy follows the
optimism, SE * sqrt(2 ln m): an upper bound, for independent models of equal quality. Two looks are
a note, 1 point is low, 2 points are medium.

## What stays quiet

One model, judged any number of times. Looks at validation rows.

## What to do

Choose on validation rows. For the last word label fresh test rows, or take the optimism off.
"""

from __future__ import annotations

import math

from luthier.faults import example_evidence as example
from luthier.kit.share_difference import accuracy_figure
from luthier.ledger import Looks
from luthier.records import (
    Applicability,
    CannotTell,
    Case,
    Clear,
    FaultInfo,
    Fired,
    Outcome,
    Plant,
    Predictions,
    Prescription,
    Severity,
)

FAULT = FaultInfo("test_used_for_choice", "E10", "Test rows that were looked at before")

LIMITS: tuple[tuple[float, Severity], ...] = ((0.02, "medium"), (0.01, "low"), (0.0, "note"))
"""Optimism in accuracy from which it counts so much."""


def detect(looks: Looks, test_predictions: Predictions) -> Outcome:
    """Count the models, and bound what the best of them gains by luck."""
    if looks.count is None:
        return CannotTell(
            f"Looks are not counted: {looks.problem}.", "a ledger that can be written"
        )
    accuracy = accuracy_figure(test_predictions)
    if not accuracy.n:
        return CannotTell("No test row has a label.", "labelled test rows")
    # of all answers right or wrong the plain error is 0, and no bound
    share = (accuracy.value * accuracy.n + 1) / (accuracy.n + 2)
    error = math.sqrt(share * (1 - share) / accuracy.n)
    optimism = error * math.sqrt(2 * math.log(max(1, looks.count)))
    measured = {
        "models_judged": looks.count,
        "rows": accuracy.n,
        "standard_error": error,
        "optimism_at_most": optimism,
    }
    if looks.count < 2:
        return Clear("This is the only model that was judged on these test rows.", measured)
    return Fired(
        f"{looks.count} different models were judged on these {accuracy.n:,} test rows. If the "
        f"best was kept, its accuracy may be up to {100 * optimism:.1f} points of luck.",
        next(severity for limit, severity in LIMITS if optimism >= limit),
        measured,
        {severity: limit for limit, severity in LIMITS},
    )


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Fresh rows for the last word."""
    bound = fired.measured["optimism_at_most"]
    return (
        Prescription(
            "Choose on validation rows, and label fresh test rows for the last word; until then "
            f"say that the accuracy may be up to {100 * bound:.1f} points too good.",
            "A test set answers one question once.",
            Applicability.ADVICE,
        ),
    )


PLANT = Plant(
    level="run",
    operator="look_at_the_test_rows",
    severities=({"looks": 3}, {"looks": 10}, {"looks": 30}),
    must_not=("conflicting_labels", "label_order", "last_instead_of_best"),
)


def _case(count: int | None, right: int = 450, wrong: int = 50) -> dict[str, object]:
    problem = "" if count else "the ledger cannot be written: Read-only file system"
    return {
        "looks": Looks("digest", count, problem),
        "test_predictions": example.right_and_wrong(right, wrong),
    }


CASES = (
    Case("thirty models on 500 rows", "firing", _case(30), "fired"),
    Case("two models", "firing", _case(2), "fired"),
    Case("one model", "quiet", _case(1), "clear"),
    Case("one model that has all rows right", "near_miss", _case(1, 500, 0), "clear"),
    Case("looks that could not be counted", "near_miss", _case(None), "cannot_tell"),
)
