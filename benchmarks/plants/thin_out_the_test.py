"""Keep only a few test rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from luthier.kit.intervals import wilson
from luthier.records import Evaluation
from trials import Trial, healthy_run


def plant(seed: int, *, rows: int) -> Trial:
    """Leave out all test rows but so many."""
    result = healthy_run("pairs", seed, 1500)
    told = result.evidence["test_predictions"]
    keep = np.sort(np.random.default_rng(seed).choice(len(told), rows, replace=False))
    few = replace(
        told,
        row_ids=told.row_ids[keep],
        labels=told.labels[keep],
        predicted=told.predicted[keep],
        probabilities=told.probabilities[keep],
        loss=told.loss[keep],
    )
    fresh = result.fresh_predictions
    accuracy = float((fresh.labels == fresh.predicted).mean())
    low, high = wilson(accuracy * rows, rows)
    fault = frozenset({"test_too_small"})
    return Trial(
        f"{rows} test rows: {low:.3f} to {high:.3f}",
        {"test_predictions": few, "evaluation": Evaluation({}, "macro_f1")},
        present=fault if (high - low) / 2 > 0.055 else frozenset(),
        absent=fault if (high - low) / 2 < 0.045 else frozenset(),
    )
