"""Two labels use the same words.

## What it is

The rows of two labels are told apart by few words, and many rows hold none of them. Both labels are
used rightly; it is their texts that are alike.

## Why it hurts

Rows without a telling word are answered by guess. The pair stays mixed up however long the model
is trained, and more rows help only as far as they bring new telling words.

## How it is detected

Pairs that are mixed up more often than evenly spread errors are looked at (as in confused_labels).
It fires where a model of the two labels alone errs at least twice as often in all as where it is
surest: the errors are on texts that could be either. The words of both are weighed by log-odds with
an informative Dirichlet prior (Monroe et al. 2008); those that both use and that speak for neither
are hidden, and the errors that this mends are counted (exact McNemar test).

## What stays quiet

Pairs whose clear texts carry the other label, and pairs that no word tells apart: there the labels
are the trouble (confused_labels).

## What to do

Look at the closest pairs in the dossier. If the difference stands in the text, label more rows like
these first. If it does not, give the model what the annotators saw: more context, another column.
"""

from __future__ import annotations

from luthier.faults import example_evidence as example
from luthier.records import (
    Applicability,
    Case,
    Clear,
    FaultInfo,
    Fired,
    LabelPairs,
    Outcome,
    PairDossier,
    Plant,
    Prescription,
    Severity,
)

FAULT = FaultInfo("shared_vocabulary", "D13", "Two labels share their vocabulary")

LIMITS: tuple[tuple[float, Severity], ...] = ((0.20, "medium"), (0.03, "low"))
"""Share of the rows of the pair that are mixed up, from which it counts so much. Never high: alike
texts are a fact of the matter, not a mistake."""

MOST_ROWS = 300
"""Rows named in a finding, at most."""


def detect(label_pairs: LabelPairs) -> Outcome:
    """Look for pairs whose texts could be either."""
    found = [p for p in label_pairs.pairs if p.verdict == "shared_vocabulary" and p.p_value < 1]
    if not found:
        return Clear(
            f"None of {label_pairs.compared:,} pairs of labels is mixed up for its words.",
            {"compared": label_pairs.compared, "confused_pairs": len(label_pairs.pairs)},
        )
    worst = found[0]
    a, b = worst.labels
    close = [row for pair in found for c in pair.closest for row in (c.row, c.other_row)]
    more = f" More such pairs: {len(found) - 1}." if len(found) > 1 else ""
    return Fired(
        f"{a!r} and {b!r} are mixed up in {sum(worst.confused):,} of {sum(worst.rows):,} rows, on "
        f"texts that could be either: {worst.separability:.0%} of their words speak clearly for "
        f"one of the two.{more}",
        next((s for limit, s in LIMITS if _share(worst) >= limit), "low"),
        {
            "pairs": len(found),
            "labels": [a, b],
            "confused_rows": sum(worst.confused),
            "expected_rows": worst.expected,
            "p_value": worst.p_value,
            "separability": worst.separability,
            "auc": worst.auc.value,
            "shared": [term.term for term in worst.shared[:10]],
            "distinctive": {k: [t.term for t in v[:10]] for k, v in worst.distinctive.items()},
            "mended_by_hiding_shared_words": worst.masking.mended if worst.masking else None,
            "spoiled_by_hiding_shared_words": worst.masking.spoiled if worst.masking else None,
            "question": worst.question,
            "all_pairs": [list(pair.labels) for pair in found],
        },
        {severity: limit for limit, severity in LIMITS},
        tuple(close[:MOST_ROWS]),
    )


def _share(pair: PairDossier) -> float:
    return sum(pair.confused) / max(1, sum(pair.rows))


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """More telling rows, or more to tell by."""
    a, b = fired.measured["labels"]
    return (
        Prescription(
            f"Label more rows like the closest pairs of {a!r} and {b!r} first.",
            "They hold the words that would tell the two apart.",
            Applicability.ADVICE,
        ),
        Prescription(
            f"Ask those who label: {fired.measured['question']}",
            "If the difference is not in the text, no model can find it there.",
            Applicability.ADVICE,
        ),
    )


PLANT = Plant(
    level="data",
    operator="share_words",
    severities=({"overlap": 0.2}, {"overlap": 0.35}, {"overlap": 0.5}),
    accept=("overfitting_or_too_few_labels", "not_better_than_linear", "minority_label_too_small"),
    must_not=("confused_labels", "conflicting_labels"),
)

CASES = (
    Case(
        "errors on texts that could be either",
        "firing",
        {"label_pairs": example.label_pairs("shared_vocabulary")},
        "fired",
    ),
    Case("no pair mixed up", "quiet", {"label_pairs": example.label_pairs(None)}, "clear"),
    Case(
        "clear texts with the other label",
        "near_miss",
        {"label_pairs": example.label_pairs("wrong_labels")},
        "clear",
    ),
)
