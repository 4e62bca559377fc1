"""Two labels are mixed up because their rows are labelled now one way, now the other.

## What it is

Rows of two labels carry the other one's label far more often than errors would by chance: those who
labelled had different rules in mind, or one of them swapped the two, or nothing in the text says
which of the two it is.

## Why it hurts

No model can learn a border that the labels do not draw, and every score inside the pair is capped.
More data of the same kind do not help.

## How it is detected

A cheap linear model answers every row out of fold. Pairs that are mixed up more often than evenly
spread errors (Poisson test, Bonferroni at 1 % over all pairs) get a dossier: a model of the two
labels alone is asked. It fires for a pair that this model cannot tell apart at all (area under the
ROC curve below 0.65: the definition is unclear), or where it contradicts as many labels where it is
surest as elsewhere (clear texts carry the other label).

## What stays quiet

Pairs whose errors lie on texts that could be either (shared_vocabulary), labels that are wrong
evenly over all others (wrong_labels), and pairs with fewer than 40 rows.

## What to do

Answer the question in the dossier with those who label, write the answer into the guideline, and
relabel the rows named. Where no rule can be found, make the two labels one.
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

FAULT = FaultInfo("confused_labels", "D5", "Two labels mixed up by those who label")

LIMITS: tuple[tuple[float, Severity], ...] = ((0.20, "high"), (0.10, "medium"), (0.03, "low"))
"""Share of the rows of the pair that are mixed up, from which it counts so much."""

VERDICTS = {
    "wrong_labels": "clear texts carry the other label",
    "unclear_definition": "their texts do not say which of the two it is",
}
MOST_ROWS = 300
"""Rows named in a finding, at most."""


def detect(label_pairs: LabelPairs) -> Outcome:
    """Look for pairs whose labels, not whose texts, are the trouble."""
    found = [pair for pair in label_pairs.pairs if pair.verdict in VERDICTS and pair.p_value < 1]
    if not found:
        return Clear(
            f"None of {label_pairs.compared:,} pairs of labels is mixed up in its labels.",
            {"compared": label_pairs.compared, "confused_pairs": len(label_pairs.pairs)},
        )
    worst = found[0]
    rows = [row for pair in found for row in pair.suspects][:MOST_ROWS]
    more = f" More such pairs: {len(found) - 1}." if len(found) > 1 else ""
    return Fired(
        f"{_said(worst)}{more}",
        _severity(worst, label_pairs.second_opinion),
        {
            "pairs": len(found),
            "labels": list(worst.labels),
            "confused_rows": sum(worst.confused),
            "expected_rows": worst.expected,
            "p_value": worst.p_value,
            "auc": worst.auc.value,
            "auc_low": worst.auc.low,
            "auc_high": worst.auc.high,
            "kind": worst.verdict,
            "question": worst.question,
            "all_pairs": [list(pair.labels) for pair in found],
        },
        {severity: limit for limit, severity in LIMITS},
        tuple(rows),
    )


def _severity(pair: PairDossier, second_opinion: bool) -> Severity:
    """High only where a fine-tuned model, too, had its say."""
    share = sum(pair.confused) / max(1, sum(pair.rows))
    severity: Severity = next((s for limit, s in LIMITS if share >= limit), "low")
    return "medium" if severity == "high" and not second_opinion else severity


def _said(pair: PairDossier) -> str:
    a, b = pair.labels
    return (
        f"{a!r} and {b!r} are mixed up in {sum(pair.confused):,} of {sum(pair.rows):,} rows "
        f"({pair.expected:.0f} would be by evenly spread errors): {VERDICTS[pair.verdict]} (area "
        f"under the ROC curve {pair.auc.value:.2f} [{pair.auc.low:.2f}, {pair.auc.high:.2f}])."
    )


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """A question for those who label, then one label or two."""
    a, b = fired.measured["labels"]
    cures = [
        Prescription(
            f"Ask those who label: {fired.measured['question']}",
            "The labels of the two contradict each other; a written rule ends that.",
            Applicability.ADVICE,
        )
    ]
    if fired.measured["kind"] == "unclear_definition":
        cures.append(
            Prescription(
                f"If there is no rule, make {a!r} and {b!r} one label in a copy of the file.",
                "A border that the texts do not show cannot be learned.",
                Applicability.ADVICE,
            )
        )
    return tuple(cures)


PLANT = Plant(
    level="data",
    operator="mix_up_two_labels",
    severities=({"share": 0.15}, {"share": 0.3}, {"share": 0.5}),
    accept=("wrong_labels", "overfitting_or_too_few_labels", "not_better_than_linear"),
    must_not=("shared_vocabulary", "conflicting_labels"),
)

CASES = (
    Case(
        "clear texts with the other label",
        "firing",
        {"label_pairs": example.label_pairs("wrong_labels")},
        "fired",
    ),
    Case(
        "two labels that no text tells apart",
        "firing",
        {"label_pairs": example.label_pairs("unclear_definition")},
        "fired",
    ),
    Case("no pair mixed up", "quiet", {"label_pairs": example.label_pairs(None)}, "clear"),
    Case(
        "errors on texts that could be either",
        "near_miss",
        {"label_pairs": example.label_pairs("shared_vocabulary")},
        "clear",
    ),
)
