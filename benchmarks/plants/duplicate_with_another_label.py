"""Copy rows and give the copies another label, in the same split."""

from __future__ import annotations

import numpy as np

from grammar import make_rows
from luthier.records import Rows, Splits
from trials import Trial, script_of, shares

ENDS = ("", "!", "。", " ")


def plant(seed: int, *, share: float) -> Trial:
    """`share` of 1200 rows get a copy with another label; the copy may differ in punctuation."""
    rows = make_rows("keywords", script_of(seed), 1200, seed)
    splits = shares(rows, seed)
    rng = np.random.default_rng(seed + 1)
    chosen = rng.choice(len(rows), max(1, round(share * len(rows))), replace=False)
    names = sorted(set(rows.columns["label"]))
    texts, labels = list(rows.columns["text"]), list(rows.columns["label"])
    sides = list(splits.names)
    for i in chosen:
        texts.append(texts[i] + str(rng.choice(ENDS)))
        labels.append(names[(names.index(labels[i]) + 1) % len(names)])
        sides.append(sides[i])
    n = len(texts)
    planted = Rows(
        np.arange(n),
        {"text": texts, "label": labels},
        [f"grammar:{i}" for i in range(n)],
        [None] * n,
        rows.source,
    )
    return Trial(
        f"{len(chosen)} copies with another label",
        {"rows": planted, "splits": Splits(planted.ids, tuple(sides), "given", seed)},
        present=frozenset({"conflicting_labels"}),
        absent=frozenset({"train_test_duplicates"}),
    )
