"""The same text carries different labels.

## What it is

Two or more rows hold the same text and do not agree on its label. Texts are the same when they are
equal after Unicode normalisation (NFKC), lower case, and without punctuation and spare spaces.

## Why it hurts

No model can be right on both rows. Each such group of rows lowers the best accuracy that can be
reached, and teaches the model two answers to one question.

## How it is detected

Rows are grouped by their normalised text. In a group with more than one label, all rows but those
of its most frequent label must be answered wrongly by any model. Their share of all rows is the
ceiling loss. It is a count, not an estimate, so it carries no interval. Where rows have several
labels each, whole sets are compared. Where they have a number, the loss is the share of the
variance that lies within equal texts: no model that reads the text can explain it (the pure error
of Draper & Smith 1998, Applied Regression Analysis, chapter 2).

## What stays quiet

Duplicates that agree on their label, however many. Texts that are merely alike.

## What to do

Read the rows named and decide on one label for each text. Where both labels are right, the text
alone does not hold the answer: add what the annotators saw, or merge the labels.
"""

from __future__ import annotations

from luthier.faults import example_evidence as example
from luthier.kit.conflicting_answers import Conflicts, conflicts_of
from luthier.kit.row_answers import answer_word
from luthier.records import (
    Applicability,
    Case,
    Clear,
    FaultInfo,
    Fired,
    Outcome,
    Plant,
    Prescription,
    Rows,
    Severity,
)

FAULT = FaultInfo("conflicting_labels", "D6", "Same text, different labels", any_task=True)

LIMITS: tuple[tuple[float, Severity], ...] = ((0.05, "high"), (0.01, "medium"), (0.002, "low"))
"""Ceiling loss (share of all rows) from which it counts so much; below all of them it is a note."""

MOST_ROWS = 300
"""Rows named in a finding, at most."""


def detect(rows: Rows) -> Outcome:
    """Count the rows that any model must get wrong, or the variance that no text explains."""
    found, word = conflicts_of(rows), answer_word(rows)
    if not found.groups:
        return Clear(NONE[word].format(n=len(rows)), {"conflicts": 0})
    touched = [p for positions in found.groups for p in positions]
    measured = {
        "kind": word,
        "conflicts": len(found.groups),
        "rows_touched": len(touched),
        "ceiling_loss": found.share,
    }
    if found.lost is not None:
        measured["rows_lost"] = found.lost
    return Fired(
        _said(word, len(found.groups), len(touched), found, len(rows)),
        next((severity for limit, severity in LIMITS if found.share >= limit), "note"),
        measured,
        {severity: limit for limit, severity in LIMITS},
        tuple(int(rows.ids[p]) for p in touched[:MOST_ROWS]),
    )


NONE = {
    "label": "No text of the {n} rows carries two labels.",
    "labels": "No text of the {n} rows carries two sets of labels.",
    "number": "No text of the {n} rows carries two numbers.",
}


def _said(word: str, texts: int, touched: int, found: Conflicts, n: int) -> str:
    if word == "number":
        return (
            f"Texts with more than one number: {texts} ({touched} rows). No model explains "
            f"{found.share:.2%} of their variance: R2 is at most {1 - found.share:.4f}."
        )
    if word == "labels":
        return (
            f"Texts with more than one set of labels: {texts} ({touched} rows). Any model gets the "
            f"whole set wrong on at least {found.lost} of {n} rows ({found.share:.2%})."
        )
    return (
        f"Texts with more than one label: {texts} ({touched} rows). Any model is wrong on at "
        f"least {found.lost} of {n} rows ({found.share:.2%})."
    )


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Only a person can say which label is right."""
    texts, lost = fired.measured["conflicts"], fired.measured["ceiling_loss"]
    if fired.measured["kind"] == "number":
        what = f"Give each text with several numbers ({texts}) one, in a copy of the data file."
        why = f"It lifts the best reachable R2 by {lost:.4f}."
    elif fired.measured["kind"] == "labels":
        what = (
            f"Give each text with several sets of labels ({texts}) one, in a copy of the data file."
        )
        why = f"It lifts the best reachable share of wholly right sets by {lost:.2%}."
    else:
        what = (
            f"Give each text with several labels ({texts}) one label, in a copy of the data file."
        )
        why = f"It lifts the best reachable accuracy by {lost:.2%}."
    return (Prescription(what, why, Applicability.ADVICE),)


PLANT = Plant(
    level="data",
    operator="duplicate_with_another_label",
    severities=({"share": 0.01}, {"share": 0.03}, {"share": 0.10}),
    accept=("train_test_duplicates",),
    must_not=("last_instead_of_best",),
)

CASES = (
    Case(
        "one text with two labels",
        "firing",
        {
            "rows": example.rows(
                ["退款多久到账", "退款多久到账", "怎么开发票"], ["退货", "售后", "发票"]
            )
        },
        "fired",
    ),
    Case(
        "texts that differ in punctuation and case only",
        "firing",
        {"rows": example.rows(["Where is it?", "where is it", "hello"], ["a", "b", "c"])},
        "fired",
    ),
    Case(
        "one text with two sets of labels",
        "firing",
        {"rows": example.rows(["坏了还很慢", "坏了,还很慢", "很好"], [("物流",), ("质量",), ()])},
        "fired",
    ),
    Case(
        "the same set in another order",
        "near_miss",
        {"rows": example.rows(["坏了还很慢"] * 2, [("物流", "质量"), ("质量", "物流")])},
        "clear",
    ),
    Case(
        "one text with two numbers",
        "firing",
        {"rows": example.rows(["fine", "Fine!", "awful"], [4.0, 2.0, 1.0])},
        "fired",
    ),
    Case("every text once", "quiet", {"rows": example.rows(["甲", "乙"], ["a", "b"])}, "clear"),
    Case(
        "duplicates that agree",
        "near_miss",
        {"rows": example.rows(["到哪了", "到哪了!", "到哪了。", "退钱"], ["a", "a", "a", "b"])},
        "clear",
    ),
)
