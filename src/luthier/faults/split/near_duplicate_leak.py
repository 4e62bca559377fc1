"""Test rows are nearly equal to rows that were learned from, and the figures gain by it.

## What it is

A test text is like a training text by all but a few characters: another number, a typing error, one
word more. Equal texts count too, but where there are only equal ones, `train_test_duplicates` says
so.

## Why it hurts

A row that is nearly known may be answered from memory. Test figures then promise more than really
new texts will give.

## How it is detected

Texts are alike when they share 8 in 10 of their character n-grams (`split.near_duplicates`), found
by MinHash and confirmed exactly (Broder 1997). Being alike is no fault: short questions rightly
are. So the accuracy on all test rows is held against that on the test rows that are like no
training row; the difference is the inflation, with its 95 % interval (bootstrap over rows, Efron
& Tibshirani 1993). It fires when the interval lies above 0. Rows that are like others may be
easier for other reasons too: the inflation is what memory can explain at most.

## What stays quiet

Near-duplicates that are answered no better than the other rows, however many: clear when the test
surely gains less than a point, otherwise the rows cannot tell. Very short texts, which are compared
as they are.

## What to do

Share out the rows anew so that alike texts stay on one side: Luthier's own split does. Until then
quote the accuracy without them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from luthier.faults import example_evidence as example
from luthier.kit.intervals import wilson
from luthier.kit.matched_shares import share_without
from luthier.kit.text_key import text_key
from luthier.records import (
    Applicability,
    Audit,
    BoolArray,
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
    Severity,
    SplitName,
    Splits,
)

FAULT = FaultInfo("near_duplicate_leak", "D2b", "Nearly equal rows make the test look better")

LIMITS: tuple[tuple[float, Severity], ...] = ((0.03, "high"), (0.01, "medium"), (0.0, "low"))
"""Accuracy that the test gains by rows like training rows, above which it counts so much."""

WORTH_KNOWING = 0.01
"""It is clear only when the test surely gains no more than this."""

FEWEST_CLEAN = 30
"""Test rows unlike any training row that are needed to compare with."""

MOST_ROWS = 300
"""Rows named in a finding, at most."""


def detect(rows: Rows, splits: Splits, audit: Audit, test_predictions: Predictions) -> Outcome:
    """Hold all test rows against those that are like no training row."""
    alike, nearly = _like_training(rows, splits, audit)
    ids = test_predictions.row_ids
    known = test_predictions.labels >= 0
    ids, right = ids[known], (test_predictions.labels == test_predictions.predicted)[known]
    doubtful = np.isin(ids, list(alike))
    count, n = int(doubtful.sum()), len(ids)
    low, high = wilson(count, n)
    measured: dict[str, Any] = {
        "alike": count,
        "nearly_alike": int(np.isin(ids, list(nearly)).sum()),
        "rows": n,
        "alike_share": [count / max(1, n), low, high],
    }
    if not measured["nearly_alike"]:
        return Clear("No test text is nearly equal to a training text.", measured)
    if n - count < FEWEST_CLEAN:
        return CannotTell(
            f"{count:,} of {n:,} test rows are like a training row; too few are not.",
            f"{FEWEST_CLEAN} test rows that are like no training row",
            measured,
        )
    doubted = set(ids[doubtful & right].tolist())
    rows_shown = tuple(sorted(doubted, key=lambda i: (i not in nearly, i))[:MOST_ROWS])
    return _weigh(measured, right, doubtful, rows_shown)


def _weigh(
    measured: dict[str, Any], right: BoolArray, doubtful: BoolArray, rows_shown: tuple[int, ...]
) -> Outcome:
    """What the test gains by the doubtful rows, and whether it matters."""
    count, n = int(doubtful.sum()), len(right)
    gain = share_without(right, doubtful)
    measured |= {
        "inflation": [gain.value, gain.low, gain.high],
        "accuracy": float(right.mean()),
        "accuracy_alike": float(right[doubtful].mean()),
        "accuracy_without": float(right[~doubtful].mean()),
    }
    said = (
        f"{count:,} of {n:,} test rows ({count / n:.1%}) are equal or nearly so to a training row; "
        f"accuracy is {measured['accuracy_alike']:.3f} on them and "
        f"{measured['accuracy_without']:.3f} on the others, so the test gains {gain.value:+.3f} "
        f"({gain.low:+.3f} to {gain.high:+.3f})"
    )
    if gain.low <= 0 and gain.high <= WORTH_KNOWING:
        return Clear(f"{said}: nothing to speak of.", measured)
    if gain.low <= 0:
        wanted = n * ((gain.high - gain.low) / 2 / WORTH_KNOWING) ** 2
        return CannotTell(
            f"{said}: that may be chance.", f"about {round(wanted, -2):,.0f} test rows", measured
        )
    return Fired(
        f"{said}.",
        next(severity for limit, severity in LIMITS if gain.value > limit),
        measured,
        {severity: limit for limit, severity in LIMITS},
        rows_shown,
    )


def _like_training(rows: Rows, splits: Splits, audit: Audit) -> tuple[set[int], set[int]]:
    """Ids of test rows that are like a training row; and those equal to none."""
    side = dict(zip(splits.row_ids.tolist(), splits.names, strict=True))
    texts = dict(zip(rows.ids.tolist(), rows.columns["text"], strict=True))
    alike: set[int] = set()
    nearly: set[int] = set()
    for cluster in audit.alike_clusters:
        tested = [i for i in cluster if side.get(i) == "test"]
        if tested and any(side.get(i) == "train" for i in cluster):
            alike.update(tested)
            learned = {text_key(texts[i]) for i in cluster if side.get(i) == "train"}
            nearly.update(i for i in tested if text_key(texts[i]) not in learned)
    return alike, nearly


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """A split that keeps alike texts together; the figure to quote until then."""
    found = fired.measured
    return (
        Prescription(
            "Give all rows in one file and let Luthier share them out: alike texts stay on one "
            f"side. Until then quote the accuracy without them: {found['accuracy_without']:.3f}.",
            f"Up to {found['inflation'][0]:.3f} of the accuracy may be owed to memory.",
            Applicability.ADVICE,
        ),
    )


PLANT = Plant(
    level="split",
    operator="copy_nearly_into_test",
    severities=({"share": 0.05}, {"share": 0.15}, {"share": 0.3}),
    accept=("train_test_duplicates", "minority_label_too_small"),
    must_not=("conflicting_labels", "last_instead_of_best"),
)


def _case(right_alike: int, alike: int, right: int, others: int) -> dict[str, object]:
    """Test rows 0 to n-1, the first `alike` nearly equal to a training row each."""
    n = alike + others
    texts = [f"包裹{i}还没有到，请帮我查一下物流{i}" for i in range(n)]
    texts += [f"{text}啊" for text in texts[:alike]] or ["你好"]
    sides: list[SplitName] = ["test"] * n
    sides += ["train"] * (len(texts) - n)
    answered = np.concatenate(
        [np.arange(alike) < right_alike, np.arange(others) < right]
    )  # fmt: skip
    truth = np.arange(n) % 2
    clusters = tuple((i, n + i) for i in range(alike))
    return {
        "rows": example.rows(texts, ["a"] * len(texts)),
        "splits": example.splits(sides),
        "audit": Audit(len(texts), {}, (), (), (), {}, {}, (), clusters),
        "test_predictions": example.predictions(
            truth.tolist(), np.where(answered, truth, 1 - truth).tolist()
        ),
    }


CASES = (
    Case("a third alike, and far better", "firing", _case(98, 100, 140, 200), "fired"),
    Case("none alike", "quiet", _case(0, 0, 140, 200), "clear"),
    Case("one in ten alike, answered worse", "near_miss", _case(20, 40, 280, 400), "clear"),
    Case("a third alike, a little better", "near_miss", _case(74, 100, 140, 200), "cannot_tell"),
    Case("all but ten alike", "near_miss", _case(100, 100, 5, 10), "cannot_tell"),
)
