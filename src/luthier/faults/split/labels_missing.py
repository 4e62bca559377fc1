"""A label is in one split and not in another.

## What it is

A label stands in the test or validation rows but in no training row, or in the training rows but
in no row to judge on.

## Why it hurts

What was never learned is never answered: every row of such a label is wrong, whatever the model.
A label that is learned and never judged is the other side: the figures say nothing about it, and a
macro average silently becomes an average over fewer labels.

## How it is detected

The sets of labels of the splits are compared; that is exact. The share of judged rows that cannot
be right decides how much it matters, and comes with its Wilson interval (Wilson 1927).

## What stays quiet

Labels that stand in every split, however rare. Rows without a label.

## What to do

Put rows of the label into the training rows, or take the label out of the rows to judge on; or
hand Luthier all rows in one file. A label with too few texts for every split needs more texts.
"""

from __future__ import annotations

from collections import Counter

from luthier.faults import example_evidence as example
from luthier.kit.intervals import wilson
from luthier.kit.row_answers import row_answers
from luthier.records import (
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

FAULT = FaultInfo("labels_missing", "D11", "A label is missing in a split", any_task=True)

LIMITS: tuple[tuple[float, Severity], ...] = ((0.05, "high"), (0.01, "medium"), (0.0, "low"))
"""Share of the rows of a judged split whose label was never learned, above which it counts so."""

MOST_ROWS = 300
"""Rows named in a finding, at most."""

SHOWN = 10
"""Labels named in a message, at most."""

JUDGED: tuple[SplitName, ...] = ("test", "validation")


def detect(rows: Rows, splits: Splits) -> Outcome:
    """Compare the sets of labels."""
    found = _labelled(rows, splits)
    labels = {name: set[str]().union(*(has for _, has in own)) for name, own in found.items()}
    judged = [name for name in JUDGED if found[name]]
    if not labels["train"] or not judged:
        return CannotTell(
            "There is nothing to compare.", "labelled training rows and rows to judge"
        )
    measured: dict[str, object] = {"labels": len(set().union(*labels.values()))}
    said, touched, worst = [], [], 0.0
    for name in judged:
        unseen = labels[name] - labels["train"]
        lost = [row_id for row_id, has in found[name] if has & unseen]
        low, high = wilson(len(lost), len(found[name]))
        share = len(lost) / len(found[name])
        unjudged = labels["train"] - labels[name]
        measured |= {
            f"{name}_unseen_labels": len(unseen),
            f"{name}_lost": len(lost),
            f"{name}_lost_share": [share, low, high],
            f"{name}_unjudged_labels": len(unjudged),
        }
        worst = max(worst, share)
        touched += lost
        if unseen:
            said.append(
                f"{_listed(unseen)} in {name} but in no training row: {len(lost):,} of "
                f"{len(found[name]):,} rows ({share:.1%}) cannot be answered rightly."
            )
        if unjudged:
            said.append(f"{_listed(unjudged)} learned but in no {name} row.")
    if not said:
        return Clear(f"All {measured['labels']} labels stand in every split.", measured)
    return Fired(
        " ".join(said),
        next((severity for limit, severity in LIMITS if worst > limit), "note"),
        measured | {"rows_per_label": _fewest(found["train"])},
        {severity: limit for limit, severity in LIMITS},
        tuple(touched[:MOST_ROWS]),
    )


Labelled = tuple[int, frozenset[str]]
"""Row id, and its label or labels."""


def _labelled(rows: Rows, splits: Splits) -> dict[str, list[Labelled]]:
    """The rows of each split whose label, or labels, are known; numbers have none."""
    side = dict(zip(splits.row_ids.tolist(), splits.names, strict=True))
    found: dict[str, list[Labelled]] = {"train": [], "validation": [], "test": []}
    alone: dict[str, frozenset[str]] = {}  # one object for all rows of a label: they may be many
    for row_id, answer in zip(rows.ids.tolist(), row_answers(rows), strict=True):
        if row_id in side and isinstance(answer, str):
            own = alone.setdefault(answer, frozenset([answer]))
            found[side[row_id]].append((row_id, own))
        elif row_id in side and isinstance(answer, frozenset):
            found[side[row_id]].append((row_id, answer))
    return found


def _listed(labels: set[str]) -> str:
    shown = ", ".join(sorted(labels)[:SHOWN]) + (", ..." if len(labels) > SHOWN else "")
    return f"1 label ({shown}) is" if len(labels) == 1 else f"{len(labels)} labels ({shown}) are"


def _fewest(train: list[Labelled]) -> int:
    return min(Counter(label for _, has in train for label in has).values())


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Data work: which rows are learned from is the user's."""
    unseen = any(fired.measured.get(f"{name}_lost") for name in JUDGED)
    what = "Put rows of the labels named into the training rows" if unseen else (
        "Label more texts of the labels named, so that each split has some"
    )  # fmt: skip
    return (
        Prescription(
            f"{what}; or give all rows in one file and let Luthier share them out.",
            "What was never learned is never answered."
            if unseen
            else "A label that is never judged may be answered at random and no figure shows it.",
            Applicability.ADVICE,
        ),
    )


PLANT = Plant(
    level="split",
    operator="drop_a_label_from_train",
    severities=({"test_share": 0.02}, {"test_share": 0.1}, {"test_share": 0.25}),
    accept=("label_shares_differ", "minority_label_too_small"),
    must_not=("conflicting_labels", "train_test_duplicates"),
)

_TRAIN: list[SplitName] = ["train"] * 4


def _case(labels: str, names: list[SplitName]) -> dict[str, object]:
    texts = [f"text {i}" for i in range(len(labels))]
    return {"rows": example.rows(texts, list(labels)), "splits": example.splits(names)}


CASES = (
    Case(
        "a label in test that was never learned",
        "firing",
        _case("aabbac", [*_TRAIN, "test", "test"]),
        "fired",
    ),
    Case(
        "a label that is learned and never judged",
        "firing",
        _case("aabbaa", [*_TRAIN, "test", "validation"]),
        "fired",
    ),
    Case("every label everywhere", "quiet", _case("aabbab", [*_TRAIN, "test", "test"]), "clear"),
    Case(
        "a row without a label",
        "near_miss",
        {
            "rows": example.rows(list("uvwxyz"), ["a", "a", "b", "b", "a", ""]),
            "splits": example.splits(["train", "train", "train", "test", "test", "test"]),
        },
        "clear",
    ),
    Case("no rows to judge on", "quiet", _case("aabb", _TRAIN), "cannot_tell"),
)
