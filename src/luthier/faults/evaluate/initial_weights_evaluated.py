"""The weights that were judged are those from before training.

## What it is

The test script loaded the pretrained model with a fresh head instead of the trained one, or an
empty folder, or called `from_pretrained` on the base model's name.

## Why it hurts

The confusion matrix is all over the place, and the trained model was never looked at.

## How it is detected

Exact: the digest that the recorded answers carry is that of the first weights. Without digests the
model answers the recorded rows again in a fresh process, as it ships and, where they are at hand,
with the initial weights: the recorded probabilities come out of the second and not of the first.

## What stays quiet

A trained model that is merely bad. Other weights than the initial ones: that is another fault.

## What to do

Load the folder that training wrote, and judge again.
"""

from __future__ import annotations

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
)

FAULT = FaultInfo("initial_weights_evaluated", "E4", "Judged with untrained weights")


def detect(parity: Parity) -> Outcome:
    """Compare digests, then the answers themselves."""
    found = parity.explanation
    measured = {
        "rows": parity.rows,
        "label_agreement": parity.shipped.agreement,
        "recorded_digest": parity.recorded_digest,
        "shipped_digest": parity.shipped_digest,
        "initial_digest": parity.initial_digest,
    }
    by_digest = bool(parity.initial_digest) and parity.recorded_digest == parity.initial_digest
    if by_digest or (found is not None and found.kind == "weights"):
        shown = "carry their digest" if by_digest or found is None else f"come out of {found.way}"
        return Fired(
            f"The recorded {parity.split} answers are those of untrained weights: they {shown}. "
            f"The model that ships gives another label to {1 - parity.shipped.agreement:.0%} of "
            f"{parity.rows} rows.",
            "high",
            measured,
            {},
            parity.row_ids,
        )
    if found is None:
        return CannotTell(
            "The recorded answers are not those of the model that ships.",
            "the weights from before training, to try them: --initial-model FOLDER",
            measured,
        )
    return Clear(f"The recorded answers are those of {found.way}, with trained weights.", measured)


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Judge the trained weights."""
    del fired
    return (
        Prescription(
            "Load the trained folder in the test script (from_pretrained on what save_pretrained "
            "wrote, and no name of a base model), and judge again.",
            "The trained model has not been judged yet.",
            Applicability.ADVICE,
        ),
    )


PLANT = Plant(
    level="artefact",
    operator="answer_otherwise",
    severities=({"how": "initial"}, {"how": "initial"}, {"how": "initial"}),
    accept=("miscalibrated", "minority_label_too_small", "metric_misuse", "weak_slice"),
    must_not=("preprocessing_differs", "train_mode_at_evaluation", "reload_differs"),
)

CASES = (
    Case(
        "the initial weights give the record",
        "firing",
        {"parity": example.parity("weights", "the weights from before training", agreement=0.2)},
        "fired",
    ),
    Case(
        "the record carries the initial digest",
        "firing",
        {"parity": example.parity(None, recorded_digest="a", initial_digest="a")},
        "fired",
    ),
    Case("the shipped model gives the record", "quiet", {"parity": example.parity()}, "clear"),
    Case(
        "lower case explains the record",
        "near_miss",
        {"parity": example.parity("text", "the texts in lower case")},
        "clear",
    ),
    Case("nothing explains it", "near_miss", {"parity": example.parity(None)}, "cannot_tell"),
)
