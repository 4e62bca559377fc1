"""Write the test answers beside other rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trials import Trial, healthy_run


def plant(seed: int, *, moved: int) -> Trial:
    """Write the answers so many rows too low (below 0: too high), or upside down where it is 0."""
    result = healthy_run("keywords", seed, 2400)
    told = result.evidence["test_predictions"]
    n = len(told.row_ids)
    places = np.roll(np.arange(n), moved) if moved else np.arange(n)[::-1]
    probabilities = told.probabilities[places]
    own = probabilities[np.arange(n), np.maximum(told.labels, 0)]
    loss = np.where(told.labels >= 0, -np.log(np.maximum(own, 1e-12)), np.nan)
    beside = replace(told, predicted=told.predicted[places], probabilities=probabilities, loss=loss)
    changed = float((beside.predicted != told.predicted).mean())
    return Trial(
        f"answers {moved} rows too low" if moved else "answers upside down",
        {**result.evidence, "test_predictions": beside},
        present=frozenset({"answers_of_other_rows"} if changed >= 0.2 else ()),
        absent=frozenset({"label_order", "conflicting_labels", "train_test_duplicates"}),
    )
