"""The labels of the answers stand in another order than those of the rows.

## What it is

The model's outputs are read with the names of the labels in another order than in training: two
labels are swapped, all are shifted by one, or numbers were sorted as text (1, 10, 11, 2).

## Why it hurts

The model may be as good as it ever was, and most of its answers are called wrong. Validation in the
training script looks fine, because both sides there use the same order.

## How it is detected

The rows are halved, stratified by label. On one half the assignment of answered to true labels with
most right rows is found (Hungarian method, Kuhn 1955), on the other half it is applied, and the
rows that become right are held against those that become wrong by an exact one-sided sign test.
The p-values of 11 halvings are joined as twice their median (Meinshausen, Meier & Buehlmann 2009).
It fires below 0.01, when the gain is at least 2 points, or 30 points among the rows it touches.

## What stays quiet

A model at chance: some other order always looks better on the rows it was found on. A pair of
labels that is merely confused: swapping them makes as many rows wrong as right.

## What to do

Read the answers with the order that the finding names, and write it into the model (`id2label`), so
that no script has to know it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from luthier.faults import example_evidence as example
from luthier.kit.label_order import LabelOrder, label_order
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

FAULT = FaultInfo("label_order", "E2", "Labels in another order")

P = 0.01
"""Largest probability by chance that counts (FAULTS pilot: at most 2 % false alarms at chance)."""

GAIN = 0.02
"""Accuracy that the other order must win on rows it was not found on."""

GAIN_WHERE_CHANGED = 0.30
"""Or this much among the rows answered with a label that changes: two of many labels swapped."""

LEAST_ROWS = 40
"""Fewer rows than this halve into nothing."""

ROWS_PER_LABEL = 6
"""A label with fewer rows cannot be told from another: with 3 in each half p stays above 0.01."""

MOST_ROWS = 300


def detect(test_predictions: Predictions) -> Outcome:
    """Find the best order on one half, try it on the other."""
    known = test_predictions.labels >= 0
    truth, answer = test_predictions.labels[known], test_predictions.predicted[known]
    names = test_predictions.label_names
    if len(truth) < LEAST_ROWS:
        return CannotTell(f"{len(truth)} test rows have a label.", f"{LEAST_ROWS} of them")
    found = label_order(truth, answer, len(names))
    measured = _measured(found, names)
    strong = found.gain >= GAIN or found.gain_where_changed >= GAIN_WHERE_CHANGED
    if found.p < P and strong and found.mapping:
        named = ", ".join(f"{names[a]} -> {names[b]}" for a, b in list(found.mapping.items())[:6])
        named += ", ..." if len(found.mapping) > 6 else ""
        order = np.arange(len(names))
        order[list(found.mapping)] = list(found.mapping.values())
        mended = test_predictions.row_ids[known][(answer != truth) & (order[answer] == truth)]
        return Fired(
            f"Read in another order the answers are right: accuracy {found.accuracy[0]:.3f} "
            f"becomes {found.reordered:.3f} (sign test on rows that the order was not found on: "
            f"p = {found.p:.2g}). Answered label -> true label: {named}.",
            "high",
            measured,
            {"p": P, "gain": GAIN, "gain_where_changed": GAIN_WHERE_CHANGED},
            tuple(mended.tolist()[:MOST_ROWS]),
        )
    rows_per_label = len(truth) / max(1, len(np.unique(truth)))
    if rows_per_label < ROWS_PER_LABEL:
        return CannotTell(
            f"{len(truth)} rows of {len(np.unique(truth))} labels are too few to rule out a swap.",
            f"about {ROWS_PER_LABEL} test rows of each label",
            measured,
        )
    return Clear("No other order of the labels makes the answers better.", measured)


def _measured(found: LabelOrder, names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "mapping": {names[a]: names[b] for a, b in found.mapping.items()},
        "p": found.p,
        "gain": found.gain,
        "gain_where_changed": found.gain_where_changed,
        "accuracy": list(found.accuracy),
        "accuracy_reordered": found.reordered,
        "rows": found.rows,
    }


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Mend the order; nothing needs to be trained again."""
    mapping = fired.measured["mapping"]
    return (
        Prescription(
            "Read the outputs in the order of training: "
            + ", ".join(f"{a} -> {b}" for a, b in list(mapping.items())[:12])
            + (", ..." if len(mapping) > 12 else "")
            + "; and write that order into the model (id2label in its config.json).",
            "The model knows the labels; only their names are in the wrong places.",
            Applicability.ADVICE,
        ),
    )


PLANT = Plant(
    level="artefact",
    operator="reorder_labels",
    severities=({"order": "swap"}, {"order": "cycle"}, {"order": "text_sort"}),
    accept=("miscalibrated", "minority_label_too_small", "metric_misuse", "weak_slice"),
    must_not=("conflicting_labels", "train_test_duplicates", "last_instead_of_best"),
)


def _case(order: list[int], right: float, n: int = 400) -> dict[str, object]:
    """N rows of four labels, answered rightly in a share, then read in this order."""
    truth = [i % 4 for i in range(n)]
    step = round(1 / (1 - right)) if right < 1 else n + 1
    answers = [(t + 1 + i % 3) % 4 if i % step == 0 else t for i, t in enumerate(truth)]
    return {"test_predictions": example.predictions(truth, [order[a] for a in answers], "abcd")}


def _by_chance() -> dict[str, object]:
    rng = np.random.default_rng(3)
    truth, answers = rng.integers(4, size=400), rng.integers(4, size=400)
    return {"test_predictions": example.predictions(truth.tolist(), answers.tolist(), "abcd")}


def _confused_pair() -> dict[str, object]:
    """A and b are answered at random among each other, c and d rightly."""
    rng = np.random.default_rng(4)
    truth = np.arange(400) % 4
    answers = np.where(truth < 2, rng.integers(2, size=400), truth)
    return {"test_predictions": example.predictions(truth.tolist(), answers.tolist(), "abcd")}


CASES = (
    Case("two labels swapped", "firing", _case([1, 0, 2, 3], 0.8), "fired"),
    Case("all labels shifted by one", "firing", _case([1, 2, 3, 0], 0.75), "fired"),
    Case("the order of training", "quiet", _case([0, 1, 2, 3], 0.8), "clear"),
    Case("a model at chance", "near_miss", _by_chance(), "clear"),
    Case("two labels that nobody can tell apart", "near_miss", _confused_pair(), "clear"),
    Case("twenty rows", "near_miss", _case([1, 0, 2, 3], 0.8, 20), "cannot_tell"),
)
