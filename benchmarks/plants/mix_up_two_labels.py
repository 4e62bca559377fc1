"""Give rows of two labels each other's label."""

from __future__ import annotations

import numpy as np

from grammar import make_rows
from plants.label_evidence import evidence_about_labels, with_labels
from trials import Trial, script_of, shares


def plant(seed: int, *, share: float) -> Trial:
    """`share` of the rows of two of four labels carry the other one's label."""
    rows = make_rows("keywords", script_of(seed), 1600, seed, noise=0.0)
    names = sorted(set(rows.columns["label"]))
    pair = [names[seed % 4], names[(seed + 1) % 4]]
    rng = np.random.default_rng(seed + 4)
    labels = list(rows.columns["label"])
    own = [i for i, label in enumerate(labels) if label in pair]
    swapped = rng.choice(own, round(share * len(own)), replace=False)
    for i in swapped:
        labels[i] = pair[1 - pair.index(labels[i])]
    planted = with_labels(rows, labels)
    return Trial(
        f"{len(swapped)} of {len(own)} rows of two labels carry the other one's",
        {
            "rows": planted,
            "splits": shares(planted, seed),
            **evidence_about_labels(planted),
        },
        present=frozenset({"confused_labels"}),
        absent=frozenset({"conflicting_labels", "shared_vocabulary", "train_test_duplicates"}),
    )
