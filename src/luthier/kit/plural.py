"""The one place that decides between `1 row` and `2 rows`.

A sentence of a record, which is English until it is told, writes `f"{n:,} row{plural(n)}"`. What
speaks by a catalogue (`reporting/`, `cli/`) writes both sentences out: `say.count(n, one, many)`.
"""

from __future__ import annotations


def plural(count: int) -> str:
    """The ending of a counted noun.

    >>> [f"{n} row{plural(n)}" for n in (0, 1, 2)]
    ['0 rows', '1 row', '2 rows']
    """
    return "" if count == 1 else "s"
