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
a note, 1 point is low, 2 points are medium. Of several labels a row, the F1 of its labels stands
for accuracy, of numbers R2.

## What stays quiet

One model, judged any number of times. Looks at validation rows.

## What to do

Choose on validation rows. For the last word label fresh test rows, or take the optimism off.
"""

from __future__ import annotations

import math

import numpy as np

from luthier.faults import example_evidence as example
from luthier.kit.row_scores import row_scores, score_name, spread_of
from luthier.ledger import Looks
from luthier.records import (
    AnyPredictions,
    Applicability,
    CannotTell,
    Case,
    Clear,
    FaultInfo,
    Fired,
    FloatArray,
    Outcome,
    Plant,
    Prescription,
    Severity,
)

FAULT = FaultInfo(
    "test_used_for_choice", "E10", "Test rows that were looked at before", any_task=True
)

LIMITS: tuple[tuple[float, Severity], ...] = ((0.02, "medium"), (0.01, "low"), (0.0, "note"))
"""Optimism in accuracy (sample F1, R2) from which it counts so much."""


def detect(looks: Looks, test_predictions: AnyPredictions) -> Outcome:
    """Count the models, and bound what the best of them gains by luck."""
    if looks.count is None:
        return CannotTell(
            f"Looks are not counted: {looks.problem}.", "a ledger that can be written"
        )
    rows, score = int(test_predictions.known.sum()), score_name(test_predictions)
    if not rows:
        return CannotTell("No test row has a label.", "labelled test rows")
    error = _standard_error(row_scores(test_predictions, spread_of(test_predictions)))
    optimism = error * math.sqrt(2 * math.log(max(1, looks.count)))
    measured = {
        "models_judged": looks.count,
        "rows": rows,
        "score": score,
        "standard_error": error,
        "optimism_at_most": optimism,
    }
    if looks.count < 2:
        return Clear("This is the only model that was judged on these test rows.", measured)
    return Fired(
        f"{looks.count} different models were judged on these {rows:,} test rows. If the "
        f"best was kept, its {score} may be up to {100 * optimism:.1f} points of luck.",
        next(severity for limit, severity in LIMITS if optimism >= limit),
        measured,
        {severity: limit for limit, severity in LIMITS},
    )


def _standard_error(scores: FloatArray) -> float:
    """Of their mean; two rows more, one right and one wrong, keep that of equal scores above 0."""
    return float(np.std([*scores, 0.0, 1.0]) / math.sqrt(len(scores)))


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Fresh rows for the last word."""
    bound, score = fired.measured["optimism_at_most"], fired.measured["score"]
    return (
        Prescription(
            "Choose on validation rows, and label fresh test rows for the last word; until then "
            f"say that the {score} may be up to {100 * bound:.1f} points too good.",
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
