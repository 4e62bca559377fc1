"""Take one label out of the training rows, so that it is never learned."""

from __future__ import annotations

import numpy as np

from grammar import make_rows
from trials import Trial, script_of, shares


def plant(seed: int, *, test_share: float) -> Trial:
    """One of six labels keeps `test_share` of the test rows and none of the training rows."""
    rows = make_rows("keywords", script_of(seed), 1500, seed, labels=6)
    splits = shares(rows, seed)
    name = sorted(set(rows.columns["label"]))[seed % 6]
    is_label = np.array([label == name for label in rows.columns["label"]])
    in_train = np.isin(rows.ids, splits.ids_of("train"))
    in_test = np.isin(rows.ids, splits.ids_of("test"))
    others = int((in_test & ~is_label).sum())
    kept = max(1, round(test_share / (1 - test_share) * others))
    gone = (is_label & in_train) | (is_label & in_test & (np.cumsum(is_label & in_test) > kept))
    thin = rows.take(np.flatnonzero(~gone))
    share = float((is_label & in_test & ~gone).sum() / (in_test & ~gone).sum())
    return Trial(
        f"a label with {share:.1%} of the test rows is never learned",
        {"rows": thin, "splits": splits},
        present=frozenset({"labels_missing"}),
        absent=frozenset({"conflicting_labels", "train_test_duplicates"}),
    )
