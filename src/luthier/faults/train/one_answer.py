"""The model gives one answer, whatever it is asked.

## What it is

All rows that the model did not learn from, or nearly all, get the same label, although their true
labels differ. Validation rows are looked at, test rows where only these were answered.

## Why it hurts

The model is of no use, and its accuracy may still look fair where one label is frequent. It is a
symptom with many causes: a rate too high or too low, frozen or unloaded weights, a head that is not
trained, inputs that never arrive.

## How it is detected

The perplexity of the answers (the exponential of the entropy of their shares) is below 1.1, while
that of the true labels is at least 1.2. *Inputs ignored*: the log-probabilities differ between rows
by less than 0.001 (mean standard deviation), so no text makes any difference.

## What stays quiet

A file in which nearly all rows carry one label. Fewer than 20 rows.

## What to do

Look first at the findings above this one, which are its causes. If there are none: train the same
model on 16 rows until it knows them by heart (seconds). If it cannot, the loop is broken; if it
can, the rate or the data are.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from luthier.faults import example_evidence as example
from luthier.kit.answers_alone import answers_alone
from luthier.kit.entropy import entropy_of
from luthier.kit.kinds_of_sets import Kinds, kinds_of_sets
from luthier.records import (
    AnyPredictions,
    Applicability,
    CannotTell,
    Case,
    Clear,
    FaultInfo,
    Fired,
    FloatArray,
    IntArray,
    LabelSetPredictions,
    NumberPredictions,
    Outcome,
    Plant,
    Prescription,
)

FAULT = FaultInfo(
    "one_answer",
    "T13",
    "One answer for everything",
    symptom_of=(
        "not_finite",
        "parameters_not_trained",
        "pretrained_weights_missing",
        "steps_not_as_planned",
        "probabilities_into_loss",
        "head_does_not_fit",
        "rows_in_label_order",
        "learning_rate_too_high",
        "learning_rate_too_low",
        "gradients_vanish",
        "unknown_tokens",
    ),
    any_task=True,
)

ONE, SEVERAL = 1.1, 1.2
"""Perplexity of the answers below which they are one; of the truth, from which that is wrong."""

SAME = 1e-3
"""Spread of log-probabilities between rows below which inputs make no difference."""

FLAT = 0.02
"""Spread of answered numbers, by that of the truth, below which they are one; a model that explains
a thousandth of the variance varies a thirtieth as much."""

FEWEST_ROWS = 20


def detect(held_out_answers: Mapping[str, AnyPredictions]) -> Outcome:
    """Count the different answers, and how much the inputs matter, in each file for itself."""
    told = [_of_split(found, split) for split, found in held_out_answers.items()]
    for kind in (Fired, Clear):
        if found := next((outcome for outcome in told if isinstance(outcome, kind)), None):
            return found
    return told[0]


def _of_split(found: AnyPredictions, split: str) -> Outcome:
    if (n := int(found.known.sum())) < FEWEST_ROWS:
        return CannotTell(f"Labelled {split} rows: {n}.", f"{FEWEST_ROWS} rows")
    if isinstance(found, NumberPredictions):
        return _of_numbers(found.labels[found.known], found.predicted[found.known], split)
    if isinstance(found, LabelSetPredictions):
        kinds = kinds_of_sets(found)
    else:
        truth, given = found.labels[found.known], found.predicted[found.known]
        kinds = Kinds(truth, given, found.label_names)
    return _of_kinds(kinds, found.probabilities[found.known], split)


def _of_kinds(kinds: Kinds, probabilities: FloatArray, split: str) -> Outcome:
    n, k = len(kinds.truth), len(kinds.names)
    if not np.isfinite(probabilities).all():
        return CannotTell("Some answers are no finite numbers.", "answers of a model that is whole")
    answers, truth = perplexity(kinds.predicted), perplexity(kinds.truth)
    spread = float(np.log(np.maximum(probabilities, 1e-300)).std(axis=0).mean())
    counts = np.bincount(kinds.predicted, minlength=k)
    name, share = kinds.names[int(counts.argmax())], float(counts.max() / n)
    measured = {
        "perplexity_of_answers": answers,
        "perplexity_of_labels": truth,
        "share_of_one_answer": share,
        "answer": name,
        "spread": spread,
        "rows": n,
    }
    limits = {"one": ONE, "several": SEVERAL, "spread": SAME}
    said = f"{share:.1%} of {n:,} {split} rows are answered {name!r}"
    if truth < SEVERAL:
        return Clear(f"Nearly all rows are labelled alike. {said}.", measured)
    if spread < SAME and not answers_alone(probabilities):
        said += f"; no text makes a difference (log-probabilities vary by {spread:.2g})"
        return Fired(f"{said}.", "high", {"kind": "inputs_ignored", **measured}, limits)
    if answers < ONE:
        return Fired(f"{said}.", "high", {"kind": "one_answer", **measured}, limits)
    return Clear(f"The answers are of several kinds ({answers:.1f} on average).", measured)


def _of_numbers(truth: FloatArray, given: FloatArray, split: str) -> Outcome:
    """Whether they hardly vary between rows, and the truth does."""
    if not truth.std() > 0:
        return Clear("All rows have the same number.", {"rows": len(truth)})
    ratio = float(given.std() / truth.std())
    measured = {"spread_of_answers": ratio, "rows": len(truth)}
    if ratio < FLAT:
        said = (
            f"All {len(truth):,} {split} rows are answered with nearly the same number "
            f"({given.mean():.4g}): the answers vary {ratio:.2%} as much as the truth."
        )
        return Fired(said, "high", {"kind": "one_answer", **measured}, {"flat": FLAT})
    return Clear(f"The answers vary {ratio:.0%} as much as the truth.", measured)


def perplexity(ids: IntArray) -> float:
    """Exponential of the entropy of the shares: how many labels, in effect, occur."""
    return float(np.exp(entropy_of(ids)))


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Name the cheapest next test."""
    if fired.measured["kind"] == "inputs_ignored":
        what = "Check that token ids and attention mask reach the model (a mask of 0 hides all)."
        why = "Different texts give the same numbers, so the texts do not arrive."
        return (Prescription(what, why, Applicability.ADVICE),)
    return (
        Prescription(
            "Mend the findings above this one first. Without any: train on 16 rows until they are "
            "known by heart.",
            "It takes seconds and parts the causes: if it fails the loop or the model is broken, "
            "if it works the rate or the data are.",
            Applicability.ADVICE,
        ),
    )


PLANT = Plant(
    level="run",
    operator="blank_inputs",
    severities=({"how": "first_token_only"}, {"how": "same_text"}),
    accept=("learning_rate_too_low", "learning_rate_too_high", "not_better_than_linear",
            "parameters_not_trained", "pretrained_weights_missing", "gradients_vanish"),
    must_not=("probabilities_into_loss", "steps_not_as_planned"),
)  # fmt: skip


def _case(labels: list[int], answers: list[int]) -> dict[str, object]:
    return {"held_out_answers": {"test": example.predictions(labels, answers, ("a", "b", "c"))}}


_THIRDS = [0, 1, 2] * 40


def _varied() -> dict[str, object]:
    """One answer, given with a confidence that depends on the text."""
    found = example.predictions(_THIRDS, [0] * 120, ("a", "b", "c"))
    sure = np.linspace(0.4, 0.9, 120)[:, None]
    found.probabilities[:] = np.hstack([sure, (1 - sure) / 2, (1 - sure) / 2])
    return {"held_out_answers": {"validation": found}}


def _answers_alone() -> dict[str, object]:
    """One answer, as a file of labels without outputs has it."""
    found = example.predictions(_THIRDS, [0] * 120, ("a", "b", "c"))
    found.probabilities[:] = np.eye(3)[found.predicted]
    return {"held_out_answers": {"test": found}}


def _test_alone() -> dict[str, object]:
    """Validation answers as they should be, and one answer for all test rows."""
    good = example.predictions(_THIRDS, _THIRDS, ("a", "b", "c"))
    return {"held_out_answers": {"validation": good, **_varied_test()}}


def _varied_test() -> dict[str, object]:
    (found,) = _varied()["held_out_answers"].values()  # type: ignore[attr-defined]
    return {"test": found}


CASES = (
    Case("only the test rows have one answer", "firing", _test_alone(), "fired"),
    Case("one answer, labels without outputs", "firing", _answers_alone(), "fired"),
    Case("no text makes a difference", "firing", _case(_THIRDS, [0] * 120), "fired"),
    Case("one answer, more or less sure", "firing", _varied(), "fired"),
    Case("three answers", "quiet", _case(_THIRDS, _THIRDS), "clear"),
    Case("nearly all rows carry one label", "near_miss", _case([0] * 99 + [1], [0] * 100), "clear"),
    Case("ten rows", "near_miss", _case([0, 1] * 5, [0] * 10), "cannot_tell"),
)
