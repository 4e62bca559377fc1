"""The answers stand beside other rows than those that they were given for.

## What it is

The answers are in another order than the rows: one row too low because a header was counted, a few
rows too high because rows were dropped on one side only, or upside down.

## Why it hurts

The model may be as good as it ever was, and its answers are as right as chance. Every other finding
on such answers is a symptom: labels look unlearned, probabilities look too sure.

## How it is detected

The answers are moved up and down by one to five rows, and turned upside down. A move counts when it
makes 20 points more of the answers right, and when so many right answers are less probable than 1
in 10,000 among independent labels (exact binomial test, times the moves tried:
Bonferroni). Whether answers and labels of the same rows go together at all is Pearson's
chi-squared test of their table.

## What stays quiet

Rows sorted by label: moved answers are right there too, but hardly more often. A model at chance,
and answers that were shuffled: no move mends them, so nothing is proved.

## What to do

Join answers and rows by a key (a number that stands in both), or give the answers in the order of
the file; then diagnose again. Other findings are worth reading only after that.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from luthier.faults import example_evidence as example
from luthier.kit.row_order import GAIN, LEAST_ROWS, P, how_moved, row_order
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
)

FAULT = FaultInfo("answers_of_other_rows", "E14", "Answers beside other rows")


def detect(test_predictions: Predictions) -> Outcome:
    """Move the answers a few rows, and see whether they are right there."""
    known = int((test_predictions.labels >= 0).sum())
    if known < LEAST_ROWS:
        return CannotTell(f"{known} test rows have a label.", f"{LEAST_ROWS} of them")
    found = row_order(test_predictions)
    before, after = found.accuracy
    measured: dict[str, Any] = {
        "moved": found.moved,
        "upside_down": found.turned,
        "accuracy": before,
        "accuracy_moved": after,
        "rows": known,
    }
    if found.proved:
        where = how_moved(found)
        return Fired(
            f"Moved, they fit: {where}.",
            "high",
            measured,
            {"gain": GAIN, "p": P},
        )
    if found.together:
        return Clear("The answers go with the labels of their rows.", measured)
    return CannotTell(
        "Nothing shows that the answers go with the labels of their rows, and no move mends them: "
        "a model at chance looks the same.",
        "a column with the number of the row in the file of answers, to join them by",
        measured,
    )


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Put them side by side again; nothing needs to be trained."""
    after = fired.measured["accuracy_moved"]
    return (
        Prescription(
            "Join the answers to their rows by a number that stands in both, or write them in the "
            "order of the rows; then diagnose again.",
            f"Moved, {after:.0%} are right: the model is not at fault, and every other finding "
            "here may be a symptom.",
            Applicability.ADVICE,
        ),
    )


PLANT = Plant(
    level="artefact",
    operator="move_answers",
    severities=({"moved": 1}, {"moved": -3}, {"moved": 0}),
    accept=("miscalibrated", "minority_label_too_small", "metric_misuse", "weak_slice"),
    must_not=("label_order", "conflicting_labels", "train_test_duplicates", "reload_differs"),
)


def _answers(right: float, n: int = 300) -> Predictions:
    """Rows of three labels in no order; a share of the answers is right."""
    rng = np.random.default_rng(5)
    truth = rng.integers(3, size=n)
    answers = np.where(rng.random(n) < right, truth, rng.integers(3, size=n))
    return example.predictions(truth.tolist(), answers.tolist(), "abc")


def _case(places: Any, right: float = 0.8, n: int = 300) -> dict[str, object]:
    """The same answers, each beside the row at its place."""
    made = _answers(right, n)
    moved = made.predicted[places(np.arange(n))].tolist()
    return {"test_predictions": example.predictions(made.labels.tolist(), moved, "abc")}


def _sorted() -> dict[str, object]:
    """Rows sorted by label: moved by one, nearly all stay right."""
    truth = np.sort(_answers(1.0).labels)
    return {"test_predictions": example.predictions(truth.tolist(), truth.tolist(), "abc")}


CASES = (
    Case("one row too low", "firing", _case(lambda i: np.roll(i, 1)), "fired"),
    Case("three rows too high", "firing", _case(lambda i: np.roll(i, -3)), "fired"),
    Case("upside down", "firing", _case(lambda i: i[::-1]), "fired"),
    Case("beside their rows", "quiet", _case(lambda i: i), "clear"),
    Case("beside their rows, and weak", "quiet", _case(lambda i: i, 0.3), "clear"),
    Case("rows sorted by label", "near_miss", _sorted(), "clear"),
    Case("a model at chance", "near_miss", _case(lambda i: i, 0.0), "cannot_tell"),
    Case("thirty rows", "near_miss", _case(lambda i: np.roll(i, 1), n=30), "cannot_tell"),
)
