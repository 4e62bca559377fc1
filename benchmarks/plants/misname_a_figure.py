"""Report another average under the name macro-F1."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.metrics import f1_score

from luthier.records import Predictions, ReportedFigure
from trials import Trial, healthy_run


def plant(seed: int, *, by: str) -> Trial:
    """The mean over batches of 32, the average over absent labels too, or the weighted one."""
    told = _unequal(healthy_run("mixed", seed, 1500).evidence["test_predictions"], seed)
    truth, answer = told.labels, told.predicted
    right = f1_score(truth, answer, average="macro", zero_division=0)
    if by == "weighted":
        wrong = f1_score(truth, answer, average="weighted", zero_division=0)
    elif by == "all_labels":
        told = replace(
            told,
            label_names=(*told.label_names, "unseen"),
            probabilities=np.column_stack([told.probabilities, np.zeros(len(told))]),
        )
        wrong = f1_score(
            truth, answer, labels=range(len(told.label_names)), average="macro", zero_division=0
        )
    else:
        cuts = range(0, len(truth), 32)
        wrong = np.mean(
            [
                f1_score(truth[i : i + 32], answer[i : i + 32], average="macro", zero_division=0)
                for i in cuts
            ]
        )
    reported = (ReportedFigure("macro_f1", round(float(wrong), 4), 5e-5),)
    fault = frozenset({"metric_definition"})
    return Trial(
        f"macro-F1 {right:.4f} reported as {wrong:.4f} ({by})",
        {"recorded_answers": {"test": told}, "reported_figures": reported},
        present=fault if abs(wrong - right) > 1e-3 else frozenset(),
        absent=frozenset(),
    )


def _unequal(told: Predictions, seed: int) -> Predictions:
    """Two rows in three of the first two labels are left out."""
    draw = np.random.default_rng(seed).random(len(told))
    keep = np.flatnonzero((told.labels > 1) | (draw < 1 / 3))
    return replace(
        told,
        row_ids=told.row_ids[keep],
        labels=told.labels[keep],
        predicted=told.predicted[keep],
        probabilities=told.probabilities[keep],
        loss=told.loss[keep],
    )
