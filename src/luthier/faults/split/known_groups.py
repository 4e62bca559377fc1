"""Test rows come from groups, or from a time, that were learned from, and are answered better.

## What it is

Rows that belong together (one customer, one document, one speaker; a column names them) stand on
both sides of the split, or test rows are no newer than training rows (a column says when).

## Why it hurts

The model knows these customers, documents or weeks already. In use it will meet new ones, and will
be less good than the test says.

## How it is detected

The test rows whose group was learned from are held against those of new groups; likewise test
rows up to the newest training row against newer ones. The difference in accuracy is taken within
each label and averaged (Mantel & Haenszel 1959, interval by Sato 1989), so that an easy label does
not look like a known group. It fires when the 95 % interval lies above 0.

## What stays quiet

Known groups that are answered no better than new ones: clear when they surely gain less than 5
points, otherwise the rows cannot tell. Rows without a group, or without a time.
Where all test rows are from known groups there is nothing to compare with, and that is said.

## What to do

Let whole groups stay on one side, or let the newest rows judge; Luthier's split does either.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from luthier.faults import example_evidence as example
from luthier.kit.intervals import wilson
from luthier.kit.matched_shares import difference_within
from luthier.records import (
    Applicability,
    BoolArray,
    CannotTell,
    Case,
    Clear,
    FaultInfo,
    Fired,
    IntArray,
    Outcome,
    Plant,
    Predictions,
    Prescription,
    Rows,
    Severity,
    SplitName,
    Splits,
)

FAULT = FaultInfo("known_groups", "D3", "Test rows of groups or times that were learned from")

LIMITS: tuple[tuple[float, Severity], ...] = ((0.1, "high"), (0.03, "medium"), (0.0, "low"))
"""Difference in accuracy between known and new ones above which it counts so much."""

WORTH_KNOWING = 0.05
"""It is clear only when known ones are surely not better by more than this."""

FEWEST = 20
"""Test rows of known, and of new, groups that are needed to compare."""

COLUMNS = {"group": "of a group that was learned from", "time": "no newer than the training rows"}

MOST_ROWS = 300
"""Rows named in a finding, at most."""


def detect(rows: Rows, splits: Splits, test_predictions: Predictions) -> Outcome:
    """Compare known with new, by group and by time."""
    there = [name for name in COLUMNS if name in rows.columns]
    if not there:
        needs = "a column of groups or times (data.group_column, data.time_column)"
        return CannotTell("Nothing says which rows belong together.", needs)
    measured: dict[str, Any] = {}
    said, open_questions, touched = [], [], []
    worst, wanted = 0.0, [0.0]
    for name in there:
        ids, seen, right, labels = _judged(name, rows, splits, test_predictions)
        count = int(seen.sum())
        measured |= {f"{name}_rows": len(ids), f"{name}_known": count}
        measured[f"{name}_known_share"] = [count / max(1, len(ids)), *wilson(count, len(ids))]
        if not count:
            continue
        what = f"{count:,} of {len(ids):,} test rows with a {name} are {COLUMNS[name]}"
        gap = difference_within(right, seen, labels.tolist())
        if gap is None or min(count, len(ids) - count) < FEWEST:
            open_questions.append(f"{what}, and {len(ids) - count:,} are not.")
            wanted.append(2 * FEWEST)
            continue
        measured[f"{name}_gap"] = [gap.value, gap.low, gap.high]
        said.append(
            f"{what}; within each label they are answered {gap.value:+.3f} better than the others "
            f"({gap.low:+.3f} to {gap.high:+.3f})."
        )
        if gap.low <= 0 and gap.high > WORTH_KNOWING:
            open_questions.append(said.pop())
            wanted.append(round(len(ids) * ((gap.high - gap.low) / 2 / WORTH_KNOWING) ** 2, -2))
        elif gap.low > 0:
            worst = max(worst, gap.value)
            touched += ids[seen].tolist()
    if worst > 0:
        severity = next(severity for limit, severity in LIMITS if worst > limit)
        shown = tuple(dict.fromkeys(touched))[:MOST_ROWS]
        return Fired(" ".join(said), severity, measured, {name: x for x, name in LIMITS}, shown)
    if open_questions:
        needs = f"about {max(wanted):,.0f} test rows, of known and of new groups or times"
        return CannotTell(" ".join(open_questions), needs, measured)
    return Clear(" ".join(said) or "No test row is of a known group or time.", measured)


def _judged(
    name: str, rows: Rows, splits: Splits, answers: Predictions
) -> tuple[IntArray, BoolArray, BoolArray, IntArray]:
    """Test rows with a label and a group (or time) [n]: id, is it known, is it right, label."""
    values = dict(zip(rows.ids.tolist(), rows.columns[name], strict=True))
    learned = {values[i] for i in splits.ids_of("train").tolist() if values.get(i)}
    newest = max(learned, default="")
    own = [values.get(i) or "" for i in answers.row_ids.tolist()]
    there = (answers.labels >= 0) & np.array([value != "" for value in own], dtype=bool)
    if name == "group":
        known = np.array([value in learned for value in own], dtype=bool)
    else:
        known = np.array([value <= newest for value in own], dtype=bool)
    right = answers.labels == answers.predicted
    return answers.row_ids[there], known[there], right[there], answers.labels[there]


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Another split; it makes the figures honest, not better."""
    cures = []
    for name, how in (("group", "whole groups stay on one side"), ("time", "the newest judge")):
        gap = fired.measured.get(f"{name}_gap")
        if gap and gap[1] > 0:
            cures.append(
                Prescription(
                    f"Share the rows out by {name} ({how}); give all rows in one file for it.",
                    f"Figures are {gap[0]:.3f} lower on what is new, and new is what comes in use.",
                    Applicability.ASK,
                    {"split.split_by": name},
                )
            )
    return tuple(cures)


PLANT = Plant(
    level="data",
    operator="give_groups_their_own_words",
    severities=({"share": 0.3}, {"share": 0.5}, {"share": 0.8}),
    accept=("minority_label_too_small", "texts_drifted", "overfitting_or_too_few_labels"),
    must_not=("conflicting_labels", "last_instead_of_best"),
)


def _case(column: str, known: tuple[int, int], new: tuple[int, int]) -> dict[str, object]:
    """Test rows of known and new groups: (right, all) of each."""
    n = known[1] + new[1]
    truth = np.arange(n) % 2
    right = np.concatenate([np.arange(known[1]) < known[0], np.arange(new[1]) < new[0]])
    values = ["2024-01"] * known[1] + ["2024-02"] * new[1] + ["2024-01"] * 4
    rows = example.rows([str(i) for i in range(n + 4)], ["a", "b"] * (n // 2 + 2))
    sides: list[SplitName] = ["test"] * n
    return {
        "rows": type(rows)(
            rows.ids,
            {**rows.columns, column: values},
            rows.locations,
            rows.given_split,
            rows.source,
        ),
        "splits": example.splits([*sides, "train", "train", "train", "train"]),
        "test_predictions": example.predictions(
            truth.tolist(), np.where(right, truth, 1 - truth).tolist()
        ),
    }


_NO_COLUMN = _case("other", (50, 60), (50, 60))

CASES = (
    Case("known customers far better", "firing", _case("group", (95, 100), (60, 100)), "fired"),
    Case("old weeks far better", "firing", _case("time", (95, 100), (60, 100)), "fired"),
    Case("only new groups", "quiet", _case("group", (0, 0), (60, 100)), "clear"),
    Case("known ones worse", "near_miss", _case("group", (70, 100), (84, 100)), "clear"),
    Case("known a bit better", "near_miss", _case("group", (80, 100), (79, 100)), "cannot_tell"),
    Case("only known groups", "near_miss", _case("group", (95, 100), (0, 0)), "cannot_tell"),
    Case("no such column", "quiet", _NO_COLUMN, "cannot_tell"),
)
