"""Put junk in the place of texts: markup, wrong encodings, one key held down, nothing."""

from __future__ import annotations

import numpy as np

from grammar import make_rows
from luthier.records import Rows
from trials import Trial, script_of, shares


def plant(seed: int, *, share: float) -> Trial:
    """`share` of 1200 texts are spoiled in one of five ways, by turns."""
    rows = make_rows("keywords", script_of(seed), 1200, seed)
    rng = np.random.default_rng(seed + 6)
    texts = list(rows.columns["text"])
    chosen = rng.choice(len(rows), round(share * len(rows)), replace=False)
    for number, i in enumerate(chosen):
        texts[i] = spoiled(texts[i], number, int(rng.integers(20, 60)))
    columns = {**rows.columns, "text": texts}
    planted = Rows(rows.ids, columns, rows.locations, rows.given_split, rows.source)
    return Trial(
        f"{len(chosen)} texts spoiled",
        {"rows": planted, "splits": shares(planted, seed)},
        present=frozenset({"junk_rows"}),
        absent=frozenset({"last_instead_of_best"}),
    )


def spoiled(text: str, way: int, length: int) -> str:
    match way % 5:
        case 0:
            return f'<div class="row{length}"><span></span><br/><p>{text[:2]}</p></div>'
        case 1:
            return ("你好" * length).encode().decode("latin-1")[:length]
        case 2:
            return "哈" * length
        case 3:
            return "。！？…"[: 1 + length % 4] * length
        case _:
            return f"{text[:3]}{chr(0xFFFD) * length}"
