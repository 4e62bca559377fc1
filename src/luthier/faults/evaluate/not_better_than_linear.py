"""The fine-tuned model is not better than a simple linear one.

## What it is

On the validation rows the model answers no better than the best of two simple rivals that were
fitted on the same training rows: TF-IDF with a linear model, and a logistic regression on the
frozen encoder.

## Why it hurts

The fine-tuning bought nothing. It is also the best single sign that something went wrong: a rate
that is too high or too low, too few steps, frozen layers, or an encoder that does not know the
language.

## How it is detected

The paired difference in accuracy and in macro-F1 on the same rows, each with its 95 % interval
(percentile bootstrap over rows, Efron & Tibshirani 1993). *Better*: one interval lies above 0.
*Worse*: one lies below 0. *Equal*: both include 0 and neither reaches above 2 points. Otherwise
the rows cannot decide, and the rows needed to see 2 points with 80 % power are said, from the
share of rows on which exactly one of the two is right (paired comparison of shares, Connor 1987).
Of several labels a row, the F1 of its labels (sample F1) stands for accuracy; of numbers, R2 alone
is compared. Rows needed follow from the width of the interval there.

## What stays quiet

A model whose advantage is small but sure. Small validation sets, and any of fewer than 30 rows:
they cannot tell.

## What to do

If it has not learned its own training rows: more epochs, another learning rate. If it has:
the opinion of a linear model mixed into the labels (`train.teacher`), a pretrained model that knows
this language and subject, or the simple rival itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luthier.faults import example_evidence as example
from luthier.kit.linear_teacher import LEARN_FROM_LINEAR
from luthier.kit.rivals import commonest_share, strongest_rival
from luthier.kit.row_scores import mean_score, rows_to_tell, score_differences
from luthier.records import (
    AnyPredictions,
    Applicability,
    CannotTell,
    Case,
    Clear,
    FaultInfo,
    Figure,
    Fired,
    Outcome,
    Plant,
    Prescription,
)
from luthier.settings import Settings

FAULT = FaultInfo(
    "not_better_than_linear", "T11", "Not better than a linear model",
    symptom_of=("unknown_tokens", "parameters_not_trained", "pretrained_weights_missing",
                "steps_not_as_planned", "probabilities_into_loss", "head_does_not_fit",
                "rows_in_label_order", "not_finite", "learning_rate_too_high",
                "learning_rate_too_low", "gradients_vanish", "one_answer"),
    any_task=True,
)  # fmt: skip

MARGIN = 0.02
"""A gain below this (a share of rows, or of macro-F1) is not worth a fine-tuned model."""

NOT_LEARNED = 0.05
"""Score on the training rows that is not this far above the rival's: it has not learned them."""

FEWEST_ROWS = 30
"""Percentiles of resamples of fewer rows are much too narrow, and one row decides."""

HIGH_RATE = 1e-4
"""Peak learning rates above this may ruin a pretrained encoder; then nothing is learned at all."""


def detect(
    train_predictions: AnyPredictions,
    validation_predictions: AnyPredictions,
    floor_predictions: Mapping[str, AnyPredictions],
    settings: Settings,
) -> Outcome:
    """Compare with the better rival, row by row."""
    ours, found = validation_predictions, strongest_rival(floor_predictions)
    if found is None or not ours.known.any():
        return _nothing_to_compare(rival_wanted=settings.evaluate.floors)
    rival, theirs = found
    if (rows := int(ours.known.sum())) < FEWEST_ROWS:
        return CannotTell(f"Labelled validation rows: {rows}.", f"{FEWEST_ROWS} rows")
    apart = score_differences(ours, theirs)
    measured = {
        "rival": rival,
        **{f"{name}_difference": [x.value, x.low, x.high] for name, x in apart.items()},
        "rows": rows,
        "train_score": mean_score(train_predictions),
        "rival_score": mean_score(theirs),
        "commonest_label": commonest_share(train_predictions),
        **settings.train.model_dump(include={"learning_rate", "num_train_epochs", "time_budget"}),
    }
    said = f"{_said(apart)} against {rival} on {rows:,} validation rows"
    if max(x.low for x in apart.values()) > 0:
        return Clear(f"Better than the linear rivals: {said}.", measured)
    if min(x.high for x in apart.values()) < 0:
        return Fired(f"Worse than a linear model: {said}.", "high", measured, {"margin": MARGIN})
    if max(x.high for x in apart.values()) <= MARGIN:
        told = f"Not better than a linear model: {said}."
        return Fired(told, "medium", measured, {"margin": MARGIN})
    return CannotTell(
        f"Neither better nor worse for sure: {said}.",
        f"about {max(100, round(rows_to_tell(ours, theirs, MARGIN), -2)):,} validation rows",
        measured,
    )


def _nothing_to_compare(*, rival_wanted: bool) -> CannotTell:
    if rival_wanted:
        needs = "a linear rival (evaluate.floors: true) and labelled validation rows"
        return CannotTell("There is nothing to compare with.", needs)
    reason = "Simple rivals are switched off (evaluate.floors)."
    return CannotTell(reason, "a linear rival to compare with")


def _said(apart: Mapping[str, Figure]) -> str:
    ends = {name: f"{x.value:+.3f} ({x.low:+.3f} to {x.high:+.3f})" for name, x in apart.items()}
    if "r2" in ends:
        return f"{ends['r2']} R2"
    if "sample_f1" in ends:
        return f"{ends['sample_f1']} F1 of a row's labels, {ends['macro_f1']} macro-F1"
    return f"{ends['accuracy']} accuracy, {ends['macro_f1']} macro-F1"


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Train longer if the training rows are not learned; look at the encoder if they are."""
    found = fired.measured
    if found["train_score"] > found["rival_score"] + NOT_LEARNED:
        return (
            *([LEARN_FROM_LINEAR] if "accuracy_difference" in found else []),
            Prescription(
                "Take a pretrained model that knows the language and subject (model.name_or_path), "
                f"or use the linear model: it is {_how_good(found)} and far cheaper.",
                "The training rows are learned, but what was learned does not carry over.",
                Applicability.ADVICE,
            ),
        )
    rate, budget = found["learning_rate"], found["time_budget"]
    # a rate that ruins the encoder leaves it at the commonest label; one that learns is not ruined
    if rate > HIGH_RATE and found["train_score"] < found["commonest_label"] + NOT_LEARNED:
        return (
            Prescription(
                "Lower the learning rate tenfold.",
                "At this rate nothing was learned: the encoder may have been ruined in the first "
                "steps, and more of them would not mend it.",
                Applicability.ASK,
                {"train.learning_rate": float(f"{rate / 10:.3g}")},
            ),
        )
    return (
        Prescription(
            "Train twice as long."
            + ("" if budget == "none" else f" It takes the time budget of {budget} away."),
            "The model has hardly learned its own training rows.",
            Applicability.AUTO if budget == "none" else Applicability.ASK,  # a person set it
            {"train.num_train_epochs": 2 * found["num_train_epochs"]}
            | ({} if budget == "none" else {"train.time_budget": "none"}),
        ),
        Prescription(
            "Raise the learning rate threefold.",
            "With this rate and these epochs the weights may hardly have moved.",
            Applicability.ASK,
            {"train.learning_rate": float(f"{rate * 3:.3g}")},
        ),
    )


def _how_good(found: Mapping[str, Any]) -> str:
    """What the intervals say of the rival: surely better, or not to be told apart by 2 points."""
    ends = [value[2] for name, value in found.items() if name.endswith("_difference")]
    return "better" if min(ends) < 0 else "as good"


PLANT = Plant(
    level="run",
    operator="train_too_little",
    severities=({"steps": 200}, {"steps": 40}, {"steps": 10}),
    accept=("minority_label_too_small",),
    must_not=("conflicting_labels", "train_test_duplicates", "last_instead_of_best"),
)


def _case(right: int, wrong: int, rival_right: int) -> dict[str, object]:
    ours = example.right_and_wrong(right, wrong)
    theirs = example.right_and_wrong(rival_right, right + wrong - rival_right)
    return {
        "train_predictions": example.right_and_wrong(60, 40),
        "validation_predictions": ours,
        "floor_predictions": {"tfidf_linear": theirs},
        "settings": Settings(),
    }


_RULED_OUT: dict[str, object] = {
    "floor_predictions": {},
    "settings": Settings.model_validate({"evaluate": {"floors": False}}),
}

CASES = (
    Case("eight points below the rival", "firing", _case(320, 80, 352), "fired"),
    Case(
        "its own rows learned, and still below the rival",
        "firing",
        _case(320, 80, 352) | {"train_predictions": example.right_and_wrong(99, 1)},
        "fired",
    ),
    Case(
        "a rate that ruins",
        "firing",
        _case(200, 200, 352)
        | {
            "train_predictions": example.right_and_wrong(50, 50),
            "settings": Settings.model_validate({"train": {"learning_rate": 0.01}}),
        },
        "fired",
    ),
    Case(
        "below the rival, in a limited time",
        "firing",
        _case(320, 80, 352)
        | {"settings": Settings.model_validate({"train": {"time_budget": "5m"}})},
        "fired",
    ),
    Case("rivals switched off", "quiet", _case(320, 80, 352) | _RULED_OUT, "cannot_tell"),
    Case("never different from the rival", "firing", _case(320, 80, 320), "fired"),
    Case("ten points above the rival", "quiet", _case(360, 40, 320), "clear"),
    Case("only three points above, but surely so", "near_miss", _case(332, 68, 320), "clear"),
    Case("ten rows, one fewer right", "near_miss", _case(7, 3, 8), "cannot_tell"),
    Case("sixty rows, one more right", "near_miss", _case(49, 11, 48), "cannot_tell"),
)
