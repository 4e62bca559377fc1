"""Make a calibrated model surer, or less sure, than it is right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import softmax

from trials import Trial, healthy_run


def plant(seed: int, *, factor: float) -> Trial:
    """Multiply the logits by `factor`, where the labels were drawn from the model's probabilities.

    So the model is calibrated by construction before. There: on average over the rows, confidence
    and the probability of being right are more than 3 points apart.
    """
    result = healthy_run("mixed", seed, 3000)
    told = result.evidence["test_predictions"]
    rng = np.random.default_rng(seed)
    logits = np.log(np.maximum(told.probabilities, 1e-9)) / 2  # less sure, so that there is room
    honest = softmax(logits, axis=1)
    labels = (honest.cumsum(axis=1) > rng.random((len(told), 1))).argmax(axis=1)
    now = softmax(factor * logits, axis=1)
    rows = np.arange(len(told))
    picked = now.argmax(axis=1)
    apart = float(np.abs(now[rows, picked] - honest[rows, picked]).mean())
    changed = replace(
        told,
        labels=labels,
        predicted=picked,
        probabilities=now,
        loss=-np.log(np.maximum(now[rows, labels], 1e-12)),
    )
    fault = frozenset({"miscalibrated"})
    return Trial(
        f"logits times {factor}: {apart:.3f} apart",
        {"test_predictions": changed},
        present=fault if apart > 0.03 else frozenset(),
        absent=fault if apart < 0.005 else frozenset(),
    )
