"""The texts to judge on are of another kind than those that were learned from.

## What it is

Test texts (or validation texts) can be told from training texts of the same label: other subjects,
another time, another source, another length or style.

## Why it hurts

A model is only good on what is like its training rows. Where test rows differ from validation
rows, good validation figures and bad test predictions are what comes of it; where rows in use
differ from all of them, no figure is a promise.

## How it is detected

A linear model over character n-grams is trained to tell the two sets apart, answers rows it has not
seen, and is held against 499 shuffled sets (classifier two-sample test, Lopez-Paz & Oquab 2017,
with an exact permutation p). Rows are shuffled within their label, so a difference in label shares
alone is not drift. It fires when p is below 0.01 (0.005 for each of two splits) and the area under
the curve lies 0.10 above chance. Then the harm is looked for: is the third of the training rows
that is most like the test rows answered worse (by a linear model out of fold) than the others?

## What stays quiet

Splits that Luthier drew by chance: they cannot drift, and are not tested. Differences too small to
matter, and differences in label shares. Drift without visible harm is a note.

## What to do

If the test rows are what will come in use, label rows like them for training; the words and rows
named show what is new. If not, share all rows out anew.
"""

from __future__ import annotations

import numpy as np

from luthier.faults import example_evidence as example
from luthier.kit.split_drift import EFFECT, FEWEST, P_LIMIT, SplitDrift, drift_of
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

FAULT = FaultInfo("texts_drifted", "D10", "Texts to judge on are of another kind")

PLAIN = 0.30
"""AUC above chance from which the two are different texts, harm or not."""

HARDLY_ALIKE = 0.9
"""AUC from which the training rows most like them are still of another kind."""

BY_CHANCE = "stratified"

SPLITS: tuple[SplitName, ...] = ("test", "validation")


def detect(rows: Rows, splits: Splits) -> Outcome:
    """Try to tell the rows to judge on from the training rows."""
    if splits.method == BY_CHANCE:
        return Clear("Luthier drew the splits by chance: they cannot differ in kind.")
    judged = [name for name in SPLITS if len(splits.ids_of(name)) >= FEWEST]
    if not judged or len(splits.ids_of("train")) < 2 * FEWEST:
        needs = f"{2 * FEWEST} training rows and {FEWEST} rows to judge on"
        return CannotTell("There are too few rows to tell two kinds of text apart.", needs)
    found = [drift for name in judged if (drift := drift_of(rows, splits, name)) is not None]
    if not found:
        needs = f"{FEWEST} texts to judge on that are not copies, of labels that were learned"
        return CannotTell("There are too few texts to tell two kinds apart.", needs)
    measured = {
        f"{drift.split}_{name}": value
        for drift in found
        for name, value in _measured(drift).items()
    }
    drifted = [drift for drift in found if drift.there]
    if not drifted:
        said = "; ".join(_told(drift) for drift in found)
        return Clear(f"They cannot be told from training texts: {said}.", measured)
    return Fired(
        " ".join(_said(drift) for drift in drifted),
        max((_severity(drift) for drift in drifted), key=SEVERITIES.index),
        measured,
        {"p": P_LIMIT, "auc_above_chance": EFFECT},
        tuple(row for drift in drifted for row in drift.rows),
    )


def _severity(drift: SplitDrift) -> Severity:
    if drift.harmful:
        return "high"
    return "medium" if drift.test.effect >= PLAIN else "note"


def _measured(drift: SplitDrift) -> dict[str, object]:
    found: dict[str, object] = {
        "rows": drift.n,
        "auc": drift.test.auc,
        "auc_of_chance": drift.test.null_mean,
        "p": drift.test.p,
        "terms": list(drift.terms),
    }
    if drift.harm is not None:
        found["harm"] = [drift.harm.value, drift.harm.low, drift.harm.high]
    return found


def _told(drift: SplitDrift) -> str:
    auc, chance, p = drift.test.auc, drift.test.null_mean, drift.test.p
    return f"{drift.split} AUC {auc:.2f}, by chance {chance:.2f}, p = {p:.3f}"


def _said(drift: SplitDrift) -> str:
    auc, chance, p = drift.test.auc, drift.test.null_mean, drift.test.p
    said = [
        f"The {drift.split} texts can be told from training texts of the same label: AUC "
        f"{auc:.2f}, by chance {chance:.2f}, p = {p:.3f}."
    ]
    if drift.terms:
        said.append(f"Commoner in {drift.split}: {', '.join(drift.terms)}.")
    if drift.harm is not None:
        ends = f"{drift.harm.value:+.3f} ({drift.harm.low:+.3f} to {drift.harm.high:+.3f})"
        rest = "that harms" if drift.harmful else "no harm is seen"
        if not drift.harmful and auc >= HARDLY_ALIKE:
            rest = "this says little, for hardly any of them is like these texts"
        said.append(f"Training rows most like them are answered {ends} against the rest: {rest}.")
    return " ".join(said)


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Rows like those to come; only a person knows which these are."""
    terms = [term for split in SPLITS for term in fired.measured.get(f"{split}_terms", ())]
    like = f" (they speak of {', '.join(terms[:5])})" if terms else ""
    return (
        Prescription(
            f"If the rows to judge on are what will come in use, label more rows like them{like} "
            "and learn from these; if not, give all rows in one file for Luthier to share out.",
            "A model is only good on what is like its training rows.",
            Applicability.ADVICE,
        ),
    )


PLANT = Plant(
    level="split",
    operator="change_the_test_texts",
    severities=({"share": 0.2}, {"share": 0.5}, {"share": 0.9}),
    accept=("minority_label_too_small", "unknown_tokens"),
    must_not=("conflicting_labels", "train_test_duplicates", "label_shares_differ"),
)

_THINGS = (
    "card",
    "phone",
    "watch",
    "lamp",
    "chair",
    "table",
    "mirror",
    "pillow",
    "carpet",
    "shelf",
)
_SAID = ("broken", "late", "missing", "dirty", "too small", "too big", "not mine", "very loud")


def _texts(n: int, opening: str, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return [
        f"{opening} {rng.choice(_THINGS)} number {rng.integers(10**6)} is {rng.choice(_SAID)} "
        f"and the {rng.choice(_THINGS)} is {rng.choice(_SAID)}"
        for _ in range(n)
    ]


def _case(test: list[str], labels: list[str], method: str = "given") -> dict[str, object]:
    texts = [*_texts(300, "my", 0), *test]
    sides: list[SplitName] = ["train"] * 300
    sides += ["test"] * len(test)
    given = example.splits(sides)
    return {
        "rows": example.rows(texts, ["a", "b"] * 150 + labels),
        "splits": Splits(given.row_ids, given.names, method, 0),
    }


CASES = (
    Case(
        "another way to begin",
        "firing",
        _case(_texts(100, "good day, the", 1), ["a", "b"] * 50),
        "fired",
    ),
    Case("the same kind of texts", "quiet", _case(_texts(100, "my", 1), ["a", "b"] * 50), "clear"),
    Case(
        "the same kind, other shares of the labels",
        "near_miss",
        _case(_texts(100, "my", 1), ["a"] * 90 + ["b"] * 10),
        "clear",
    ),
    Case(
        "splits that Luthier drew",
        "quiet",
        _case(_texts(100, "good day, the", 1), ["a", "b"] * 50, BY_CHANCE),
        "clear",
    ),
    Case("ten test rows", "near_miss", _case(_texts(10, "the", 1), ["a", "b"] * 5), "cannot_tell"),
)
