"""Rows to be judged on were also learned from.

## What it is

A text of the test rows (or of the validation rows) also stands in the training rows, equal after
Unicode normalisation (NFKC), lower case, and without punctuation and spare spaces.

## Why it hurts

The model may answer such a row from memory. Test figures then promise more than new texts will
give, and on validation a checkpoint that memorises well looks better than it is.

## How it is detected

The normalised texts of the splits are compared. The share of leaked rows comes with its Wilson
interval (Wilson 1927). Any leaked row is reported; how much it matters follows from the share.
Leaked rows with the same label make figures too good, those with another label too bad: both are
counted.

## What stays quiet

Duplicates inside one split. Texts that are merely alike: short questions are rightly so.

## What to do

Take the leaked texts out of the training rows, not out of the test rows; or hand Luthier all rows
in one file: its own split keeps equal texts on one side.
"""

from __future__ import annotations

from collections import defaultdict

from luthier.faults import example_evidence as example
from luthier.kit.intervals import wilson
from luthier.kit.text_key import text_key
from luthier.records import (
    SPLIT_NAMES,
    Applicability,
    CannotTell,
    Case,
    Clear,
    FaultInfo,
    Fired,
    Outcome,
    Plant,
    Prescription,
    Rows,
    Severity,
    SplitName,
    Splits,
)

FAULT = FaultInfo("train_test_duplicates", "D2", "Test rows that were learned from")

LIMITS: tuple[tuple[float, Severity], ...] = ((0.05, "high"), (0.01, "medium"), (0.005, "low"))
"""Share of leaked rows, in the worse of the two splits, from which it counts so much."""

JUDGED: tuple[SplitName, ...] = ("test", "validation")

MOST_ROWS = 300
"""Rows named in a finding, at most; test rows first."""


def detect(rows: Rows, splits: Splits) -> Outcome:
    """Look up every test and validation text among the training texts."""
    keyed = _keyed(rows, splits)
    judged = [split for split in JUDGED if keyed[split]]
    if not keyed["train"] or not judged:
        return CannotTell("There is nothing to compare.", "training rows, and rows to judge on")
    learned: defaultdict[str, set[str]] = defaultdict(set)
    for key, _, label in keyed["train"]:
        learned[key].add(label)
    measured: dict[str, float] = {}
    leaked: list[int] = []
    parts: list[str] = []
    for split in judged:
        found = [(i, label in learned[key]) for key, i, label in keyed[split] if key in learned]
        n, same = len(keyed[split]), sum(same for _, same in found)
        low, high = wilson(len(found), n)
        figures = {"rows": n, "leaked": len(found), "leaked_same_label": same}
        ends = {"share": len(found) / n, "share_low": low, "share_high": high}
        measured |= {f"{split}_{name}": value for name, value in (figures | ends).items()}
        leaked += [i for i, _ in found]
        if found:
            share = f"{len(found) / n:.1%}, interval {low:.1%} to {high:.1%}"
            parts.append(f"{len(found)} of {n} {split} rows ({share}; {same} with the same label)")
    if not leaked:
        return Clear(f"No {' or '.join(judged)} text stands in the training rows.", measured)
    worst = max(measured[f"{split}_share"] for split in judged)
    return Fired(
        f"The training rows also hold the texts of {' and '.join(parts)}.",
        next((severity for limit, severity in LIMITS if worst >= limit), "note"),
        measured,
        {severity: limit for limit, severity in LIMITS},
        tuple(leaked[:MOST_ROWS]),
    )


def _keyed(rows: Rows, splits: Splits) -> dict[SplitName, list[tuple[str, int, str]]]:
    """Split -> (text key, row id, label) of its rows."""
    side = dict(zip(splits.row_ids.tolist(), splits.names, strict=True))
    keyed: dict[SplitName, list[tuple[str, int, str]]] = {name: [] for name in SPLIT_NAMES}
    columns = rows.columns
    for i, text, label in zip(rows.ids.tolist(), columns["text"], columns["label"], strict=True):
        if i in side:
            keyed[side[i]].append((text_key(text), i, label))
    return keyed


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Data work: the rows of the user are never moved by Luthier."""
    leaked = sum(fired.measured.get(f"{split}_leaked", 0) for split in JUDGED)
    return (
        Prescription(
            f"Leave out of the training file what equals the {leaked} rows named, or give all "
            "rows in one file and let Luthier split them.",
            "Then no figure is owed to memory.",
            Applicability.ADVICE,
        ),
    )


PLANT = Plant(
    level="split",
    operator="copy_train_rows_into_test",
    severities=({"share": 0.01}, {"share": 0.05}, {"share": 0.20}),
    must_not=("conflicting_labels", "last_instead_of_best"),
)

_TEXTS = ["快递到哪了", "我要退货", "快递到哪了?", "发票抬头写错了"]

CASES = (
    Case(
        "a test text that was learned, punctuation aside",
        "firing",
        {
            "rows": example.rows(_TEXTS, ["a", "b", "a", "c"]),
            "splits": example.splits(["train", "train", "test", "validation"]),
        },
        "fired",
    ),
    Case(
        "no text twice",
        "quiet",
        {
            "rows": example.rows(["a1", "b1", "c1"], ["a", "b", "c"]),
            "splits": example.splits(["train", "validation", "test"]),
        },
        "clear",
    ),
    Case(
        "a text twice in the training rows only",
        "near_miss",
        {
            "rows": example.rows(_TEXTS, ["a", "b", "a", "c"]),
            "splits": example.splits(["train", "test", "train", "validation"]),
        },
        "clear",
    ),
    Case(
        "no rows to judge on",
        "quiet",
        {"rows": example.rows(["x", "y"], ["a", "b"]), "splits": example.splits(["train"] * 2)},
        "cannot_tell",
    ),
)
