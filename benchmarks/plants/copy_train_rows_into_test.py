"""Put texts of the training rows into the test rows, as they are or with other punctuation."""

from __future__ import annotations

import numpy as np

from grammar import make_rows
from luthier.records import Rows
from trials import Trial, script_of, shares

ENDS = ("", "!", "。", "  ")


def plant(seed: int, *, share: float) -> Trial:
    """`share` of the test rows of 1200 rows become copies of training rows."""
    rows = make_rows("keywords", script_of(seed), 1200, seed)
    splits = shares(rows, seed)
    rng = np.random.default_rng(seed + 2)
    test = splits.ids_of("test")
    chosen = rng.choice(test, max(1, round(share * len(test))), replace=False)
    sources = rng.choice(splits.ids_of("train"), len(chosen), replace=False)
    texts, labels = list(rows.columns["text"]), list(rows.columns["label"])
    for to, source in zip(chosen, sources, strict=True):
        texts[to] = texts[source].upper() + str(rng.choice(ENDS))
        labels[to] = labels[source]
    planted = Rows(
        rows.ids, {"text": texts, "label": labels}, rows.locations, rows.given_split, rows.source
    )
    return Trial(
        f"{len(chosen)} training rows in test",
        {"rows": planted, "splits": splits},
        present=frozenset({"train_test_duplicates"}),
        absent=frozenset({"conflicting_labels"}),
    )
