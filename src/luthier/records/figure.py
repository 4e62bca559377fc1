"""A number that knows how sure it is. No torch here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its uncertainty.

    Args:
        value: the estimate; NaN is never stored, an undefined figure is left out.
        low: lower end of the 95 % interval.
        high: upper end.
        n: rows (or labels) it rests on.
        method: how the interval was made (`wilson`, `bootstrap`, `delong`, `newcombe`, or
            `unknown` where the rows say nothing).
    """

    value: float
    low: float
    high: float
    n: int
    method: str = "bootstrap"
