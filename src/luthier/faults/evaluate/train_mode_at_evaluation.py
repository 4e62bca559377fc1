"""The answers were made with dropout switched on.

## What it is

The model was left in training mode while it was judged: `model.eval()` was forgotten, or Keras was
called with `training=True`. Dropout then blanks other units in every pass, and batch normalisation
takes the statistics of the batch at hand.

## Why it hurts

The same text gets another answer each time. On a healthy small transformer 11 to 18 % of the
answers differ between two passes; every figure is too low, and none can be had twice.

## How it is detected

The model answers the recorded rows again in a fresh process, twice in evaluation mode, each row
alone and in a batch: these must agree (to 1e-4 in probability, and in every label). Where the
recorded answers do not come out, the same rows are answered several times with dropout on, and the
place of each recorded probability among these passes is ranked: in training mode the ranks are
even (chi-square test, p above 0.01), and the recorded answers are as far from evaluation mode as
the passes are.

## What stays quiet

Differences in the sixth digit between batches. Answers that another cause explains exactly.

## What to do

Call `model.eval()` before predicting, and judge again. The weights are fine.
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

FAULT = FaultInfo("train_mode_at_evaluation", "E1", "Judged with dropout switched on")

SAME = 1e-4
"""Largest difference in probability between two passes that floating point explains."""


def detect(parity: Parity) -> Outcome:
    """Two passes, alone and in a batch, and the passes with dropout beside the record."""
    measured = {
        "rows": parity.rows,
        "repeat_difference": parity.repeat_difference,
        "repeat_flips": parity.repeat_flips,
        "alone_difference": parity.alone_difference,
        "alone_flips": parity.alone_flips,
        "label_agreement": parity.shipped.agreement,
        "training_modules": list(parity.training_modules),
    }
    limits = {"difference": SAME}
    if unsteady := _unsteady(parity):
        return Fired(unsteady, "high", measured, limits)
    found = parity.explanation
    if found is None:
        return CannotTell(
            "The recorded answers do not come out again, and no way that was tried gives them.",
            "the script that made them; or two files of answers that it made from the same rows",
            measured,
        )
    if found.kind == "train_mode":
        return Fired(
            f"The recorded {parity.split} answers were made in training mode: "
            f"{1 - parity.shipped.agreement:.0%} of {parity.rows} labels differ from those of the "
            "model in evaluation mode, and passes with dropout on give answers like the recorded "
            "ones.",
            "high",
            measured,
            limits,
            parity.row_ids,
        )
    return Clear(f"The recorded answers are those of {found.way}, in evaluation mode.", measured)


def _unsteady(parity: Parity) -> str:
    """How answers of the model at hand differ among themselves; empty where they do not."""
    if parity.repeat_difference > SAME or parity.training_modules:
        named = ", ".join(parity.training_modules[:3])
        return (
            f"Two passes over the same {parity.rows} rows differ by up to "
            f"{parity.repeat_difference:.3g} in probability, and in {parity.repeat_flips} labels."
            + (f" In training mode: {named}." if named else "")
        )
    if parity.alone_flips and parity.alone_difference > SAME:
        return (
            f"{parity.alone_flips} of {parity.rows} rows are answered otherwise alone than in a "
            f"batch (up to {parity.alone_difference:.3g} in probability): the batch takes part."
        )
    return ""


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Judge again."""
    if fired.measured["alone_flips"] and not fired.measured["repeat_flips"]:
        what = "Give the model the attention mask, and evaluation mode, so that rows do not mix."
    else:
        what = "Call model.eval() before predicting (Keras: training=False), and judge again."
    return (Prescription(what, "The weights are as good as they were.", Applicability.ADVICE),)


PLANT = Plant(
    level="artefact",
    operator="answer_otherwise",
    severities=(
        {"how": "dropout", "amount": 0.1},
        {"how": "dropout", "amount": 0.3},
        {"how": "dropout", "amount": 0.5},
    ),
    accept=("miscalibrated", "minority_label_too_small", "metric_misuse", "weak_slice"),
    must_not=(
        "preprocessing_differs",
        "initial_weights_evaluated",
        "reload_differs",
        "label_order",
    ),
)

CASES = (
    Case(
        "dropout explains the record",
        "firing",
        {"parity": example.parity("train_mode", "dropout on", agreement=0.85)},
        "fired",
    ),
    Case(
        "two passes differ",
        "firing",
        {"parity": example.parity(repeat_difference=0.2, repeat_flips=14)},
        "fired",
    ),
    Case(
        "the batch takes part",
        "firing",
        {"parity": example.parity(alone_difference=0.2, alone_flips=9)},
        "fired",
    ),
    Case("the record comes out again", "quiet", {"parity": example.parity()}, "clear"),
    Case(
        "the sixth digit differs in a batch",
        "near_miss",
        {"parity": example.parity(alone_difference=3e-6)},
        "clear",
    ),
    Case(
        "lower case explains the record",
        "near_miss",
        {"parity": example.parity("text", "the texts in lower case")},
        "clear",
    ),
    Case("nothing explains it", "near_miss", {"parity": example.parity(None)}, "cannot_tell"),
)
