"""The head or the loss does not fit the labels.

## What it is

The head has more outputs than there are labels, or fewer; or the loss is one for another kind of
target: several labels a row (binary cross-entropy), or numbers (squared error), where each row
carries exactly one label.

## Why it hurts

An output that no label has takes probability away and can be answered. A loss for several labels
never learns that the labels exclude each other. Both run without any error.

## How it is detected

Exactly: the width of what reaches the loss against the number of labels; the kind of the targets (0
or 1 in each column, with a single 1 in every row looked at) against the loss.

## What stays quiet

Two outputs for two labels, one output for two labels with a binary loss, targets with several
labels in some row. Where nobody said how many labels there are, a label that was not seen in
training may be rare: that is not judged.

## What to do

Set `num_labels` to the number of labels, and take cross-entropy on class ids for one label a row
(`problem_type="single_label_classification"`).
"""

from __future__ import annotations

from collections.abc import Mapping

from luthier.faults import example_training as example
from luthier.kit.plural import plural
from luthier.records import (
    Applicability,
    CannotTell,
    Case,
    Clear,
    FaultInfo,
    Fired,
    LossFacts,
    Outcome,
    Plant,
    Prescription,
    TrainingFacts,
)

FAULT = FaultInfo("head_does_not_fit", "T9", "The head or the loss does not fit the labels")

FEWEST_ROWS = 50
"""Fewer rows may carry a single label each by chance."""


def detect(training: TrainingFacts) -> Outcome:
    """Compare the width of the head and the kind of the targets with the labels."""
    loss = training.loss
    if loss is None:
        return CannotTell("No loss was seen.", "a loss of torch.nn.functional or of the model")
    measured = {
        "outputs": loss.width,
        "labels": loss.labels,
        "labels_seen": loss.labels_seen,
        "loss": loss.called,
        "targets": loss.targets,
        "rows": loss.rows,
    }
    if _other_targets(loss):
        if loss.rows < FEWEST_ROWS:
            return CannotTell(f"Rows seen: {loss.rows}.", f"{FEWEST_ROWS} rows", measured)
        return Fired(
            f"{loss.called} is a loss for another kind of target: each of the {loss.rows:,} rows "
            "looked at carries exactly one label.",
            "medium",
            {"kind": "loss", **measured},
        )
    if loss.kind not in {"cross_entropy", "nll", "other"} or loss.targets != "class ids":
        return Clear(f"{loss.called} fits targets of this kind ({loss.targets}).", measured)
    if loss.labels is None:
        return _unknown_labels(loss, measured)
    if loss.width != loss.labels:
        more = loss.width > loss.labels
        return Fired(
            f"The head has {loss.width} output{plural(loss.width)} for {loss.labels} labels.",
            "medium" if more else "high",
            {"kind": "width", **measured},
        )
    return Clear(f"{loss.width} output{plural(loss.width)} for {loss.labels} labels.", measured)


def _other_targets(loss: LossFacts) -> bool:
    several = loss.kind in {"binary_with_logits", "binary", "mse"} and loss.width > 1
    return several and loss.targets == "one label a row"


def _unknown_labels(loss: LossFacts, measured: Mapping[str, object]) -> Outcome:
    highest = loss.highest_target
    if highest is not None and highest + 1 == loss.width:
        return Clear(f"{loss.width} outputs, and class ids up to {highest}.", measured)
    return CannotTell(
        f"The head has {loss.width} outputs; the class ids seen end at {highest}.",
        "the number of labels: luthier.watch(model, optimizer, labels=...)",
        measured,
    )


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Another head, or another loss."""
    if fired.measured["kind"] == "width":
        what = f"Make the head with num_labels={fired.measured['labels']}."
        why = "Every output should be a label, and every label an output."
    else:
        what = "Train on class ids with cross-entropy (problem_type single_label_classification)."
        why = "Each row carries one label, and only this loss knows that the labels exclude others."
    return (Prescription(what, why, Applicability.ADVICE),)


PLANT = Plant(
    level="run",
    operator="change_the_head",
    severities=({"outputs": 5}, {"outputs": 12}, {"loss": "binary"}),
    accept=("learning_rate_too_low",),
    must_not=("parameters_not_trained", "pretrained_weights_missing", "steps_not_as_planned"),
)


def _case(**loss: object) -> dict[str, object]:
    return {"training": example.training(loss=dict(loss))}


_BINARY = {"kind": "binary_with_logits", "called": "binary_cross_entropy_with_logits"}

CASES = (
    Case("an output too many", "firing", _case(width=5), "fired"),
    Case("an output too few", "firing", _case(width=3), "fired"),
    Case(
        "a loss for several labels on single labels",
        "firing",
        _case(**_BINARY, targets="one label a row"),
        "fired",
    ),
    Case("four outputs for four labels", "quiet", _case(), "clear"),
    Case(
        "rows with several labels",
        "near_miss",
        _case(**_BINARY, targets="several labels a row"),
        "clear",
    ),
    Case(
        "nobody said how many labels there are",
        "near_miss",
        _case(labels=None, width=5),
        "cannot_tell",
    ),
)
