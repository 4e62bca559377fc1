"""Take the telling word out of rows of two labels and leave the words that both use."""

from __future__ import annotations

import numpy as np

from grammar import GROUP, make_rows, words_of
from luthier.kit.text_key import text_key
from luthier.records import Rows
from plants.label_evidence import evidence_about_labels
from trials import Trial, script_of, shares


def plant(seed: int, *, overlap: float) -> Trial:
    """`overlap` of the rows of two of four labels hold a word of both in place of the telling one.

    Their labels stay right. Nothing in these rows says which of the two it is, but that it is one
    of the two can be seen.
    """
    script = script_of(seed)
    rows = make_rows("keywords", script, 1600, seed, noise=0.0)
    names = sorted(set(rows.columns["label"]))
    pair = [names[seed % 4], names[(seed + 1) % 4]]
    vocabulary = words_of(script)
    telling, both = set(vocabulary[:GROUP]), vocabulary[GROUP : GROUP + 2]
    rng = np.random.default_rng(seed + 5)
    texts, words = list(rows.columns["text"]), list(rows.columns["words"])
    own = [i for i, label in enumerate(rows.columns["label"]) if label in pair]
    seen = {text_key(text) for text in texts}
    changed = 0
    for i in rng.choice(own, round(overlap * len(own)), replace=False):
        row = [str(rng.choice(both)) if word in telling else word for word in words[i]]
        text = ("" if script == "han" else " ").join(row)
        if text_key(text) not in seen:
            seen.add(text_key(text))
            texts[i], words[i] = text, tuple(row)
            changed += 1
    columns = {**rows.columns, "text": texts, "words": words}
    planted = Rows(rows.ids, columns, rows.locations, rows.given_split, rows.source)
    return Trial(
        f"{changed} of {len(own)} rows of two labels hold no telling word",
        {
            "rows": planted,
            "splits": shares(planted, seed),
            **evidence_about_labels(planted),
        },
        present=frozenset({"shared_vocabulary"}),
        absent=frozenset({"conflicting_labels", "confused_labels", "train_test_duplicates"}),
    )
