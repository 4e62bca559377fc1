"""Let test rows speak of other subjects than training rows."""

from __future__ import annotations

import numpy as np

from grammar import FILLERS, GROUP, make_rows, words_of
from luthier.records import Rows, Splits
from trials import Trial, script_of


def plant(seed: int, *, share: float) -> Trial:
    """`share` of the fillers of the test texts come from a tenth of the vocabulary.

    2400 rows, of which a fifth judges. The words that tell the label stay as they are, so labels
    are as they were. The fault is there when texts of the new kind can be told from the old ones
    by their words alone, which is by construction: it is measured as the share of changed words.
    """
    script = script_of(seed)
    rows = make_rows("keywords", script, 2400, seed)
    rng = np.random.default_rng(seed + 9)
    n = len(rows)
    names = np.where(np.arange(n) % 5 == 4, "test", "train").astype(object)
    names[np.arange(n) % 10 == 3] = "validation"
    fillers = words_of(script)[2 * GROUP :]
    new = [fillers[i] for i in rng.choice(FILLERS, FILLERS // 10, replace=False)]
    texts, words, changed = list(rows.columns["text"]), list(rows.columns["words"]), 0
    known = set(fillers)
    for i in np.flatnonzero(names == "test"):
        own = [str(rng.choice(new)) if w in known and rng.random() < share else w for w in words[i]]
        changed += sum(a != b for a, b in zip(own, words[i], strict=True))
        words[i] = tuple(own)
        texts[i] = ("" if script == "han" else " ").join(own)
    columns = {"text": texts, "label": rows.columns["label"], "words": words}
    planted = Rows(rows.ids, columns, rows.locations, rows.given_split, rows.source)
    return Trial(
        f"{changed} words of {int((names == 'test').sum())} test texts are of a new subject",
        {"rows": planted, "splits": Splits(rows.ids, tuple(names.tolist()), "given", seed)},
        present=frozenset({"texts_drifted"}),
        absent=frozenset({"conflicting_labels", "label_shares_differ"}),
    )
