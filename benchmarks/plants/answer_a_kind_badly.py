"""Answer texts with a certain word worse than others, whatever their label."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from grammar import GROUP, words_of
from trials import Trial, healthy_run, script_of


def plant(seed: int, *, share: float) -> Trial:
    """Make this share of the answers to texts with the most frequent filler word wrong."""
    result = healthy_run("keywords", seed, 4000)
    rows, told = result.evidence["rows"], result.evidence["test_predictions"]
    place = {row: i for i, row in enumerate(rows.ids.tolist())}
    words = [set(rows.columns["words"][place[i]]) for i in told.row_ids.tolist()]
    fillers = set(words_of(script_of(seed))[2 * GROUP :])  # the others tell the label
    word, count = Counter(word for own in words for word in own & fillers).most_common(1)[0]
    inside = np.array([word in own for own in words])
    rng = np.random.default_rng(seed)
    hit = inside & (rng.random(len(told)) < share)
    k = len(told.label_names)
    others = (told.labels + 1 + rng.integers(k - 1, size=len(told))) % k
    answers = np.where(hit, others, told.predicted)
    probabilities = told.probabilities.copy()
    probabilities[hit] = 0.1 / (k - 1)
    probabilities[np.flatnonzero(hit), answers[hit]] = 0.9
    changed = replace(told, predicted=answers, probabilities=probabilities)
    fault = frozenset({"weak_slice"})
    return Trial(
        f"{share:.0%} of {count} texts with {word!r} answered wrongly",
        {**result.evidence, "test_predictions": changed},
        present=fault if count >= 20 and share * count >= 5 else frozenset(),
    )
