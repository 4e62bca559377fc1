"""The saved model does not give the answers that were recorded.

## What it is

Weights were lost on the way to disk (the head is not in the file and starts anew at every load), or
the folder holds another model than the one that was judged.

## Why it hurts

"It was 88 %, after loading it was 17 %". What ships is not what was judged, and often nobody looks.

## How it is detected

The folder is loaded in a fresh process. Weights that the model needs and the file lacks are named:
this is exact. Then the recorded rows are answered again; where neither the model as it ships nor
any usual difference in handling texts, outputs or dropout gives the recorded answers, the weights
are others.

## What stays quiet

Differences in the last digits. Differences that another cause explains exactly. Weights in the file
that the model does not use, such as the head of pretraining.

## What to do

Save the whole model again (an adapter: with its head), and judge what was loaded, not what is in
memory.
"""

from __future__ import annotations

from typing import Any

from luthier.faults import example_evidence as example
from luthier.records import (
    Applicability,
    Case,
    Clear,
    FaultInfo,
    Fired,
    Outcome,
    Parity,
    Plant,
    Prescription,
)

FAULT = FaultInfo("reload_differs", "E6", "The saved model is not the one that was judged")

HARMFUL = 0.02
"""Share of rows with another label from which the figures are of another model."""

SHOWN = 4


def detect(parity: Parity) -> Outcome:
    """Missing weights first, then the answers."""
    found = parity.explanation
    changed = 1 - parity.shipped.agreement
    measured: dict[str, Any] = {
        "rows": parity.rows,
        "label_changes": changed,
        "missing_keys": list(parity.missing_keys),
        "unexpected_keys": list(parity.unexpected_keys),
        "recorded_digest": parity.recorded_digest,
        "shipped_digest": parity.shipped_digest,
    }
    if parity.missing_keys:
        named = ", ".join(parity.missing_keys[:SHOWN])
        more = len(parity.missing_keys) - SHOWN
        return Fired(
            f"The file lacks {len(parity.missing_keys)} weights that the model needs ({named}"
            f"{f' and {more} more' if more > 0 else ''}): they are drawn anew at every load. "
            f"{changed:.0%} of {parity.rows} recorded labels change.",
            "high",
            measured,
            {"label_changes_high": HARMFUL},
            parity.row_ids,
        )
    if found is None and parity.first_stage not in ("text", "tokens"):
        return Fired(
            f"The saved model gives another label to {changed:.0%} of {parity.rows} rows than was "
            f"recorded for {parity.split}, and none of {len(parity.replays)} ways of answering "
            "gives the recorded ones: they are of other weights.",
            "high" if changed >= HARMFUL else "medium",
            measured,
            {"label_changes_high": HARMFUL},
            parity.row_ids,
        )
    if found is None:
        return Clear("The weights are whole; texts reach them in another form.", measured)
    return Clear(f"The saved weights give the recorded answers, by {found.way}.", measured)


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Save again, then judge what was loaded."""
    lost = fired.measured["missing_keys"]
    what = (
        "Save the model again with all its weights (PEFT: modules_to_save names the head)."
        if lost
        else "Find the folder that was judged; or judge this one: load it, predict, compute."
    )
    return (
        Prescription(
            what,
            "Until then the figures say nothing about this folder.",
            Applicability.ADVICE,
        ),
    )


PLANT = Plant(
    level="artefact",
    operator="answer_otherwise",
    severities=({"how": "other_seed"}, {"how": "other_epoch"}, {"how": "lost_head"}),
    accept=("miscalibrated", "minority_label_too_small", "metric_misuse", "weak_slice"),
    must_not=("preprocessing_differs", "train_mode_at_evaluation", "initial_weights_evaluated"),
)

CASES = (
    Case(
        "the head is not in the file",
        "firing",
        {"parity": example.parity(None, missing_keys=("classifier.weight", "classifier.bias"))},
        "fired",
    ),
    Case("nothing explains the record", "firing", {"parity": example.parity(None)}, "fired"),
    Case("the shipped model gives the record", "quiet", {"parity": example.parity()}, "clear"),
    Case(
        "a pretraining head left over in the file",
        "near_miss",
        {"parity": example.parity(unexpected_keys=("cls.predictions.bias",))},
        "clear",
    ),
    Case(
        "token ids differ",
        "near_miss",
        {"parity": example.parity(None, stages={"tokens": 20, "label": 8}, first_stage="tokens")},
        "clear",
    ),
    Case(
        "dropout explains the record",
        "near_miss",
        {"parity": example.parity("train_mode", "dropout on")},
        "clear",
    ),
)
