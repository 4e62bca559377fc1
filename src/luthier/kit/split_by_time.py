"""Share units of rows out by time: the oldest to learn from, the newest to judge on."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from luthier.kit.stratify import Cluster

S = TypeVar("S", bound=str)


@dataclass(frozen=True, slots=True)
class TimeSplit(Generic[S]):
    """What was decided.

    Args:
        chosen: unit key -> split.
        begins: split -> its earliest time, for all but the oldest split.
        moved: rows that went to an earlier split because a text like theirs was there before.
    """

    chosen: dict[str, S]
    begins: dict[S, str]
    moved: int


def split_by_time(
    units: Sequence[Cluster],
    times: Sequence[Sequence[str]],
    held: Mapping[S, float],
    rest: S,
) -> TimeSplit[S]:
    """Cut the rows at points in time; rows of one time are never parted.

    A unit goes where its earliest row belongs: what was said before is not new later.

    Args:
        units: rows that stay together.
        times: per unit and row, a text that sorts as the time does.
        held: split -> share of the rows, the one before the newest first.
        rest: the split of the oldest rows.
    """
    order = sorted(time for own in times for time in own)
    begins: dict[S, str] = {}
    ahead = 0.0
    for name, share in reversed(list(held.items())):
        ahead += share
        begins[name] = _nearest_start(order, round(len(order) * (1 - ahead)))
    chosen: dict[str, S] = {}
    moved = 0
    for unit, own in zip(units, times, strict=True):
        side = _side(min(own), begins, rest)
        chosen[unit.key] = side
        moved += sum(_side(time, begins, rest) != side for time in own)
    return TimeSplit(chosen, begins, moved)


def _nearest_start(order: Sequence[str], cut: int) -> str:
    """The time whose first row is nearest to this place in the sorted times."""
    cut = min(max(cut, 0), len(order) - 1)
    here = order[cut]
    first = bisect_left(order, here)
    later = next((i for i in range(cut, len(order)) if order[i] != here), len(order))
    return order[later] if later < len(order) and later - cut < cut - first else here


def _side(time: str, begins: Mapping[S, str], rest: S) -> S:
    """The newest split that begins at or before this time."""
    return next((name for name, start in begins.items() if time >= start), rest)
