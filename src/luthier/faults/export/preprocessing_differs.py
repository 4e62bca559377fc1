"""Texts reach the model in another form than in training.

## What it is

Somewhere on the way to the answers the texts are handled otherwise than in training: lower case or
not, another longest length, stripped accents or punctuation, another tokenizer.

## Why it hurts

The model was never wrong on these texts: it never saw them. The fault lies between two scripts, and
no figure of either shows it.

## How it is detected

The model answers the recorded rows again in a fresh process. For a run of Luthier text, token ids,
probabilities and label are compared stage by stage, and the first that differs is named. For
recorded answers of any origin the usual differences are tried one by one (lower case, no
punctuation, shorter lengths, ...): the one that gives the recorded probabilities is the answer. All
comparisons are exact up to rounding.

## What stays quiet

Differences in the last digits: another processor, half precision, probabilities that were rounded.
Answers of other weights, or with dropout on: these are other faults.

## What to do

Handle texts in one place. The model folder holds the tokenizer: load it from there, with the
longest length that is written in it.
"""

from __future__ import annotations

from typing import Any

from luthier.faults import example_evidence as example
from luthier.records import (
    Applicability,
    CannotTell,
    Case,
    Clear,
    FaultInfo,
    Fired,
    Outcome,
    Parity,
    Plant,
    Prescription,
    Severity,
)

FAULT = FaultInfo("preprocessing_differs", "E3", "Texts handled otherwise than in training")

HARMFUL = 0.02
"""Share of rows with another label from which the figures are of another model."""


def detect(parity: Parity) -> Outcome:
    """Name the first stage, or the way of handling texts that gives the record."""
    found = parity.explanation
    changed = 1 - parity.shipped.agreement
    measured: dict[str, Any] = {
        "rows": parity.rows,
        "label_changes": changed,
        "stages": dict(parity.stages),
        "first_stage": parity.first_stage,
        "example": dict(parity.example),
    }
    severity: Severity = "high" if changed >= HARMFUL else "medium"
    if found is not None and found.kind in ("text", "tokens"):
        return Fired(
            f"The recorded {parity.split} answers come out of {found.way}, not of the texts as "
            f"they are: {changed:.0%} of {parity.rows} rows get another label that way.",
            severity,
            measured | {"way": found.way},
            {"label_changes_high": HARMFUL},
            parity.row_ids,
        )
    if parity.first_stage in ("text", "tokens"):
        measured["stage_rows"] = parity.stages[parity.first_stage]
        return Fired(
            _stage_said(parity), severity, measured, {"label_changes_high": HARMFUL}, parity.row_ids
        )
    if found is None:
        return CannotTell(
            "The recorded answers are not those of the model that ships, and none of the "
            f"{len(parity.replays)} ways that were tried gives them.",
            "the script that made them",
            measured,
        )
    return Clear(f"The recorded answers are those of {found.way}; texts are not changed.", measured)


def _stage_said(parity: Parity) -> str:
    """The first stage that differs, and one row of it."""
    stage, shown = parity.first_stage or "text", parity.example
    said = (
        f" First in row {shown['row']}: {shown['recorded']} in training, {shown['now']} now."
        if shown
        else ""
    )
    return (
        f"The {stage} of {parity.stages[stage]} of {parity.rows} rows differ between training and "
        f"a fresh process; {1 - parity.shipped.agreement:.0%} of the labels change.{said}"
    )


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """One place for texts."""
    way = fired.measured.get("way")
    what = f"Do not answer with {way}" if way else "Encode with the tokenizer in the model folder"
    return (
        Prescription(
            f"{what}: load tokenizer and longest length from the model folder, and leave texts as "
            "they are.",
            "The model learned on texts in that form, and knows no other.",
            Applicability.ADVICE,
        ),
    )


PLANT = Plant(
    level="artefact",
    operator="answer_otherwise",
    severities=({"how": "no_spaces"}, {"how": "shortened"}, {"how": "lower_case"}),
    accept=("miscalibrated", "minority_label_too_small", "metric_misuse", "weak_slice"),
    must_not=("train_mode_at_evaluation", "initial_weights_evaluated", "reload_differs"),
)

CASES = (
    Case(
        "lower case gives the record",
        "firing",
        {"parity": example.parity("text", "the texts in lower case")},
        "fired",
    ),
    Case(
        "another length gives the record",
        "firing",
        {"parity": example.parity("tokens", "at most 16 tokens", agreement=0.99)},
        "fired",
    ),
    Case(
        "token ids differ in a fresh process",
        "firing",
        {
            "parity": example.parity(
                None,
                stages={"tokens": 31, "probabilities": 31, "label": 9},
                first_stage="tokens",
                example={"row": "7", "recorded": "101 2769", "now": "101 100"},
            )
        },
        "fired",
    ),
    Case("the shipped model gives the record", "quiet", {"parity": example.parity()}, "clear"),
    Case(
        "dropout explains the record",
        "near_miss",
        {"parity": example.parity("train_mode", "dropout on")},
        "clear",
    ),
    Case("nothing explains it", "near_miss", {"parity": example.parity(None)}, "cannot_tell"),
)
