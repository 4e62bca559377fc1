"""Healthy answers: what a judged run leaves for the faults, and which of them it rules out."""

from __future__ import annotations

from typing import Any

import numpy as np

from luthier.kit.classification_figures import judge
from luthier.kit.figure_definitions import plain_figures
from luthier.kit.intervals import wilson
from luthier.kit.text_slices import slice_gap, slices_of
from luthier.ledger import Looks
from luthier.records import Evaluation, Predictions, ReportedFigure, Rows
from luthier.settings import EvaluateSettings

WEAK = 0.02
"""Errors beyond those of its labels that no kind of fresh text may have."""

APART = 0.02
"""Confidence and accuracy of fresh rows are this near in every tenth."""


def with_judged(evidence: dict[str, Any]) -> dict[str, Any]:
    """The evidence, and what follows from its test answers: true figures, one look."""
    test = evidence.get("test_predictions")
    if not isinstance(test, Predictions):
        return evidence
    told = {"test": test}
    return {
        **evidence,
        "recorded_answers": told,
        "reported_figures": tuple(
            ReportedFigure(name, round(value, 4), 5e-5)
            for name, value in plain_figures(test).items()
            if value
        ),
        "headline_metric": "macro_f1",
        "looks": Looks("rows", 1),
        "evaluation": Evaluation(
            {"test": judge(test, EvaluateSettings(bootstrap_samples=100))}, "macro_f1"
        ),
    }


def judged_absent(
    test: Predictions, fresh: Predictions, texts: Rows | None = None
) -> frozenset[str]:
    """Which faults of the answers the fresh rows rule out.

    Args:
        test: the answers that the detectors see.
        fresh: answers to fresh rows.
        texts: the fresh rows, where their texts are at hand.
    """
    absent = {"label_order", "metric_definition", "metric_misuse", "test_used_for_choice"}
    absent.add("answers_of_other_rows")
    right = fresh.predicted == fresh.labels
    low, high = wilson(float(right.mean()) * len(test), len(test))
    if (high - low) / 2 < 0.045:
        absent.add("test_too_small")
    sure = fresh.probabilities[np.arange(len(fresh)), fresh.predicted]
    parts = np.array_split(np.argsort(sure, kind="stable"), 10)
    if max(abs(float(sure[own].mean() - right[own].mean())) for own in parts) < APART + 0.02:
        absent.add("miscalibrated")
    if texts is not None and not _weak(fresh, texts, ~right):
        absent.add("weak_slice")
    return frozenset(absent)


def _weak(fresh: Predictions, rows: Rows, wrong: np.ndarray) -> bool:
    """Whether some kind of fresh text is answered worse than its labels explain."""
    parts = slices_of([str(text) for text in rows.columns["text"]])
    gaps = [
        slice_gap(name, inside, wrong, fresh.labels)
        for name, inside in parts.items()
        if 100 <= inside.sum() <= len(fresh) - 100
    ]
    # a part counts when its excess is surely above: the error of a share of that many rows
    errors = [np.sqrt(max(wrong.mean(), 0.01) / gap.rows) for gap in gaps]
    return any(gap.excess - 1.64 * error > WEAK for gap, error in zip(gaps, errors, strict=True))
