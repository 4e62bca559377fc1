"""Put slightly changed training rows into the test rows."""

from __future__ import annotations

import numpy as np

from grammar import make_rows
from luthier.records import Rows
from luthier.stages.audit import audit
from standin import Course, train
from trials import Trial, fresh_rows, script_of, shares

NOISE = 0.5


def plant(seed: int, *, share: float) -> Trial:
    """`share` of the test rows of 2400 rows become training rows with one character changed.

    Every other label is drawn at random, so new rows cannot be answered well, but the few hundred
    training rows can be remembered. The fault is there when the copies are answered so much better
    than 2500 fresh rows that a test with so many of them gains a point; absent when it gains none.
    """
    kind, script = "keywords", script_of(seed)
    rows = make_rows(kind, script, 2400, seed, noise=NOISE)
    splits = shares(rows, seed, train=0.25, validation=0.25)
    rng = np.random.default_rng(seed + 5)
    test = splits.ids_of("test")
    chosen = rng.choice(test, max(1, round(share * len(test))), replace=False)
    sources = rng.choice(splits.ids_of("train"), len(chosen), replace=False)
    texts, labels = list(rows.columns["text"]), list(rows.columns["label"])
    words = list(rows.columns["words"])
    for to, source in zip(chosen, sources, strict=True):
        texts[to] = texts[source] + ("呢" if script == "han" else "s")
        labels[to], words[to] = labels[source], words[source]
    columns = {"text": texts, "label": labels, "words": words}
    planted = Rows(rows.ids, columns, rows.locations, rows.given_split, rows.source)
    course = Course(8, 0.05, 0.0, seed=seed, floors=False)
    result = train(planted, splits, fresh_rows(kind, script, NOISE), course)
    answers = result.evidence["test_predictions"]
    right = (answers.labels == answers.predicted)[np.isin(answers.row_ids, chosen)]
    fresh = result.fresh_predictions
    gain = share * float(right.mean() - (fresh.labels == fresh.predicted).mean())
    evidence = {**result.evidence, "audit": audit(planted)}
    return Trial(
        f"{len(chosen)} nearly copied, worth {gain:+.3f} against fresh rows",
        evidence,
        present=frozenset({"near_duplicate_leak"}) if gain >= 0.01 else frozenset(),
        absent=frozenset({"conflicting_labels", "last_instead_of_best"})
        | (frozenset({"near_duplicate_leak"}) if gain <= 0 else frozenset()),
    )
