"""Which rows of one split say again what other rows said before."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from luthier.kit.row_answers import row_answers
from luthier.kit.text_key import text_key
from luthier.records import SPLIT_NAMES, Rows, SplitName, Splits


class KeyedRow(NamedTuple):
    """A row by the key of its text (`text_key`), and what it is labelled with (`row_answers`)."""

    key: str
    row_id: int
    answer: Hashable


Keyed = Mapping[SplitName, Sequence[KeyedRow]]
"""The rows of each split."""


def keyed_by_split(rows: Rows, splits: Splits) -> Keyed:
    """The rows of each split, in row order; rows in no split are left out."""
    side = dict(zip(splits.row_ids.tolist(), splits.names, strict=True))
    keyed: dict[SplitName, list[KeyedRow]] = {name: [] for name in SPLIT_NAMES}
    answers = row_answers(rows)
    for i, text, answer in zip(rows.ids.tolist(), rows.columns["text"], answers, strict=True):
        if i in side:
            keyed[side[i]].append(KeyedRow(text_key(text), i, answer))
    return keyed


def said_before(rows: Sequence[KeyedRow], before: Sequence[KeyedRow]) -> dict[int, bool]:
    """Id of each row whose text is among `before`, and whether it has the same answer there."""
    known: defaultdict[str, set[Hashable]] = defaultdict(set)
    for row in before:
        known[row.key].add(row.answer)
    return {row.row_id: row.answer in known[row.key] for row in rows if row.key in known}


def said_first(rows: Rows, keyed: Keyed) -> tuple[str, str] | None:
    """Where the first row stands that is not new, and where its text stood before.

    Test rows come before validation rows, and what was learned from before what was chosen on.
    """
    places = dict(zip(rows.ids.tolist(), rows.locations, strict=True))
    pairs: tuple[tuple[SplitName, SplitName], ...] = (
        ("test", "train"), ("validation", "train"), ("test", "validation")
    )  # fmt: skip
    for split, before in pairs:
        first: dict[str, int] = {}
        for row in keyed[before]:
            first.setdefault(row.key, row.row_id)
        for row in keyed[split]:
            if row.key in first:
                return places[row.row_id], places[first[row.key]]
    return None


def repeated(rows: Sequence[KeyedRow]) -> tuple[list[int], float]:
    """Ids of the rows that share their text, and how many times too narrow intervals are at most.

    That is the root of the design effect of clusters whose rows are all answered alike: the sum of
    the squared cluster sizes by the rows. Source: Kish (1965), Survey Sampling, chapter 5. The
    most frequent texts come first.
    """
    sizes = Counter(row.key for row in rows)
    shared = [row for row in rows if sizes[row.key] > 1]
    ids = [row.row_id for row in sorted(shared, key=lambda row: -sizes[row.key])]
    return ids, math.sqrt(sum(size * size for size in sizes.values()) / max(1, len(rows)))
