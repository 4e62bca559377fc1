"""Some of the labels are wrong at random.

## What it is

Rows carry a label that their text does not bear out: slips of those who labelled, rules that
changed, labels copied from elsewhere.

## Why it hurts

The model learns the mistakes, early stopping and the choice of settings go by figures that are
wrong, and no score can rise above the share of right labels: a model that is always right seems
to be wrong wherever the label is.

## How it is detected

Every row is answered by a cheap linear model that did not learn from it. A model's own mistakes
become rarer where it is surer, wrong labels are contradicted everywhere alike: the share of wrong
labels and the model's own mistakes are fitted together to how often labels are contradicted at
which sureness. A part of the model's own mistakes is taken off the lower end as well, since no
model is unsure of all of them. The fault fires when what is left there is above 2 %. A fine-tuned
model that is right more often takes the linear one's place; one that is not has its say on the
linear one's contradictions.

## What stays quiet

Hard texts, and a judge that is often wrong itself: the answer is then an interval that reaches
down to 0, and the check says that it cannot tell. Labels with fewer than five rows are never
doubted. Two labels that are mixed up with each other in particular are another fault
(confused_labels).

## What to do

Read the rows of the relabel queue from the top, and give each its right label in a copy of the
file. Stop when fewer than 2 of the last 20 rows were wrong.
"""

from __future__ import annotations

import math

from luthier.faults import example_evidence as example
from luthier.kit.label_noise import UNSURE, NoiseEstimate, doubted, estimate_noise
from luthier.kit.relabel_queue import HOW_TO_REVIEW
from luthier.records import (
    Applicability,
    CannotTell,
    Case,
    Clear,
    FaultInfo,
    Fired,
    LabelOpinions,
    Outcome,
    Plant,
    Prescription,
    Severity,
)

FAULT = FaultInfo("wrong_labels", "D4", "Wrong labels")

LIMITS: tuple[tuple[float, Severity], ...] = ((0.10, "high"), (0.05, "medium"), (0.02, "low"))
"""Share of wrong labels, lower end, from which it counts so much."""

ALARM = LIMITS[-1][0]
WEAK = 0.10
"""With more mistakes of its own than this, a judge is the reason why nothing can be told."""
MOST_ROWS = 300
"""Rows named in a finding, at most."""


def detect(label_opinions: LabelOpinions) -> Outcome:
    """Estimate the share of wrong labels and name the rows that are doubted most."""
    estimate = estimate_noise(label_opinions)
    noise = estimate.noise
    measured = _measured(estimate)
    if not estimate.knows_enough:
        return CannotTell(
            "A cheap linear model learns too little from these rows to doubt their labels.",
            f"about {max(300, 2 * estimate.rows):,} rows, or a person who reads 100 of them",
            measured,
        )
    if not estimate.judges_well:
        return CannotTell(
            f"{estimate.mistakes + noise.value:.0%} of the labels are contradicted by a model that "
            "learned too little to judge them.",
            "a person who reads 100 rows",
            measured,
        )
    if noise.low > ALARM:
        return _fired(label_opinions, estimate, measured)
    if noise.high > UNSURE:
        return _open(estimate, measured)
    return Clear(
        f"About {noise.value:.1%} of the labels are wrong, {noise.high:.1%} at most "
        f"({estimate.rows:,} rows looked at).",
        measured,
    )


def _open(estimate: NoiseEstimate, measured: dict[str, float]) -> CannotTell:
    """An interval, and what keeps it wide: the judge, or the number of rows."""
    noise = estimate.noise
    between = f"Between {noise.low:.1%} and {noise.high:.1%} of the labels are wrong"
    if estimate.mistakes > WEAK:
        who = "fine-tuned" if estimate.by_model else "linear"
        return CannotTell(
            f"{between}; the {who} model that doubts them is itself wrong in about "
            f"{estimate.mistakes:.0%} of the rows.",
            "a person who reads the first 50 rows of the relabel queue",
            measured,
        )
    rows = math.ceil(estimate.rows * (noise.high / UNSURE) ** 2 / 100) * 100
    return CannotTell(f"{between}.", f"about {rows:,} rows", measured)


def _fired(opinions: LabelOpinions, estimate: NoiseEstimate, measured: dict[str, float]) -> Fired:
    noise = estimate.noise
    severity = next(severity for limit, severity in LIMITS if noise.low > limit)
    if opinions.model is None and severity == "high":
        severity = "medium"  # one opinion, and that of a linear model
    at, _ = doubted(opinions)
    worst = at[: min(MOST_ROWS, round(noise.high * estimate.rows))]
    return Fired(
        f"About {noise.value:.1%} of the labels are wrong [{noise.low:.1%}, {noise.high:.1%}], "
        f"some {round(noise.value * estimate.rows):,} of {estimate.rows:,} rows.",
        severity,
        measured,
        {severity: limit for limit, severity in LIMITS},
        tuple(int(i) for i in opinions.linear.row_ids[worst]),
    )


def _measured(estimate: NoiseEstimate) -> dict[str, float]:
    noise = estimate.noise
    measured = {
        "noise": noise.value,
        "noise_low": noise.low,
        "noise_high": noise.high,
        "own_mistakes": estimate.mistakes,
        "rows": estimate.rows,
        "surest_tenth_contradicted": estimate.surest.value,
        "surest_quarter_contradicted": estimate.sure.value,
        "information_per_row": estimate.gain,
    }
    if estimate.agreement is not None:
        measured["model_contradicts_too"] = estimate.agreement.value
    return measured


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Labels are a person's work; smoothing softens what is left."""
    return (
        Prescription(
            "Learn from softer targets (label smoothing).",
            "The model then trusts no single label fully, so wrong ones pull less.",
            Applicability.ASK,
            {"train.label_smoothing_factor": 0.1},
        ),
        Prescription(
            HOW_TO_REVIEW,
            f"About {fired.measured['noise']:.1%} of the labels are wrong, and the most doubtful "
            "rows come first.",
            Applicability.ADVICE,
        ),
    )


PLANT = Plant(
    level="data",
    operator="flip_labels",
    severities=({"share": 0.05}, {"share": 0.10}, {"share": 0.20}),
    accept=("confused_labels", "overfitting_or_too_few_labels", "not_better_than_linear"),
    must_not=("conflicting_labels", "shared_vocabulary"),
)

CASES = (
    Case(
        "one label in seven contradicted by sure answers",
        "firing",
        {"label_opinions": example.opinions(1000, contradicted=0.15, hard=0.3)},
        "fired",
    ),
    Case(
        "every label borne out",
        "quiet",
        {"label_opinions": example.opinions(1000, contradicted=0.0, hard=0.1)},
        "clear",
    ),
    Case(
        "many contradictions, but only where the model is unsure",
        "near_miss",
        {"label_opinions": example.opinions(1000, contradicted=0.0, hard=0.5)},
        "clear",
    ),
    Case(
        "the linear model contradicts, the fine-tuned one does not",
        "near_miss",
        {"label_opinions": example.opinions(1000, contradicted=0.15, hard=0.3, model_agrees=False)},
        "clear",
    ),
    Case(
        "twenty rows",
        "near_miss",
        {"label_opinions": example.opinions(20, contradicted=0.15, hard=0.3)},
        "cannot_tell",
    ),
)
