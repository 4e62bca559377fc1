"""Read the test answers with the labels in another order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trials import Trial, healthy_run


def plant(seed: int, *, order: str) -> Trial:
    """Swap two labels, shift all by one, or sort them as text (here: reverse them)."""
    result = healthy_run("keywords", seed, 2400)
    told = result.evidence["test_predictions"]
    k = len(told.label_names)
    places = np.arange(k)
    if order == "swap":
        first, second = np.random.default_rng(seed).choice(k, 2, replace=False)
        places[[first, second]] = places[[second, first]]
    elif order == "cycle":
        places = np.roll(places, 1)
    else:
        places = places[::-1]
    probabilities = np.empty_like(told.probabilities)
    probabilities[:, places] = told.probabilities
    misread = replace(told, predicted=places[told.predicted], probabilities=probabilities)
    return Trial(
        f"labels in another order: {order}",
        {**result.evidence, "test_predictions": misread},
        present=frozenset({"label_order"}),
        absent=frozenset({"conflicting_labels", "train_test_duplicates"}),
    )
