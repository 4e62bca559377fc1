"""Share groups of rows out to splits: whole groups, and labels in fair number all the same."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

from luthier.kit.stratify import Cluster, seeded

S = TypeVar("S", bound=str)

PASSES = 3
"""How often every group is asked whether another split would suit better; it settles in two."""


class _Table(Generic[S]):
    """Rows per split and label, held against their quotas.

    The cost of a table is the sum of squared distances to the quotas: per label by the rows of the
    label, and over all by all rows. Moving a group changes it by what `change` says.
    """

    def __init__(self, units: Sequence[Cluster], shares: Mapping[S, float]) -> None:
        self.shares = shares
        self.totals = Counter(label for unit in units for label in unit.labels)
        self.rows = sum(self.totals.values())
        self.have: dict[S, Counter[str]] = {name: Counter() for name in shares}
        self.size: dict[S, int] = dict.fromkeys(shares, 0)
        self.holders: dict[S, Counter[str]] = {name: Counter() for name in shares}

    def change(self, name: S, counts: Mapping[str, int], sign: int) -> float:
        """By how much the cost grows when these rows come (+1) or go (-1)."""
        share, have = self.shares[name], self.have[name]
        n = sign * sum(counts.values())
        cost = n * (n + 2 * (self.size[name] - share * self.rows)) / self.rows
        for label, count in counts.items():
            c, total = sign * count, self.totals[label]
            cost += c * (c + 2 * (have[label] - share * total)) / total
        return cost

    def put(self, name: S, counts: Mapping[str, int], sign: int) -> None:
        """Let these rows come (+1) or go (-1)."""
        for label, count in counts.items():
            self.have[name][label] += sign * count
            self.holders[name][label] += sign
        self.size[name] += sign * sum(counts.values())

    def is_last(self, name: S, counts: Mapping[str, int]) -> bool:
        """Whether a label of this group would be gone from the split without it."""
        return any(self.holders[name][label] == 1 for label in counts)


def stratify_groups(
    units: Sequence[Cluster], held: Mapping[S, float], rest: S, seed: int
) -> dict[str, S]:
    """Unit key -> split; every unit is whole, shares and labels are as fair as that allows.

    The largest unit first, each goes where it brings the rows per split and label nearest to their
    quotas; then labels that a split lacks are brought in where training has another unit of them,
    and single moves improve what they can. Equal units are ordered by a seeded hash of the key, so
    the order of the rows does not matter. Every label stays in `rest`.

    Args:
        units: groups of rows; their labels may differ.
        held: split to hold out -> its share of the rows.
        rest: the split that receives the others, and learns from them.
        seed: decides between what is equal.
    """
    shares: dict[S, float] = {rest: 1 - sum(held.values()), **held}
    table = _Table(units, shares)
    counts = {unit.key: Counter(unit.labels) for unit in units}
    order = sorted(units, key=lambda unit: (-len(unit.labels), seeded(seed, unit.key)))
    chosen: dict[str, S] = {}
    for unit in order:
        own = counts[unit.key]
        chosen[unit.key] = min(shares, key=lambda name: table.change(name, own, 1))
        table.put(chosen[unit.key], own, 1)
    _bring_in_labels(table, order, counts, chosen, rest)
    for _ in range(PASSES):
        if not _improve(table, order, counts, chosen):
            break
    return chosen


def _move(
    table: _Table[S], own: Mapping[str, int], chosen: dict[str, S], key: str, name: S
) -> None:
    table.put(chosen[key], own, -1)
    table.put(name, own, 1)
    chosen[key] = name


def _bring_in_labels(
    table: _Table[S],
    order: Sequence[Cluster],
    counts: Mapping[str, Mapping[str, int]],
    chosen: dict[str, S],
    rest: S,
) -> None:
    """Give a label to each split without it: the smallest unit that can be spared elsewhere."""
    with_label: dict[str, list[str]] = defaultdict(list)
    for unit in reversed(order):
        for label in counts[unit.key]:
            with_label[label].append(unit.key)
    for name in table.shares:
        for label in sorted(table.totals):
            if not table.holders[name][label]:
                _bring_in(table, with_label[label], counts, chosen, name, rest)


def _bring_in(
    table: _Table[S],
    keys: Sequence[str],
    counts: Mapping[str, Mapping[str, int]],
    chosen: dict[str, S],
    name: S,
    rest: S,
) -> None:
    """Move the first of these units to a split, if it can be spared where it is."""
    for key in keys:
        source = chosen[key]
        spare = name == rest or (source == rest and not table.is_last(source, counts[key]))
        if spare and table.size[source] > sum(counts[key].values()):
            _move(table, counts[key], chosen, key, name)
            return


def _improve(
    table: _Table[S],
    order: Sequence[Cluster],
    counts: Mapping[str, Mapping[str, int]],
    chosen: dict[str, S],
) -> bool:
    """Move single units where that lowers the cost and takes no label away; whether any moved.

    Until one moves, units of the same labels in the same split get the same answer: most rows
    stand alone, and each label asks once.
    """
    moved = False
    settled: set[tuple[S, tuple[str, ...]]] = set()
    for unit in reversed(order):
        own, source = counts[unit.key], chosen[unit.key]
        if (source, unit.labels) in settled:
            continue
        best = None if table.is_last(source, own) else _better_place(table, own, source)
        if best is None:
            settled.add((source, unit.labels))
            continue
        _move(table, own, chosen, unit.key, best)
        settled.clear()
        moved = True
    return moved


def _better_place(table: _Table[S], own: Mapping[str, int], source: S) -> S | None:
    """The split where a group of these labels costs least, if that is less than where it is."""
    others = (name for name in table.shares if name != source)
    best = min(others, key=lambda name: table.change(name, own, 1))
    saved = table.change(source, own, -1) + table.change(best, own, 1)
    return best if saved < -1e-9 else None
