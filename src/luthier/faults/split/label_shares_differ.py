"""The splits do not hold the same share of each label.

## What it is

Training, validation and test rows were parted in such a way that a label is commoner in one of
them than in another, by more than chance.

## Why it hurts

A model learns how common each label is. Where that is another share than in the rows to judge on,
it leans the wrong way, a checkpoint is chosen for the wrong mixture, and figures of two splits
cannot be compared.

## How it is detected

The table of labels by splits is held against 999 random tables with the same margins (a
permutation test with the G statistic, exact for rare labels too). Two more things must hold: the
association is not tiny (Cramer's V above 0.1, corrected for its bias by Bergsma 2013), or the share
of one label differs by more than 5 points between two splits; and p is below 0.01.

## What stays quiet

Differences that chance makes, large ones in small splits among them. Shares that differ by design
of the splits (by time, by group) are named all the same: the figures suffer alike. Where a label is
missing in a split altogether, that is the cause (labels_missing), and this its symptom.

## What to do

Hand Luthier all rows in one file: its own split gives every label its share. Where the test rows
are what will come in use, leave them and mind that the training rows are not.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from scipy.stats import chi2_contingency, random_table

from luthier.faults import example_evidence as example
from luthier.kit.intervals import wilson
from luthier.records import (
    SPLIT_NAMES,
    Applicability,
    CannotTell,
    Case,
    Clear,
    FaultInfo,
    Fired,
    FloatArray,
    IntArray,
    Outcome,
    Plant,
    Prescription,
    Rows,
    Severity,
    SplitName,
    Splits,
)

FAULT = FaultInfo(
    "label_shares_differ",
    "D9",
    "Labels are shared out unevenly",
    symptom_of=("labels_missing",),
)

P_LIMIT = 0.01
"""Above this p the difference may be chance."""

TABLES = 999
"""Random tables; the smallest p is 1 in 1000."""

LEAST_V = 0.1
LEAST_DIFFERENCE = 0.05
"""Cramer's V and difference of one label's share, one of which must be exceeded."""

LIMITS: tuple[tuple[float, Severity], ...] = ((0.15, "high"), (0.05, "medium"), (0.0, "low"))
"""Largest difference of one label's share between two splits, above which it counts so much."""


def detect(rows: Rows, splits: Splits) -> Outcome:
    """Hold the table of labels by splits against shuffled ones."""
    names, labels, table = _table(rows, splits)
    if len(names) < 2 or len(labels) < 2:
        needs = "two splits with labelled rows, and two labels"
        return CannotTell("There is nothing to compare.", needs)
    rng = np.random.default_rng(0)
    drawn = random_table(table.sum(axis=1), table.sum(axis=0), seed=rng).rvs(TABLES)
    statistic = _g(table)
    p = float((1 + sum(_g(one) >= statistic for one in drawn)) / (1 + TABLES))
    shares = table / table.sum(axis=0)
    spread = shares.max(axis=1) - shares.min(axis=1)
    worst = int(spread.argmax())
    most, least = int(shares[worst].argmax()), int(shares[worst].argmin())
    measured: dict[str, Any] = {
        "p": p,
        "cramers_v": _cramers_v(table),
        "largest_difference": float(spread[worst]),
        "label": labels[worst],
    }
    parts = []
    for place in (most, least):
        count, n = int(table[worst, place]), int(table[:, place].sum())
        low, high = wilson(count, n)
        measured[f"share_in_{names[place]}"] = [count / n, low, high]
        parts.append(f"{count / n:.1%} of {names[place]} ({low:.1%} to {high:.1%})")
    big = measured["cramers_v"] > LEAST_V or spread[worst] > LEAST_DIFFERENCE
    if p >= P_LIMIT or not big:
        what = f"No label's share differs by more than chance and 5 points (p = {p:.3f})."
        return Clear(what, measured)
    return Fired(
        f"Labels are shared out unevenly (p = {p:.3f}): {labels[worst]!r} makes up "
        f"{' but '.join(parts)}.",
        next(severity for limit, severity in LIMITS if spread[worst] > limit),
        measured,
        {"p": P_LIMIT, "cramers_v": LEAST_V, "largest_difference": LEAST_DIFFERENCE},
    )


def _table(rows: Rows, splits: Splits) -> tuple[list[SplitName], list[str], IntArray]:
    """Splits with labelled rows, labels, and rows counted by label and split, int64 [K, S]."""
    side = dict(zip(splits.row_ids.tolist(), splits.names, strict=True))
    pairs = zip(rows.ids.tolist(), rows.columns.get("label", ()), strict=False)
    counts = Counter((str(label), side[i]) for i, label in pairs if label and i in side)
    names = [name for name in SPLIT_NAMES if any(own == name for _, own in counts)]
    labels = sorted({label for label, _ in counts})
    table = np.array([[counts[label, name] for name in names] for label in labels], dtype=np.int64)
    return names, labels, table.reshape(len(labels), len(names))


def _g(table: IntArray) -> float:
    """2 sum n log n over the cells; the rest of the G statistic depends on the margins only."""
    cells = table[table > 0]
    return round(float(2 * (cells * np.log(cells)).sum()), 6)


def _cramers_v(table: IntArray) -> float:
    """Cramer's V without its bias. Source: Bergsma (2013), J. Korean Stat. Soc. 42, 323-328."""
    n, (k, s) = table.sum(), table.shape
    chi2: FloatArray = chi2_contingency(table, correction=False).statistic
    phi = max(0.0, float(chi2) / n - (k - 1) * (s - 1) / (n - 1))
    smaller = min(k - (k - 1) ** 2 / (n - 1), s - (s - 1) ** 2 / (n - 1)) - 1
    return float(np.sqrt(phi / smaller)) if smaller > 0 else 0.0


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Sharing out anew; where the files give the splits, only a person can."""
    return (
        Prescription(
            "Give all rows in one file and let Luthier share them out: every label gets its share "
            "in every split. If the test rows are what will come in use, leave them as they are.",
            f"{fired.measured['label']!r} differs by {fired.measured['largest_difference']:.0%} "
            "of the rows between two splits.",
            Applicability.ADVICE,
        ),
    )


PLANT = Plant(
    level="split",
    operator="share_out_unevenly",
    severities=({"difference": 0.06}, {"difference": 0.12}, {"difference": 0.2}),
    accept=("minority_label_too_small", "labels_missing"),
    must_not=("conflicting_labels", "train_test_duplicates", "texts_drifted"),
)


def _case(train: tuple[int, int], test: tuple[int, int]) -> dict[str, object]:
    labels = ["a"] * train[0] + ["b"] * train[1] + ["a"] * test[0] + ["b"] * test[1]
    sides: list[SplitName] = ["train"] * sum(train)
    sides += ["test"] * sum(test)
    texts = [str(i) for i in range(len(labels))]
    return {"rows": example.rows(texts, labels), "splits": example.splits(sides)}


CASES = (
    Case("half of the rows, then four in five", "firing", _case((200, 200), (80, 20)), "fired"),
    Case("the same shares", "quiet", _case((200, 200), (50, 50)), "clear"),
    Case("six of ten rows, which chance makes", "near_miss", _case((200, 200), (6, 4)), "clear"),
    Case(
        "one point in twenty thousand rows", "near_miss", _case((5000, 5000), (5120, 4880)), "clear"
    ),
    Case("one label", "quiet", _case((20, 0), (5, 0)), "cannot_tell"),
)
