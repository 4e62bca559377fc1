"""The model is surer of its answers than it is right, or less sure.

## What it is

Among answers given with a probability of 0.9, clearly fewer (or more) than nine in ten are right.

## Why it hurts

Whoever sets a threshold ("answer by itself above 0.9, else ask a person") gets another error rate
than promised. Accuracy and F1 do not show it.

## How it is detected

The expected calibration error of the answered label, over 15 bins of equal size, is held against
1,000 sets of labels drawn from the model's own probabilities (consistency resampling, Broecker &
Smith 2007): even a perfect model has an error of 0.075 on 100 rows. It fires when fewer than 1 in
100 such sets come as far and the excess is above 2 points. The temperature that would mend it is
given with its 95 % interval (Guo et al. 2017; White 1982).

## What stays quiet

An error that chance explains. Small test sets, on which nothing else can be said: there it says how
much excess the rows would have shown.

## What to do

Divide the logits by a temperature that is fitted on validation rows. Answers stay the same, only
their probabilities change.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from luthier.faults import example_evidence as example
from luthier.kit.answers_alone import answers_alone
from luthier.kit.calibration_test import CalibrationError, calibration_error, temperature
from luthier.records import (
    Applicability,
    CannotTell,
    Case,
    Clear,
    FaultInfo,
    Figure,
    Fired,
    Outcome,
    Plant,
    Predictions,
    Prescription,
)

FAULT = FaultInfo(
    "miscalibrated",
    "E9",
    "Probabilities that promise too much or too little",
    symptom_of=(
        "answers_of_other_rows",
        *("label_order", "preprocessing_differs", "initial_weights_evaluated", "reload_differs"),
        *("train_mode_at_evaluation", "probabilities_into_loss", "texts_drifted"),
    ),
)

P = 0.01
"""Chance below which the error is not the sample's."""

EXCESS = 0.02
"""Error beyond that of a calibrated model, from which it matters."""

HIGH_EXCESS = 0.10
"""Excess from which thresholds on the probability are worthless."""

IN_YOUR_CODE = (
    "In your own code, after predict and before a threshold is set: p = softmax(log(p) / T), with "
    "one temperature T for all rows."
)

ROWS = 200
"""Fewer rows than this show an excess of 5 points by accident in one case of twenty."""


def detect(test_predictions: Predictions) -> Outcome:
    """Hold the calibration error against its own null."""
    known = test_predictions.labels >= 0
    probabilities = test_predictions.probabilities[known]
    labels = test_predictions.labels[known]
    if not len(labels) or not np.isfinite(probabilities).all() or answers_alone(probabilities):
        return CannotTell("There are no probabilities to judge.", "probabilities of test rows")
    answered = test_predictions.predicted[known]
    confidence = probabilities[np.arange(len(labels)), answered]
    found = calibration_error(confidence, answered == labels)
    fitted = temperature(probabilities, labels)
    measured = _measured(found) | (
        {"temperature": [fitted.value, fitted.low, fitted.high]} if fitted else {}
    )
    excess = found.error - found.expected
    if found.p < P and excess > EXCESS:
        return Fired(
            _said(found, fitted),
            "medium" if excess >= HIGH_EXCESS else "low",
            measured | {"excess": excess},
            {"p": P, "excess": EXCESS, "excess_medium": HIGH_EXCESS},
        )
    if found.rows < ROWS:
        return CannotTell(
            f"Calibration error {found.error:.3f} on {found.rows} rows, and a calibrated model "
            f"would show {found.expected:.3f}.",
            f"about {ROWS} test rows",
            measured,
        )
    return Clear(
        f"The calibration error, {found.error:.3f}, is what a calibrated model shows on "
        f"{found.rows:,} rows ({found.expected:.3f}), or hardly above.",
        measured,
    )


def _said(found: CalibrationError, fitted: Figure | None) -> str:
    side = "less often" if found.confidence > found.accuracy else "more often"
    cure = ""
    if fitted and not fitted.low <= 1 <= fitted.high:
        ends = f"{fitted.value:.2f} ({fitted.low:.2f} to {fitted.high:.2f})"
        cure = f" A temperature of {ends} fits these rows best."
    return (
        f"Answers are right {side} than they are sure: mean probability {found.confidence:.3f}, "
        f"accuracy {found.accuracy:.3f} on {found.rows:,} rows. Calibration error "
        f"{found.error:.3f}, where a calibrated model would show {found.expected:.3f} "
        f"(p = {found.p:.3g}).{cure}"
    )


def _measured(found: CalibrationError) -> dict[str, Any]:
    return {
        "calibration_error": found.error,
        "expected_by_chance": found.expected,
        "p": found.p,
        "mean_probability": found.confidence,
        "accuracy": found.accuracy,
        "rows": found.rows,
    }


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """A temperature, and less training to zero loss."""
    fitted = fired.measured.get("temperature")
    fit = "Fit T on the validation rows."
    if fitted:
        fit = f"These test rows show T = {fitted[0]:.2f}; fit yours on the validation rows."
    sure = fired.measured["mean_probability"] > fired.measured["accuracy"]
    cures = [
        Prescription(
            "Read the surest of the wrong answers first: their labels may be wrong.",
            "No temperature mends this, so it is not that all answers are too sure alike.",
            Applicability.ADVICE,
        )
        if fitted and fitted[1] <= 1 <= fitted[2]
        else Prescription(
            " ".join([IN_YOUR_CODE, fit]),
            "It changes no answer, and test rows must not choose it. Luthier has no setting for "
            "it.",
            Applicability.ADVICE,
        )
    ]
    if sure:
        cures.insert(
            0,
            Prescription(
                "Train with label smoothing.",
                "Targets of 1.0 teach certainty; a tenth spread over all labels teaches less.",
                Applicability.ASK,
                {"train.label_smoothing_factor": 0.1},
            ),
        )
    return tuple(cures)


PLANT = Plant(
    level="artefact",
    operator="sharpen_probabilities",
    severities=({"factor": 0.5}, {"factor": 2.0}, {"factor": 3.0}),
    must_not=("conflicting_labels", "label_order", "last_instead_of_best"),
)


def _case(n: int, accuracy: float, confidence: float) -> dict[str, object]:
    right = round(n * accuracy)
    return {"test_predictions": example.right_and_wrong(right, n - right, confidence=confidence)}


def _answers_only() -> dict[str, object]:
    """Labels written as probabilities of 0 and 1."""
    made = example.right_and_wrong(500, 100)
    return {"test_predictions": replace(made, probabilities=np.eye(2)[made.predicted])}


CASES = (
    Case("sure by 0.99, right in 0.85", "firing", _case(600, 0.85, 0.99), "fired"),
    Case("sure by 0.6, right in 0.9", "firing", _case(600, 0.9, 0.6), "fired"),
    Case("as sure as right", "quiet", _case(600, 0.9, 0.9), "clear"),
    Case("three points apart on 600 rows", "near_miss", _case(600, 0.88, 0.9), "clear"),
    Case("sixty rows", "near_miss", _case(60, 0.9, 0.92), "cannot_tell"),
    Case("answers without probabilities", "quiet", _answers_only(), "cannot_tell"),
)
