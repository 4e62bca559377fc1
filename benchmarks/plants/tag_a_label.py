"""Put a tag at the end of most texts of one label."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from grammar import make_rows
from trials import Trial, script_of, shares

TAG = "#src42"


def plant(seed: int, *, share: float) -> Trial:
    """`share` of the texts of one of four labels end with a tag; one label in seven is wrong.

    The fault is there when another linear model, learned on half of the rows, answers tagged texts
    of the other half 5 points worse once the tag is gone.
    """
    rows = make_rows("keywords", script_of(seed), 1600, seed, noise=0.15)
    rng = np.random.default_rng(seed + 6)
    name = sorted(set(rows.columns["label"]))[seed % 4]
    clean = list(rows.columns["text"])
    tagged = [label == name and rng.random() < share for label in rows.columns["label"]]
    texts = [f"{text} {TAG}" if own else text for text, own in zip(clean, tagged, strict=True)]
    planted = replace(rows, columns={**rows.columns, "text": texts})
    half = len(rows) // 2
    vectors = TfidfVectorizer(analyzer="char", ngram_range=(1, 3)).fit(texts[:half])
    model = LogisticRegression(C=10, max_iter=500)
    model.fit(vectors.transform(texts[:half]), rows.columns["label"][:half])
    judged = [i for i in range(half, len(rows)) if tagged[i]]
    right = [
        float((model.predict(vectors.transform([some[i] for i in judged])) == name).mean())
        for some in (texts, clean)
    ]
    loss = right[0] - right[1]
    return Trial(
        f"tagged texts are answered {loss:+.2f} worse without their tag",
        {"rows": planted, "splits": shares(planted, seed)},
        present=frozenset({"shortcut_mark"}) if loss >= 0.05 else frozenset(),
        absent=frozenset({"conflicting_labels", "train_test_duplicates"}),
    )
