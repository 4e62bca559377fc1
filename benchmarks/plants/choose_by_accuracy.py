"""Let accuracy choose, where a label is so rare that it is given away."""

from __future__ import annotations

import numpy as np

from grammar import make_rows
from standin import Course, train
from trials import Trial, fresh_rows, script_of, shares


def plant(seed: int, *, rare: float) -> Trial:
    """Keep this share of the training rows of one label; the checkpoint is chosen by accuracy."""
    script = script_of(seed)
    rows = make_rows("pairs", script, 3000, seed, labels=2)
    splits = shares(rows, seed)
    name = sorted(set(rows.columns["label"]))[0]
    draw = np.random.default_rng(seed).random(len(rows))
    keep = [i for i, x in enumerate(rows.columns["label"]) if x != name or draw[i] < rare]
    rows = rows.take(keep)
    splits = type(splits)(rows.ids, tuple(splits.names[i] for i in keep), "given", seed)
    fresh = fresh_rows("pairs", script)
    known = [i for i, x in enumerate(fresh.columns["label"]) if x in set(rows.columns["label"])]
    result = train(rows, splits, fresh.take(known), Course(seed=seed, epochs=4, floors=False))
    found = result.fresh_predictions
    mine = found.labels == found.label_names.index(name)
    recall = float((found.predicted[mine] == found.labels[mine]).mean())
    fault = frozenset({"metric_misuse"})
    return Trial(
        f"a label of {rare:.0%}: recall {recall:.2f} on fresh rows",
        {"test_predictions": result.evidence["test_predictions"], "headline_metric": "accuracy"},
        present=fault if recall < 0.15 else frozenset(),
    )
