"""Let the word that tells the label stand where the model no longer reads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from grammar import FILLERS, GROUP, make_rows, words_of
from luthier.records import RowLengths
from luthier.settings import Settings
from standin import Course, train
from trials import Trial, fresh_rows, script_of, shares

ROOM = 12
"""Words that are read of a text."""


def plant(seed: int, *, share: float) -> Trial:
    """All texts are made twice as long as what is read; `share` of them tell their label last.

    The model reads the first `ROOM` words only. The fault is there when `share` of the rows cannot
    be told from what is read, which is by construction, and checked: a model that reads everything
    is 5 points better on the test rows.
    """
    script = script_of(seed)
    rows = make_rows("keywords", script, 2000, seed)
    rng = np.random.default_rng(seed + 11)
    fillers = words_of(script)[2 * GROUP :]
    last = rng.random(len(rows)) < share
    whole, read = [], []
    for own, behind in zip(rows.columns["words"], last, strict=True):
        more = [fillers[i] for i in rng.integers(FILLERS, size=2 * ROOM - len(own))]
        words = [*more, *own] if behind else [*own, *more]
        whole.append(tuple(words))
        read.append(tuple(words[:ROOM]))
    texts = [("" if script == "han" else " ").join(words) for words in whole]
    columns = {"text": texts, "label": rows.columns["label"]}
    splits = shares(rows, seed)
    fresh = fresh_rows("keywords", script)
    course = Course(seed=seed, floors=False)
    cut = replace(rows, columns={**columns, "words": read})
    seen = train(cut, splits, fresh, course)
    all_seen = train(replace(rows, columns={**columns, "words": whole}), splits, fresh, course)
    gain = _accuracy(all_seen) - _accuracy(seen)
    n = len(rows)
    evidence = {
        **seen.evidence,
        "rows": cut,
        "settings": Settings.model_validate({"text": {"max_length": ROOM}}),
        "lengths": RowLengths(rows.ids, np.full(n, 2 * ROOM), np.full(n, ROOM)),
    }
    fault = frozenset({"truncation_costs_signal"})
    return Trial(
        f"reading everything gains {gain:+.3f} on test rows",
        evidence,
        present=fault if gain >= 0.05 else frozenset(),
        absent=frozenset({"conflicting_labels", "train_test_duplicates"})
        | (fault if share == 0 else frozenset()),
    )


def _accuracy(result) -> float:  # noqa: ANN001
    answers = result.evidence["test_predictions"]
    return float((answers.labels == answers.predicted).mean())
