"""The test set is too small for what is said of it.

## What it is

So few test rows that the score could be several points higher or lower, or that two models cannot
be told apart, although one is said to be better.

## Why it hurts

Choices are made by luck: of two equal models one is always ahead. Most published gains on small
test sets are smaller than what such a set can show (Card et al. 2020).

## How it is detected

The accuracy gets its 95 % interval (Wilson 1927). The smallest paired difference that so many rows
show with 80 % power at the 5 % level follows from the share of rows on which two models disagree
(Connor 1987); that share is measured against the linear rival where there is one, else it is the
smaller of 0.10 and the share of wrong answers. It fires when half of the interval is above 5
points, or when the rival's accuracy lies inside the interval and the difference to it is smaller
than what the rows can show.

## What stays quiet

A difference that is small, and known to be. Test sets that show a difference of 5 points.

## What to do

Label more test rows: the finding says how many. Until then say the interval, not the number, and
choose between settings by k-fold (`--folds 5`), which judges every other row once.
"""

from __future__ import annotations

from typing import Any

from luthier.faults import example_evidence as example
from luthier.kit.share_difference import accuracy_figure, rows_to_see, smallest_difference
from luthier.records import (
    Applicability,
    CannotTell,
    Case,
    Clear,
    Evaluation,
    FaultInfo,
    Fired,
    Outcome,
    Plant,
    Predictions,
    Prescription,
)

FAULT = FaultInfo("test_too_small", "E7", "A test set too small for its claims")

HALF_WIDTH = 0.05
"""Half of the interval of the accuracy from which the score is not told."""

WANTED = 0.02
"""Difference between two models that people want to see."""

DISCORDANT = 0.10
"""Share of rows on which two good models disagree, where it is not measured (FAULTS, E7)."""


def detect(test_predictions: Predictions, evaluation: Evaluation) -> Outcome:
    """The width of the interval, and the difference to the best rival."""
    accuracy = accuracy_figure(test_predictions)
    if not accuracy.n:
        return CannotTell("No test row has a label.", "labelled test rows")
    half = (accuracy.high - accuracy.low) / 2
    discordant = min(DISCORDANT, max(0.01, 1 - accuracy.value))
    shown = smallest_difference(accuracy.n, discordant)
    needed = rows_to_see(WANTED, discordant)
    measured: dict[str, Any] = {
        "rows": accuracy.n,
        "accuracy": [accuracy.value, accuracy.low, accuracy.high],
        "half_width": half,
        "smallest_difference": shown,
        "rows_for_two_points": needed,
    }
    claim = _claim(evaluation, accuracy.value, accuracy.low, accuracy.high, shown)
    told = (
        f"{accuracy.n:,} test rows place the accuracy between {accuracy.low:.3f} and "
        f"{accuracy.high:.3f}, and show a difference between two models from {100 * shown:.1f} "
        "points on."
    )
    more = f"To show {100 * WANTED:.0f} points it takes about {needed:,} rows."
    if claim:
        return Fired(
            f"{claim['sentence']} {told} {more}",
            "medium" if half > HALF_WIDTH else "low",
            measured | {name: claim[name] for name in ("rival", "difference")},
            {"half_width": HALF_WIDTH},
        )
    if half > HALF_WIDTH:
        return Fired(f"{told} {more}", "low", measured, {"half_width": HALF_WIDTH})
    return Clear(told, measured)


def _claim(
    evaluation: Evaluation, value: float, low: float, high: float, shown: float
) -> dict[str, Any] | None:
    """The rival whose accuracy is below ours, and not surely so."""
    test = evaluation.splits.get("test")
    beside = test.floor if test else {}
    rivals = {
        name: figures["accuracy"].value for name, figures in beside.items() if "accuracy" in figures
    }
    if not rivals:
        return None
    name, rival = max(rivals.items(), key=lambda pair: pair[1])
    difference = value - rival
    if not (low <= rival <= high and 0 < difference < shown):
        return None
    sentence = (
        f"Better than {name} by {100 * difference:.1f} points on these rows: too little to tell."
    )
    return {"sentence": sentence, "rival": name, "difference": difference}


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """k-fold to choose by, and more test rows."""
    needed = fired.measured["rows_for_two_points"]
    return (
        Prescription(
            "Judge every row outside the test set once, in five folds.",
            "Choices between settings then rest on far more rows, and the test rows stay unseen. "
            "It takes five trainings more.",
            Applicability.ASK,
            {"split.folds": 5},
        ),
        Prescription(
            f"Label test rows: about {needed:,} in all show a difference of "
            f"{100 * WANTED:.0f} points.",
            "No cure can be shown to help on rows that cannot show it.",
            Applicability.ADVICE,
        ),
    )


PLANT = Plant(
    level="data",
    operator="thin_out_the_test",
    severities=({"rows": 150}, {"rows": 80}, {"rows": 40}),
    accept=("minority_label_too_small", "metric_misuse"),
    must_not=("conflicting_labels", "label_order", "last_instead_of_best"),
)


def _case(right: int, wrong: int, rival_right: int | None = None) -> dict[str, object]:
    return {
        "test_predictions": example.right_and_wrong(right, wrong),
        "evaluation": example.evaluation(
            right + wrong, floor=None if rival_right is None else rival_right / (right + wrong)
        ),
    }


CASES = (
    Case("fifty rows", "firing", _case(44, 6), "fired"),
    Case("one point above the rival on 400 rows", "firing", _case(360, 40, 356), "fired"),
    Case("two thousand rows", "quiet", _case(1800, 200), "clear"),
    Case("ten points above the rival", "near_miss", _case(360, 40, 320), "clear"),
    Case(
        "as good as the rival, and not said to be better", "near_miss", _case(360, 40, 360), "clear"
    ),
    Case(
        "no labels",
        "quiet",
        {
            "test_predictions": example.predictions([], []),
            "evaluation": example.evaluation(0),
        },
        "cannot_tell",
    ),
)
