"""The figure that counts hides what goes wrong.

## What it is

On labels of unequal size accuracy, and every weighted or micro average, is mostly the figure of the
largest label. A model can have 0.95 and never answer a rare label at all.

## Why it hurts

The checkpoint, the settings and the model are chosen by that figure: rare labels are given away
without anybody having decided so.

## How it is detected

Three signs on the test rows: the largest label has over three times the rows of the smallest, and
the paired difference to always answering the largest label has a 95 % interval that reaches 0
(bootstrap over rows); with such labels accuracy is more than 15 points above macro-F1; or a label
with at least 5 rows is never answered rightly. It is a fault where the figure that choices go by is
one that hides it.

## What stays quiet

Labels of nearly equal size: there accuracy hides nothing, however bad it is. Unequal labels that
are all answered well. Choices that go by macro-F1, balanced accuracy or the
Matthews correlation, whatever accuracy says.

## What to do

Choose and report by macro-F1, with every label's own figures beside it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from luthier.faults import example_evidence as example
from luthier.kit import label_counts
from luthier.kit.intervals import paired_difference
from luthier.kit.label_counts import LabelCounts
from luthier.records import (
    Applicability,
    CannotTell,
    Case,
    Clear,
    FaultInfo,
    Fired,
    Outcome,
    Plant,
    Predictions,
    Prescription,
    Severity,
)

FAULT = FaultInfo(
    "metric_misuse",
    "D8",
    "A figure that hides rare labels",
    symptom_of=("answers_of_other_rows", "label_order", "labels_missing", "one_answer"),
)

GAP = 0.15
"""Accuracy minus macro-F1 above which accuracy tells another story."""

RATIO = 3.0
"""Rows of the largest over those of the smallest label, from which labels are unequal."""

LEAST_ROWS = 5
"""Rows of a label of which not one is right, from which that is no accident."""

HIDING = ("accuracy", "weighted_", "micro_")
"""Beginnings of the figures in which the largest label speaks for all."""


def detect(test_predictions: Predictions, headline_metric: str) -> Outcome:
    """Look for the three signs, then at the figure that counts."""
    known = test_predictions.labels >= 0
    truth, answer = test_predictions.labels[known], test_predictions.predicted[known]
    if not len(truth):
        return CannotTell("No test row has a label.", "labelled test rows")
    counts = LabelCounts.of_rows(truth, answer, len(test_predictions.label_names))
    signs, measured = _signs(test_predictions, counts)
    measured["headline_metric"] = headline_metric
    accuracy, macro = measured["accuracy"], measured["macro_f1"]
    if not signs:
        return Clear(f"Accuracy {accuracy:.3f} and macro-F1 {macro:.3f} tell one story.", measured)
    if headline_metric and not headline_metric.startswith(HIDING):
        return Clear(
            f"Accuracy {accuracy:.3f} would hide that {'; '.join(signs)}; but "
            f"{headline_metric} is what counts here.",
            measured,
        )
    severity: Severity = "medium" if headline_metric else "low"
    counted = headline_metric or "accuracy"
    return Fired(
        f"Accuracy is {accuracy:.3f}, but {'; '.join(signs)}. Whoever goes by {counted} does not "
        "see it.",
        severity,
        measured,
        {"gap": GAP, "ratio": RATIO, "least_rows": LEAST_ROWS},
    )


def _signs(predictions: Predictions, counts: LabelCounts) -> tuple[list[str], dict[str, Any]]:
    """What accuracy hides, in words, and the figures behind it."""
    names = predictions.label_names
    accuracy, macro = float(label_counts.accuracy(counts)), float(label_counts.macro_f1(counts))
    support = counts.support[counts.support > 0]
    ratio = float(support.max() / support.min())
    lost = [names[i] for i in np.flatnonzero((counts.support >= LEAST_ROWS) & (counts.right == 0))]
    commonest = int(np.argmax(counts.support))
    always = replace(predictions, predicted=np.full(len(predictions), commonest))
    ahead = paired_difference(predictions, always, label_counts.accuracy)
    signs = []
    if ahead.low <= 0 and ratio > RATIO:
        signs.append(
            f"it is not surely better than always answering {names[commonest]} "
            f"({ahead.value:+.3f}, {ahead.low:+.3f} to {ahead.high:+.3f})"
        )
    if accuracy - macro > GAP and ratio > RATIO:
        signs.append(f"macro-F1 is {macro:.3f}")
    if lost:
        more = f" and {len(lost) - 5:,} more labels" if len(lost) > 5 else ""
        signs.append(f"no row of {', '.join(lost[:5])}{more} is answered rightly")
    return signs, {
        "accuracy": accuracy,
        "macro_f1": macro,
        "balanced_accuracy": _balanced(counts),
        "mcc": float(label_counts.mcc(counts)),
        "ahead_of_largest_label": [ahead.value, ahead.low, ahead.high],
        "largest_over_smallest": ratio,
        "labels_lost": lost,
    }


def _balanced(counts: LabelCounts) -> float:
    """Mean recall over the labels of the true rows."""
    there = counts.support > 0
    return float((counts.right[there] / counts.support[there]).mean())


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Choose by macro-F1."""
    del fired
    return (
        Prescription(
            "Choose the checkpoint by macro-F1, and report it beside accuracy.",
            "There each label counts the same, however rare.",
            Applicability.AUTO,
            {"train.metric_for_best_model": "macro_f1"},
        ),
        Prescription(
            "Weight labels by how rare they are.",
            "It often does nothing and sometimes helps rare labels: try it before keeping it.",
            Applicability.ASK,
            {"train.class_weights": "balanced"},
        ),
    )


PLANT = Plant(
    level="config",
    operator="choose_by_accuracy",
    severities=({"rare": 0.10}, {"rare": 0.05}, {"rare": 0.03}),
    accept=("minority_label_too_small",),
    must_not=("conflicting_labels", "label_order", "last_instead_of_best"),
)


def _case(metric: str, common: tuple[int, int], rare: tuple[int, int]) -> dict[str, object]:
    """Right and wrong rows of a common label a and of a rare label b."""
    truth = [0] * sum(common) + [1] * sum(rare)
    answer = [0] * common[0] + [1] * common[1] + [1] * rare[0] + [0] * rare[1]
    return {"test_predictions": example.predictions(truth, answer), "headline_metric": metric}


CASES = (
    Case(
        "0.95, and one of two labels lost", "firing", _case("accuracy", (380, 0), (0, 20)), "fired"
    ),
    Case("hidden, with no figure named", "firing", _case("", (370, 10), (3, 17)), "fired"),
    Case("equal labels", "quiet", _case("accuracy", (180, 20), (180, 20)), "clear"),
    Case(
        "equal labels answered by chance",
        "near_miss",
        _case("accuracy", (100, 100), (100, 100)),
        "clear",
    ),
    Case(
        "unequal, and both are answered", "near_miss", _case("accuracy", (376, 4), (36, 4)), "clear"
    ),
    Case("lost, and macro-F1 counts", "near_miss", _case("macro_f1", (380, 0), (0, 20)), "clear"),
    Case("no labels", "quiet", _case("accuracy", (0, 0), (0, 0)), "cannot_tell"),
)
