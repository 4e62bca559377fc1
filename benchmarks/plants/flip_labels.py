"""Give rows another label, evenly over all others."""

from __future__ import annotations

import numpy as np

from grammar import make_rows
from plants.label_evidence import evidence_about_labels, with_labels
from trials import Trial, script_of, shares


def plant(seed: int, *, share: float) -> Trial:
    """`share` of the labels of 1600 rows become another one."""
    rows = make_rows("keywords", script_of(seed), 1600, seed, noise=0.0)
    names = sorted(set(rows.columns["label"]))
    rng = np.random.default_rng(seed + 3)
    labels = list(rows.columns["label"])
    flipped = rng.choice(len(rows), round(share * len(rows)), replace=False)
    for i in flipped:
        step = int(rng.integers(1, len(names)))
        labels[i] = names[(names.index(labels[i]) + step) % len(names)]
    planted = with_labels(rows, labels)
    return Trial(
        f"{len(flipped)} labels flipped",
        {
            "rows": planted,
            "splits": shares(planted, seed),
            **evidence_about_labels(planted),
        },
        present=frozenset({"wrong_labels"}),
        absent=frozenset({"conflicting_labels", "shared_vocabulary", "train_test_duplicates"}),
    )
