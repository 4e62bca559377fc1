"""A kind of text is answered worse than the rest.

## What it is

Short texts, long ones, those with a number, a web address or a certain word get more wrong answers
than others of the same labels.

## Why it hurts

The mean hides it. Often it is one cause with one cure: a cut-off, a tokenizer that does not know
the characters, a template that was rare in training.

## How it is detected

Quarters by length, marks such as digits and capital letters, and the most frequent words and pairs
of characters part the test rows. In each part of at least 20 rows the errors are held against
those expected from its labels (Mantel & Haenszel 1959). Benjamini & Hochberg's rule keeps false
findings among those named below 5 %; and the excess must be at least 5 points.

## What stays quiet

Parts that are weak because a weak label is frequent in them. Parts of a few rows.

## What to do

Read the rows named. Label more of that kind, or mend what makes them differ.
"""

from __future__ import annotations

import numpy as np

from luthier.faults import example_evidence as example
from luthier.kit.text_slices import SliceGap, benjamini_hochberg, slice_gap, slices_of
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
    Rows,
)

FAULT = FaultInfo(
    "weak_slice",
    "E13",
    "A kind of text that is answered worse",
    symptom_of=("answers_of_other_rows", "label_order", "preprocessing_differs", "reload_differs"),
)

LEAST_ROWS = 20
"""Rows that a part must have."""

RATE = 0.05
"""False findings among those named, at most, in the mean."""

EXCESS = 0.05
"""Errors beyond those of its labels from which a part is weak."""

MEDIUM_SHARE = 0.10
"""Share of the test rows from which a weak part matters."""

MOST_ROWS = 300


def detect(rows: Rows, test_predictions: Predictions) -> Outcome:
    """Part the rows by their texts, and test each part."""
    known = test_predictions.labels >= 0
    place = {row: i for i, row in enumerate(rows.ids.tolist())}
    ids = test_predictions.row_ids[known]
    if "text" not in rows.columns or not all(i in place for i in ids.tolist()):
        return CannotTell("The texts of the test rows are not there.", "test rows with their texts")
    if len(ids) < 2 * LEAST_ROWS:
        needed = f"{2 * LEAST_ROWS} test rows with a label"
        return CannotTell(f"{len(ids)} test rows have a label.", needed)
    texts = [str(rows.columns["text"][place[i]]) for i in ids.tolist()]
    labels = test_predictions.labels[known]
    wrong = test_predictions.predicted[known] != labels
    parts = {
        name: inside
        for name, inside in slices_of(texts).items()
        if LEAST_ROWS <= inside.sum() <= len(ids) - LEAST_ROWS
    }
    gaps = [slice_gap(name, inside, wrong, labels) for name, inside in parts.items()]
    limit = benjamini_hochberg([gap.p for gap in gaps], RATE)
    weak = sorted(
        (gap for gap in gaps if gap.p <= limit and gap.excess >= EXCESS), key=lambda gap: gap.p
    )
    measured = {"parts": len(gaps), "rows": len(ids), "weak": [_plain(gap) for gap in weak[:10]]}
    if not weak:
        return Clear(
            f"No kind of text among {len(gaps)} is answered worse than the rest.", measured
        )
    worst = parts[weak[0].name]
    share = weak[0].rows / len(ids)
    return Fired(
        " ".join(_said(gap) for gap in weak[:3]),
        "medium" if share >= MEDIUM_SHARE else "low",
        measured,
        {"excess": EXCESS, "false_discovery_rate": RATE, "least_rows": LEAST_ROWS},
        tuple(ids[np.flatnonzero(worst & wrong)].tolist()[:MOST_ROWS]),
    )


def _said(gap: SliceGap) -> str:
    return (
        f"Accuracy on {gap.name} is {gap.accuracy:.3f} ({gap.rows:,} rows), on the others "
        f"{gap.rest:.3f}; {gap.excess:.0%} of these rows are wrong beyond what labels explain."
    )


def _plain(gap: SliceGap) -> dict[str, object]:
    return {
        "part": gap.name,
        "rows": gap.rows,
        "accuracy": gap.accuracy,
        "rest": gap.rest,
        "excess": gap.excess,
        "p": gap.p,
    }


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Work on that kind of text."""
    part = fired.measured["weak"][0]["part"]
    return (
        Prescription(
            f"Read the wrong rows among {part}, and label more training rows of that kind.",
            "Their errors are more than their labels explain, and more than chance.",
            Applicability.ADVICE,
        ),
    )


PLANT = Plant(
    level="artefact",
    operator="answer_a_kind_badly",
    severities=({"share": 0.2}, {"share": 0.35}, {"share": 0.6}),
    accept=("minority_label_too_small", "miscalibrated", "metric_misuse"),
    must_not=("conflicting_labels", "label_order", "last_instead_of_best"),
)


def _case(wrong_with: int, wrong_without: int, *, label_too: bool = False) -> dict[str, object]:
    """100 texts with a digit and 300 without; how many of each are wrong; two labels by turns.

    With `label_too` the texts with a digit are just those of the label that is answered worse.
    """
    with_digit = np.arange(400) < 100
    truth = np.where(with_digit, 1, 0) if label_too else np.arange(400) % 2
    wrong = np.where(with_digit, np.arange(400) < wrong_with, np.arange(400) < 100 + wrong_without)
    texts = [f"快递{'一二三四五六七'[i % 7]}号{'8' if d else ''}" for i, d in enumerate(with_digit)]
    names = ["ab"[label] for label in truth.tolist()]
    answers = np.where(wrong, 1 - truth, truth)
    return {
        "rows": example.rows(texts, names),
        "test_predictions": example.predictions(truth.tolist(), answers.tolist()),
    }


CASES = (
    Case("texts with a digit fail", "firing", _case(40, 15), "fired"),
    Case("errors everywhere alike", "quiet", _case(10, 30), "clear"),
    Case("they are the weak label", "near_miss", _case(40, 15, label_too=True), "clear"),
    Case(
        "thirty rows",
        "near_miss",
        {
            "rows": example.rows(["a1"] * 30, ["a"] * 30),
            "test_predictions": example.right_and_wrong(20, 10),
        },
        "cannot_tell",
    ),
)
