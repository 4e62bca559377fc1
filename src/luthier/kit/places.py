"""Where rows stand in their files, without one string per row in memory."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import overload


class FilePlaces(Sequence[str]):
    """`file:line` of each row of one file; `file: row 17` where rows are counted, not lines.

    Args:
        name: the file's name for messages.
        lines: n numbers from 1 on, rising: the line, or the row, on which row i begins.
        counted: whether `lines` are rows of a sheet or a table without lines.
    """

    def __init__(self, name: str, lines: Sequence[int], *, counted: bool = False) -> None:
        self._name = name
        self._lines = lines
        self._counted = counted
        self._shared = frozenset() if counted else {a for a, b in pairwise(lines) if a == b}

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self[i] for i in range(len(self))[at]]
        line = self._lines[at]
        if self._counted:
            return f"{self._name}: row {line}"
        if line in self._shared:  # several rows stand on this line: say which
            return f"{self._name}: row {range(len(self))[at] + 1}"
        return f"{self._name}:{line}"

    def __eq__(self, other: object) -> bool:
        return _same(self, other)

    __hash__ = None  # type: ignore[assignment]


class JoinedPlaces(Sequence[str]):
    """The places of several files, one after the other."""

    def __init__(self, parts: Iterable[Sequence[str]]) -> None:
        self._parts = list(parts)
        self._starts = array("q", accumulate(map(len, self._parts), initial=0))

    def __len__(self) -> int:
        return self._starts[-1]

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self[i] for i in range(len(self))[at]]
        position = range(len(self))[at]  # IndexError beyond the end, as a sequence must
        part = bisect_right(self._starts, position) - 1
        return self._parts[part][position - self._starts[part]]

    def __eq__(self, other: object) -> bool:
        return _same(self, other)

    __hash__ = None  # type: ignore[assignment]


def _same(one: Sequence[str], other: object) -> bool:
    return isinstance(other, Sequence) and not isinstance(other, str) and [*one] == [*other]
