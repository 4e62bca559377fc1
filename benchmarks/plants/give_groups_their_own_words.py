"""Let rows come from groups that have one label each and a word of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from grammar import make_rows
from luthier.records import Splits
from standin import Course, train
from trials import Trial, script_of

GROUPS = 80
NOISE = 0.2


def plant(seed: int, *, share: float) -> Trial:
    """`share` of the rows come from 80 groups, each with a favourite label and a word of its own.

    Half of the groups are learned from and judged on, the others only judged on. The fault is there
    when 3000 fresh rows of known groups are answered 5 points better than those of new groups, and
    absent when they are not better at all.
    """
    kind, script = "keywords", script_of(seed)
    both = make_rows(kind, script, 6000, seed, noise=NOISE)
    rng = np.random.default_rng(seed + 7)
    n = len(both)
    names = sorted(set(both.columns["label"]))
    favourite = rng.integers(len(names), size=GROUPS)
    group = rng.integers(GROUPS, size=n)
    member = rng.random(n) < share
    known = member & (group < GROUPS // 2)
    texts, labels, words = (list(both.columns[name]) for name in ("text", "label", "words"))
    for i in np.flatnonzero(member):
        word = _own_word(int(group[i]), script)
        words[i], texts[i] = (*words[i], word), f"{texts[i]} {word}"
        if rng.random() < 0.8:
            labels[i] = names[favourite[group[i]]]
    columns = {"text": texts, "label": labels, "words": words}
    columns["group"] = [f"g{g}" if m else "" for g, m in zip(group, member, strict=True)]
    both = replace(both, columns=columns)
    rows, fresh = both.take(np.arange(n // 2)), both.take(np.arange(n // 2, n))
    draw = rng.random(n // 2)
    side = np.where(draw < 0.6, "train", np.where(draw < 0.75, "validation", "test"))
    new = (member & ~known)[: n // 2]
    side = np.where(new, np.where(draw < 0.5, "test", "validation"), side)
    splits = Splits(rows.ids, tuple(side.tolist()), "given", seed)
    result = train(rows, splits, fresh, Course(seed=seed, l2=0.005, floors=False))
    answers = result.fresh_predictions
    right = (answers.labels == answers.predicted)[member[n // 2 :]]
    of_known = known[n // 2 :][member[n // 2 :]]
    gap = float(right[of_known].mean() - right[~of_known].mean())
    fault = frozenset({"known_groups"})
    return Trial(
        f"fresh rows of known groups are answered {gap:+.3f} better than those of new groups",
        result.evidence,
        present=fault if gap >= 0.05 else frozenset(),
        absent=frozenset({"conflicting_labels", "last_instead_of_best"})
        | (fault if gap <= 0 else frozenset()),
    )


def _own_word(group: int, script: str) -> str:
    if script == "han":
        return f"{chr(0x4E00 + 7 * group)}{chr(0x5E00 + 11 * group)}"
    return f"zq{group}w"
