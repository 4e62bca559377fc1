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
ceiling loss. It is a count, not an estimate, so it carries no interval.

## What stays quiet

Duplicates that agree on their label, however many. Texts that are merely alike.

## What to do

Read the rows named and decide on one label for each text. Where both labels are right, the text
alone does not hold the answer: add what the annotators saw, or merge the labels.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from luthier.faults import example_evidence as example
from luthier.kit.text_key import text_key
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

FAULT = FaultInfo("conflicting_labels", "D6", "Same text, different labels")

LIMITS: tuple[tuple[float, Severity], ...] = ((0.05, "high"), (0.01, "medium"), (0.002, "low"))
"""Ceiling loss (share of all rows) from which it counts so much; below all of them it is a note."""

MOST_ROWS = 300
"""Rows named in a finding, at most."""


def detect(rows: Rows) -> Outcome:
    """Count the rows that any model must get wrong."""
    texts, labels = rows.columns["text"], rows.columns["label"]
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for position, text in enumerate(texts):
        groups[text_key(text)].append(position)
    conflicts = []
    for positions in groups.values():
        counts = Counter(labels[p] for p in positions)
        if len(counts) > 1:
            conflicts.append((len(positions) - max(counts.values()), positions))
    if not conflicts:
        return Clear(f"No text of the {len(rows)} rows carries two labels.", {"conflicts": 0})
    conflicts.sort(key=lambda item: (-item[0], item[1]))
    lost = sum(loss for loss, _ in conflicts)
    share = lost / len(rows)
    touched = [p for _, positions in conflicts for p in positions]
    return Fired(
        f"Texts with more than one label: {len(conflicts)} ({len(touched)} rows). Any model is "
        f"wrong on at least {lost} of {len(rows)} rows ({share:.2%}).",
        next((severity for limit, severity in LIMITS if share >= limit), "note"),
        {
            "conflicts": len(conflicts),
            "rows_touched": len(touched),
            "rows_lost": lost,
            "ceiling_loss": share,
        },
        {severity: limit for limit, severity in LIMITS},
        tuple(int(rows.ids[p]) for p in touched[:MOST_ROWS]),
    )


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Only a person can say which label is right."""
    return (
        Prescription(
            f"Give each text with several labels ({fired.measured['conflicts']}) one label, in a "
            "copy of the data file.",
            f"It lifts the best reachable accuracy by {fired.measured['ceiling_loss']:.2%}.",
            Applicability.ADVICE,
        ),
    )


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
    Case("every text once", "quiet", {"rows": example.rows(["甲", "乙"], ["a", "b"])}, "clear"),
    Case(
        "duplicates that agree",
        "near_miss",
        {"rows": example.rows(["到哪了", "到哪了!", "到哪了。", "退钱"], ["a", "a", "a", "b"])},
        "clear",
    ),
)
