"""Which rows must stay on one side of a split: alike texts, and rows of one group."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from luthier.kit.stratify import Cluster
from luthier.kit.text_key import text_key
from luthier.records import IntArray, Rows

NUMBER_BINS = 10
"""A target that is a number is shared out by its tenths."""


@dataclass(frozen=True, slots=True)
class Units:
    """Rows that stay together.

    Args:
        clusters: one per unit.
        positions: row positions of each unit, in the order of `clusters`.
        alike: how many texts are there several times, or nearly so; `alike_rows` are their rows.
        groups: how many groups there are; 0 where rows have none.
    """

    clusters: Sequence[Cluster]
    positions: Sequence[Sequence[int]]
    alike: int
    alike_rows: int
    groups: int


def units_of(
    rows: Rows, pool: Sequence[int], alike: Sequence[Sequence[int]], *, by_group: bool
) -> Units:
    """The rows at the positions `pool`, joined where they must not be parted.

    Args:
        rows: all rows.
        pool: positions of the rows to share out.
        alike: clusters of positions (of any rows) whose texts are alike.
        by_group: whether rows with the same value in the column `group` stay together too; rows
            without a value are groups of their own.
    """
    texts = _texts(rows)
    keys = [text_key(texts[p]) if texts is not None else f"row {rows.ids[p]}" for p in pool]
    strata = strata_of(rows)
    same = _numbered(keys)
    if alike:
        place = {p: i for i, p in enumerate(pool)}
        edges = [
            (place[first], place[other])
            for cluster in alike
            for first, other in _chain([p for p in cluster if p in place])
        ]
        same = _joined(same, edges)
    several = [count for count in Counter(same.tolist()).values() if count > 1]
    groups = 0
    if by_group:
        values = rows.columns["group"]
        named = [f"group {values[p]}" if values[p] else f"row {rows.ids[p]}" for p in pool]
        groups = len(set(named))
        own = _numbered(named)
        firsts: dict[int, int] = {}
        edges = [(firsts.setdefault(g, i), i) for i, g in enumerate(own.tolist())]
        same = _joined(same, edges)
    members: dict[int, list[int]] = defaultdict(list)
    for i, unit in enumerate(same.tolist()):
        members[unit].append(i)
    clusters = [
        Cluster(min(keys[i] for i in own) if len(own) > 1 else keys[own[0]],
                tuple(strata[pool[i]] for i in own))
        for own in members.values()
    ]  # fmt: skip
    positions = [[pool[i] for i in own] for own in members.values()]
    return Units(clusters, positions, len(several), sum(several), groups)


def _texts(rows: Rows) -> Sequence[str] | None:
    """What a row says, both texts where it has two."""
    texts = rows.columns.get("text")
    pairs = rows.columns.get("text_pair")
    if texts is None or pairs is None:
        return texts
    return [f"{first}\n{second}" for first, second in zip(texts, pairs, strict=True)]


def strata_of(rows: Rows) -> Sequence[str]:
    """What every row is stratified by.

    Its label; of several labels the rarest; the tenth that a number falls in; "" without a target.
    """
    columns = rows.columns
    if "label" in columns:
        return [str(label) for label in columns["label"]]
    if "labels" in columns:
        counts = Counter(label for own in columns["labels"] for label in own)
        return [
            min(own, key=lambda label: (counts[label], label), default="")
            for own in columns["labels"]
        ]
    if "number" in columns:
        numbers = np.array([np.nan if x is None else x for x in columns["number"]], dtype=float)
        ends = np.nanquantile(numbers, np.linspace(0, 1, NUMBER_BINS + 1)[1:-1])
        return [f"tenth {i}" for i in np.searchsorted(ends, numbers, side="right").tolist()]
    return [""] * len(rows)


def _numbered(values: Sequence[str]) -> IntArray:
    """Equal values get equal numbers, from 0 in order of appearance."""
    seen: dict[str, int] = {}
    return np.fromiter((seen.setdefault(v, len(seen)) for v in values), np.int64, len(values))


def _chain(cluster: Sequence[int]) -> list[tuple[int, int]]:
    return [(cluster[0], other) for other in cluster[1:]]


def _joined(same: IntArray, edges: Sequence[tuple[int, int]]) -> IntArray:
    """Unit numbers after rows of several units were joined.

    Args:
        same: int64 [n], the unit of each row.
        edges: pairs of rows that must be in one unit.
    """
    if not edges:
        return same
    pairs = same[np.array(edges)]
    n = int(same.max()) + 1
    graph = sparse.coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), (n, n))
    return np.asarray(connected_components(graph, directed=False)[1].astype(np.int64)[same])
