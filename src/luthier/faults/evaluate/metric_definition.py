"""A reported figure is not what its name says.

## What it is

The answers give another value for the figure than the one that was reported: a weighted average
was called macro, absent labels were counted, the mean over batches was taken for the figure, or
rows without a label went in.

## Why it hurts

The number cannot be compared with anything, and on data of unequal labels the difference is often
10 points and more.

## How it is detected

The figure is computed again from the answers with scikit-learn's definition (macro averages over
all labels in the truth or in the answers, `zero_division=0`). Where it is off by more than the
rounding of what was reported, every other common definition is tried. This is exact.

## What stays quiet

A difference within the last digit that was reported, and percentages in place of shares.

## What to do

Report the recomputed figure under its name, and say which rows and labels it is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luthier.faults import example_evidence as example
from luthier.kit.figure_definitions import DEFINED, other_definitions, plain_figures
from luthier.records import (
    Applicability,
    CannotTell,
    Case,
    Clear,
    FaultInfo,
    Fired,
    Outcome,
    Plant,
    Predictions,
    Prescription,
    ReportedFigure,
)

FAULT = FaultInfo("metric_definition", "E11", "A figure that is not what it is called")

HIGH = 0.05
"""A figure reported this much too high is a wrong conclusion, not a slip."""


def detect(
    reported_figures: tuple[ReportedFigure, ...], recorded_answers: Mapping[str, Predictions]
) -> Outcome:
    """Compute every reported figure again."""
    answers = recorded_answers
    splits = {figure.split for figure in reported_figures} & answers.keys()
    again = {split: plain_figures(answers[split]) for split in splits}
    checked, wrong = [], []
    for figure in reported_figures:
        now = again.get(figure.split, {}).get(figure.name)
        if now is None:
            continue
        checked.append(figure)
        if abs(_as_share(figure) - now) > _room(figure):
            wrong.append(_wrong(figure, now, answers[figure.split]))
    if not checked:
        return CannotTell(
            "No figure was reported that can be computed again.",
            f"a reported figure: --reported NAME=VALUE, one of {', '.join(DEFINED)}",
        )
    measured = {"checked": len(checked), "wrong": wrong}
    if not wrong:
        names = ", ".join(f"{figure.name} ({figure.split})" for figure in checked[:6])
        return Clear(
            f"{len(checked)} reported figures are what they are called: {names}.", measured
        )
    worst = max(found["reported"] - found["recomputed"] for found in wrong)
    return Fired(
        " ".join(_said(found) for found in wrong[:4]),
        "high" if worst >= HIGH else "medium",
        measured,
        {"high": HIGH},
    )


def _as_share(figure: ReportedFigure) -> float:
    """0 to 1, where a percentage was reported."""
    return figure.value / 100 if figure.value > 1 else figure.value


def _room(figure: ReportedFigure) -> float:
    """Half of the last digit, and what floating point loses."""
    return figure.tolerance / (100 if figure.value > 1 else 1) + 1e-9


def _wrong(figure: ReportedFigure, now: float, predictions: Predictions) -> dict[str, Any]:
    value = _as_share(figure)
    own = figure.name.replace("_", " ")
    matches = [
        words
        for words, other in other_definitions(predictions)
        if abs(other - value) <= _room(figure) and words != own
    ]
    return {
        "name": figure.name,
        "split": figure.split,
        "reported": value,
        "recomputed": now,
        "equals": matches[:3],
    }


def _said(found: dict[str, Any]) -> str:
    what = f"{found['split']} {found['name']} was reported as {found['reported']:.4g}, but is "
    matches = " or ".join(found["equals"])
    why = f"what was reported is the {matches}" if matches else "no usual definition gives it"
    return f"{what}{found['recomputed']:.4g}: {why}."


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """Say the number that the name stands for."""
    return tuple(
        Prescription(
            f"Report {found['split']} {found['name']} as {found['recomputed']:.4f}.",
            "That is scikit-learn's definition, on the answers as they are."
            + ("" if found["equals"] else " Or find the rows on which the other was computed."),
            Applicability.ADVICE,
        )
        for found in fired.measured["wrong"]
    )


PLANT = Plant(
    level="artefact",
    operator="misname_a_figure",
    severities=({"by": "batches"}, {"by": "all_labels"}, {"by": "weighted"}),
    must_not=("conflicting_labels", "label_order", "last_instead_of_best"),
)

_TRUTH = [0] * 90 + [1] * 20 + [2] * 10
_ANSWER = [0] * 88 + [1] * 14 + [0] * 8 + [2] * 3 + [1] * 7


def _case(*reported: ReportedFigure) -> dict[str, object]:
    made = example.predictions(_TRUTH, _ANSWER, "abcd")
    return {
        "reported_figures": reported,
        "recorded_answers": {"test": made, "validation": made},
    }


_MADE = example.predictions(_TRUTH, _ANSWER, "abcd")
_WEIGHTED = plain_figures(_MADE)["weighted_f1"]
_MACRO = plain_figures(_MADE)["macro_f1"]

CASES = (
    Case(
        "weighted reported as macro",
        "firing",
        _case(ReportedFigure("macro_f1", round(_WEIGHTED, 3), 0.0005)),
        "fired",
    ),
    Case(
        "a number that nothing gives",
        "firing",
        _case(ReportedFigure("accuracy", 0.99, 0.005, "validation")),
        "fired",
    ),
    Case("the right figure", "quiet", _case(ReportedFigure("macro_f1", _MACRO, 1e-9)), "clear"),
    Case(
        "rounded, and as a percentage",
        "near_miss",
        _case(ReportedFigure("macro_f1", round(100 * _MACRO, 1), 0.05)),
        "clear",
    ),
    Case("nothing reported", "quiet", _case(), "cannot_tell"),
    Case(
        "a figure of no known name",
        "near_miss",
        _case(ReportedFigure("business_value", 3.0, 0.05)),
        "cannot_tell",
    ),
)
