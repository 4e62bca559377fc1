"""A label has too few rows: too few to judge it, or too few to learn it.

## What it is

Some label has so few test rows that its F1 could be almost anything; or it has few rows and is
worse than the rest beyond chance. These are two faults that look the same in a table, and they
have different cures.

## Why it hurts

An F1 of 0.50 on 5 test rows may be 0.2 or 0.8. Work spent on a label that is merely unmeasured is
lost, and macro-F1, where each label counts the same, swings by points for one row.

## How it is detected

For each label the 95 % interval of its test F1 is taken by the Wilson indirect method (Lam, Gopal &
Qian 2023, arXiv 2309.14621), which has width even when all rows are right.
*Unmeasured*: half of its width is above 0.10. *Bad*: the label has fewer than 20 training rows or
less than half of an even share of them, and the whole interval lies 5 points or more below the
accuracy of the test rows; that interval is Bonferroni-corrected, as many labels are looked at.

## What stays quiet

A small label that is answered so well that its interval is narrow. A frequent label that is bad:
its cause is another one.

## What to do

Unmeasured: label more test rows of it; the finding says about how many. Bad: label more training
rows of it first; class weights may help and are worth a try.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from luthier.faults import example_evidence as example
from luthier.kit.label_tally import LabelTally, fewest_listed
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
    Rows,
    Splits,
)

FAULT = FaultInfo(
    "minority_label_too_small",
    "D7",
    "A label with too few rows",
    symptom_of=("answers_of_other_rows", "label_order", "labels_missing", "one_answer"),
)

HALF_WIDTH = 0.10
"""F1 is told when it is known to this much on either side."""

TRAIN_ROWS = 20
"""Fewer training rows than this are few (Azimuth's limit)."""

BELOW = 0.05
"""A label is bad when its F1 is surely this far below the accuracy: less is no cause for work."""

EVEN_SHARE = 0.5
"""So much of an even share of the training rows (1 / K) makes a label a minority."""

MOST_NAMED = 8
"""Labels named in a prescription, at most."""

MACRO_LOSS = 0.05
"""Macro-F1 points that bad labels cost together, from which the finding is `high`."""


def detect(rows: Rows, splits: Splits, test_predictions: Predictions) -> Outcome:
    """Sort the labels into told, unmeasured, and bad."""
    labels = _labels(rows, splits, test_predictions)
    tested = int((test_predictions.labels >= 0).sum())
    if not tested:
        return CannotTell("No test row has a label.", "labelled test rows")
    accuracy = sum(label.right for label in labels) / tested
    few = max(TRAIN_ROWS, EVEN_SHARE * sum(x.train_rows for x in labels) / len(labels))
    known = any(x.train_rows for x in labels)  # no training rows at all: they were not given
    minority = [x for x in labels if known and x.train_rows < few]
    bad = [x for x in minority if x.interval(len(labels))[1] < accuracy - BELOW]
    unmeasured = [x for x in labels if x.half_width() > HALF_WIDTH and x not in bad]
    measured = {
        "labels": len(labels),
        "accuracy": accuracy,
        "bad_labels": {label.name: label.train_rows for label in bad},
        "test_rows_needed": {x.name: x.rows_needed(HALF_WIDTH) for x in unmeasured},
    }
    if not bad and not unmeasured:
        return Clear(f"The F1 of each of the {len(labels)} labels is known to +-0.10.", measured)
    parts = []
    if bad:
        listed = fewest_listed(bad, known)
        parts.append(f"Worse than the rest beyond chance, with few rows: {listed}.")
    if unmeasured:
        listed = fewest_listed(unmeasured, known)
        parts.append(f"Too few test rows to tell (F1 not known to +-0.10): {listed}.")
    loss = sum(accuracy - label.f1 for label in bad) / len(labels)
    measured["macro_f1_loss"] = loss
    return Fired(
        " ".join(parts),
        "high" if loss >= MACRO_LOSS else "medium" if bad else "low",
        measured,
        {"half_width": HALF_WIDTH, "few_training_rows": few, "macro_f1_loss_high": MACRO_LOSS},
    )


def _labels(rows: Rows, splits: Splits, predictions: Predictions) -> list[LabelTally]:
    learned = set(splits.ids_of("train").tolist())
    titles = rows.label_titles
    pairs = zip(rows.ids.tolist(), rows.columns["label"], strict=True)
    in_training = Counter(titles.get(name, name) for i, name in pairs if i in learned)
    known = predictions.labels >= 0
    truth, answer = predictions.labels[known], predictions.predicted[known]
    k = len(predictions.label_names)
    right = np.bincount(truth[truth == answer], minlength=k)
    support = np.bincount(truth, minlength=k)
    predicted = np.bincount(answer, minlength=k)
    return [
        LabelTally(
            name,
            right=int(right[i]),
            support=int(support[i]),
            predicted=int(predicted[i]),
            train_rows=in_training[titles.get(name, name)],
        )
        for i, name in enumerate(predictions.label_names)
    ]


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """More training rows for what is bad, more test rows for what is unmeasured."""
    cures = []
    if fired.measured["bad_labels"]:
        names = ", ".join(fired.measured["bad_labels"])
        cures += [
            Prescription(
                "Weight labels by how rare they are.",
                "It often does nothing and sometimes helps rare labels: try it before keeping it.",
                Applicability.AUTO,
                {"train.class_weights": "balanced"},
            ),
            Prescription(
                f"Label more training rows of: {names}.",
                "These labels are worse than the rest, and that is no accident of few test rows.",
                Applicability.ADVICE,
            ),
        ]
    if needed := fired.measured["test_rows_needed"]:
        wanted = [f"{name} (about {n:,})" for name, n in needed.items()]
        if (more := len(wanted) - MOST_NAMED) > 0:
            wanted = [*wanted[:MOST_NAMED], f"and {more} more"]
        cures.append(
            Prescription(
                f"Have so many test rows of each such label: {'; '.join(wanted)}.",
                "Until then nobody can say whether these labels are good or bad.",
                Applicability.ADVICE,
            )
        )
    return tuple(cures)


PLANT = Plant(
    level="data",
    operator="thin_out_a_label",
    severities=({"test_rows": 20}, {"test_rows": 10}, {"test_rows": 5}),
    must_not=("conflicting_labels", "train_test_duplicates", "last_instead_of_best"),
)


def _case(small_right: int, small: int, small_train: int) -> dict[str, object]:
    """200 rows of label a, 180 answered rightly, and `small` rows of label b."""
    truth = [0] * 200 + [1] * small
    answers = [0] * 180 + [2] * 20 + [1] * small_right + [2] * (small - small_right)
    names = ["b"] * small_train + ["a"] * 300 + ["c"] * 300
    return {
        "rows": example.rows([str(i) for i in range(len(names))], names),
        "splits": example.splits(["train"] * len(names)),
        "test_predictions": example.predictions(
            truth + [2] * 200, answers + [2] * 200, ("a", "b", "c")
        ),
    }


CASES = (
    Case("five test rows, three of them right", "firing", _case(3, 5, 40), "fired"),
    Case("few rows, and bad beyond chance", "firing", _case(2, 15, 12), "fired"),
    Case("hundred rows of the smallest label", "quiet", _case(90, 100, 200), "clear"),
    Case(
        "a small label, answered so well that it is told", "near_miss", _case(40, 40, 15), "clear"
    ),
)
