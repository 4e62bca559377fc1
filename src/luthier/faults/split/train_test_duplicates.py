"""Rows to be judged on are not new: they were learned from, chosen on, or stand there twice.

## What it is

A text of the test rows also stands in the training rows or in the validation rows, or a text of
the validation rows stands in the training rows. Texts are equal when they are so after Unicode
normalisation (NFKC), lower case, and without punctuation and spare spaces.

## Why it hurts

A row that was learned from may be answered from memory. Test figures then promise more than new
texts will give, and on validation a checkpoint that memorises well looks better than it is.
The best checkpoint is the one that does best on validation: where the test rows stand there, the
test figure is the best of many, not one look. And intervals take rows as independent: where a
text stands several times among the test rows, they are too narrow.

## How it is detected

The normalised texts of the splits are compared. The share of such rows comes with its Wilson
interval (Wilson 1927). Any row that was learned from or chosen on is reported; how much it matters
follows from the share, and learning weighs more than choosing. Rows learned with the same label
make figures too good, those with another label too bad: both are counted. Of repeated test
texts the design effect is measured (Kish 1965): the root of it is how much too narrow intervals are
at most, if repeated texts are all answered alike. They are a finding by themselves, and a note
only, from 1.1 times: they may be copies, or messages that many people send.

## What stays quiet

Duplicates inside the training or the validation rows, and few inside the test rows. Texts that are
merely alike: short questions are rightly so.

## What to do

Take the repeated texts out of the training or validation rows, not out of the test rows; or hand
Luthier all rows in one file: its own split keeps equal texts on one side. Of copies among the test
rows keep one each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from luthier.faults import example_evidence as example
from luthier.kit.intervals import wilson
from luthier.kit.repeated_texts import Keyed, keyed_by_split, repeated, said_before, said_first
from luthier.kit.row_answers import answer_word
from luthier.records import (
    SEVERITIES,
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

FAULT = FaultInfo("train_test_duplicates", "D2", "Rows to judge on that are not new", any_task=True)

Limits = tuple[tuple[float, Severity], ...]
LEARNED: Limits = ((0.05, "high"), (0.01, "medium"), (0.005, "low"), (0.0, "note"))
"""Share of rows that were learned from, in the worse split, above which it counts so much."""

CHOSEN_ON: Limits = ((0.5, "high"), (0.05, "medium"), (0.01, "low"), (0.0, "note"))
"""Share of test rows that stand in validation: the best of some epochs is a small gain."""

REPEATED: Limits = ((1.1, "note"),)
"""How many times too narrow intervals are at most, for texts repeated among the test rows."""

LIMITS = {"learned": LEARNED, "chosen_on": CHOSEN_ON, "repeated": REPEATED}

JUDGED: tuple[SplitName, ...] = ("test", "validation")

NONE_STANDS: Mapping[tuple[bool, SplitName], str] = {
    (True, "test"): "No test or validation text stands among rows that were used before it.",
    (False, "test"): "No test text stands among rows that were used before it.",
    (False, "validation"): "No validation text stands among rows that were used before it.",
}
"""By whether both splits are judged, and the first of them."""

MOST_ROWS = 300
"""Rows named in a finding, at most; test rows that were learned from come first."""


def detect(rows: Rows, splits: Splits) -> Outcome:
    """Look up every text to be judged on among the rows that came before it."""
    keyed = keyed_by_split(rows, splits)
    judged = [split for split in JUDGED if keyed[split]]
    if not judged or not (keyed["train"] or len(judged) == 2):
        return CannotTell("There is nothing to compare.", "training rows, and rows to judge on")
    learned = {split: said_before(keyed[split], keyed["train"]) for split in judged}
    chosen = said_before(keyed["test"], keyed["validation"])
    shared, narrow = repeated(keyed["test"])
    measured: dict[str, Any] = {"test_repeated": len(shared), "test_too_narrow": narrow}
    for split, found in learned.items():
        measured |= _shares(f"{split}_leaked", len(found), len(keyed[split]))
        measured[f"{split}_leaked_same_label"] = sum(found.values())
    measured |= _shares("test_chosen_on", len(chosen), len(keyed["test"]))
    severities = {
        "learned": _severity(max(measured[f"{split}_leaked_share"] for split in judged), LEARNED),
        "chosen_on": _severity(measured["test_chosen_on_share"], CHOSEN_ON),
        "repeated": _severity(narrow, REPEATED),
    }
    message = _message(measured, judged, rows, keyed)
    present = {name: severity for name, severity in severities.items() if severity}
    if not present:
        return Clear(f"{NONE_STANDS[len(judged) == 2, judged[0]]} {message}".strip(), measured)
    rows_touched = [*learned.get("test", ()), *chosen, *learned.get("validation", ())]
    rows_touched += shared if severities["repeated"] else ()
    return Fired(
        message,
        max(present.values(), key=SEVERITIES.index),
        measured | {f"{name}_severity": severity for name, severity in present.items()},
        {f"{name}_{severity}": x for name, limits in LIMITS.items() for x, severity in limits},
        tuple(dict.fromkeys(rows_touched))[:MOST_ROWS],
    )


def _shares(name: str, count: int, n: int) -> dict[str, float]:
    low, high = wilson(count, n)
    ends = {"share": count / max(1, n), "share_low": low, "share_high": high}
    return {name: count, f"{name}_of": n} | {f"{name}_{end}": at for end, at in ends.items()}


def _severity(value: float, limits: Limits) -> Severity | None:
    return next((severity for limit, severity in limits if value > limit), None)


def _message(measured: Mapping[str, Any], judged: Sequence[str], rows: Rows, keyed: Keyed) -> str:
    """What was found, each in its own sentence; nothing about what was not."""
    said = [
        f"{measured[f'{split}_leaked']:,} of {measured[f'{split}_leaked_of']:,} {split} rows have "
        f"texts that were learned from as well ({_ends(measured, f'{split}_leaked')}), "
        f"{measured[f'{split}_leaked_same_label']:,} of them with the same {answer_word(rows)}."
        for split in judged
        if measured[f"{split}_leaked"]
    ]
    if measured["test_chosen_on"]:
        said.append(
            f"{measured['test_chosen_on']:,} of {measured['test_chosen_on_of']:,} test rows have "
            f"texts that stand among the validation rows as well "
            f"({_ends(measured, 'test_chosen_on')}), on which the best checkpoint is chosen."
        )
    if measured["test_repeated"]:
        said.append(
            f"Test rows that share their text with another one: {measured['test_repeated']:,}; "
            f"intervals take rows as independent and are up to {measured['test_too_narrow']:.2f} "
            "times too narrow."
        )
    if first := said_first(rows, keyed):
        said.append(f"The first is {first[0]}, which says what {first[1]} says.")
    return " ".join(said)


def _ends(measured: Mapping[str, Any], name: str) -> str:
    share, low, high = (measured[f"{name}_{end}"] for end in ("share", "share_low", "share_high"))
    return f"{share:.1%}, interval {low:.1%} to {high:.1%}"


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Data work: the rows of the user are never moved by Luthier."""
    found = fired.measured
    cures = []
    if leaked := sum(found.get(f"{split}_leaked", 0) for split in JUDGED):
        what = (
            f"Leave out of the training file whatever equals a row named ({leaked:,} in all), or "
            "give all rows in one file and let Luthier split them."
        )
        cures.append((what, "Then no figure is owed to memory."))
    if chosen := found.get("test_chosen_on", 0):
        what = (
            f"Leave out of the validation file whatever equals a row named ({chosen:,} in all), or "
            "give all rows in one file and let Luthier split them."
        )
        cures.append((what, "Then the checkpoint is not chosen on rows it is judged on."))
    if "repeated_severity" in found:
        what = "Keep one of each text among the test rows, if the others are copies."
        cures.append((what, "Then the intervals are as wide as they should be."))
    return tuple(Prescription(what, why, Applicability.ADVICE) for what, why in cures)


PLANT = Plant(
    level="split",
    operator="copy_train_rows_into_test",
    severities=({"share": 0.01}, {"share": 0.05}, {"share": 0.20}),
    must_not=("conflicting_labels", "last_instead_of_best"),
)

_TEXTS = ["快递到哪了", "我要退货", "快递到哪了?", "发票抬头写错了"]
_TESTED: list[SplitName] = ["test"] * 21

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
        "a test text that was learned with other labels",
        "firing",
        {
            "rows": example.rows(_TEXTS, [("a",), ("b", "c"), (), ("c",)]),
            "splits": example.splits(["train", "train", "test", "validation"]),
        },
        "fired",
    ),
    Case(
        "a validation file equal to the test file",
        "firing",
        {
            "rows": example.rows(["甲", "乙", "丙", "丁", "丙!", "丁"], list("ababab")),
            "splits": example.splits(
                ["train", "train", "validation", "validation", "test", "test"]
            ),
        },
        "fired",
    ),
    Case(
        "every test text twice",
        "firing",
        {
            "rows": example.rows(["甲", "乙", "丙", "丙!", "丁", "丁"], list("abaabb")),
            "splits": example.splits(["train", "validation", "test", "test", "test", "test"]),
        },
        "fired",
    ),
    Case(
        "one text in twenty twice among the test rows",
        "near_miss",
        {
            "rows": example.rows([*(str(i) for i in range(20)), "0", "甲"], ["a"] * 22),
            "splits": example.splits([*_TESTED, "train"]),
        },
        "clear",
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
