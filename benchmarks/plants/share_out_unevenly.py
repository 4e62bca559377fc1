"""Give one label a larger share of the test rows than of the training rows."""

from __future__ import annotations

import numpy as np

from grammar import make_rows
from luthier.records import Splits
from trials import Trial, script_of


def plant(seed: int, *, difference: float) -> Trial:
    """The share of one of four labels is `difference` higher in test than in training.

    2400 rows. The fault is there when the shares really differ by 5 points or more.
    """
    rows = make_rows("keywords", script_of(seed), 2400, seed)
    rng = np.random.default_rng(seed + 3)
    name = sorted(set(rows.columns["label"]))[seed % 4]
    is_label = np.array([label == name for label in rows.columns["label"]])
    n, of_label = len(rows), int(is_label.sum())
    test = round(0.2 * n)
    # share t of test and (of_label - t test) / (n - test) of the rest differ by `difference`
    wanted = (of_label + difference * (n - test)) / n
    own = min(of_label, round(wanted * test))
    chosen = np.concatenate(
        [
            rng.choice(np.flatnonzero(is_label), own, replace=False),
            rng.choice(np.flatnonzero(~is_label), test - own, replace=False),
        ]
    )
    names = np.full(n, "train", dtype=object)
    names[chosen] = "test"
    left = np.flatnonzero(names == "train")
    names[rng.choice(left, len(left) // 5, replace=False)] = "validation"
    real = is_label[names == "test"].mean() - is_label[names == "train"].mean()
    return Trial(
        f"a label is {real:.1%} commoner in test than in training",
        {"rows": rows, "splits": Splits(rows.ids, tuple(names.tolist()), "given", seed)},
        present=frozenset({"label_shares_differ"}) if real >= 0.05 else frozenset(),
        absent=frozenset({"conflicting_labels", "train_test_duplicates", "texts_drifted"}),
    )
