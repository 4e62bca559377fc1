"""Copy rows, some of them with a character more."""

from __future__ import annotations

import numpy as np

from grammar import make_rows
from luthier.kit.text_key import text_key
from luthier.records import Rows
from luthier.stages.audit import audit
from trials import Trial, script_of

ENDS = ("", "!", "。", "x", "嗯")


def plant(seed: int, *, share: float) -> Trial:
    """`share` of the rows are copies of other rows of the same label.

    The fault is there when so many rows really are spare: counted by equal keys and by the copies
    that were made.
    """
    rows = make_rows("keywords", script_of(seed), 1500, seed)
    rng = np.random.default_rng(seed + 4)
    count = round(share * len(rows) / (1 - share))
    copied = rng.choice(len(rows), count, replace=True)
    copies = [rows.columns["text"][i] + str(rng.choice(ENDS)) for i in copied]
    texts = [*rows.columns["text"], *copies]
    labels = [*rows.columns["label"], *(rows.columns["label"][i] for i in copied)]
    n = len(texts)
    planted = Rows(
        np.arange(n),
        {"text": texts, "label": labels},
        [f"grammar:{i}" for i in range(n)],
        [None] * n,
        rows.source,
    )
    spare = n - len({text_key(text) for text in rows.columns["text"]})
    return Trial(
        f"{count} of {n} rows are copies",
        {"rows": planted, "audit": audit(planted)},
        present=frozenset({"repeated_rows"}) if spare / n >= 0.05 else frozenset(),
        absent=frozenset({"conflicting_labels"}),
    )
