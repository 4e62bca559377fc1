"""Train at a learning rate that is too high or too low by a factor."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from grammar import Script
from small_model import Recipe, run
from trials import Trial, script_of

HARM = 0.05
"""Share of right answers on fresh rows that must be lost for the fault to be there."""


def plant(seed: int, *, factor: float) -> Trial:
    """The healthy rate times `factor`.

    The fault is there when 5 points or more of right answers on 1,000 fresh rows are lost against
    the healthy rate, and absent when less than 1 point is; in between nothing is claimed.
    """
    healthy = Recipe()
    slow = replace(healthy, learning_rate=factor * healthy.learning_rate)
    outcome = run(seed, script_of(seed), slow)
    lost = _healthy(seed, script_of(seed)) - outcome.fresh
    high, low = "learning_rate_too_high", "learning_rate_too_low"
    fault, other = (high, low) if factor > 1 else (low, high)
    return Trial(
        f"rate x {factor:g}, {outcome.fresh:.3f} right on fresh rows, {lost:.3f} lost",
        outcome.evidence,
        present=frozenset({fault}) if lost >= HARM else frozenset(),
        absent=frozenset({other, *({fault} if lost < 0.01 else ())}),
    )


@cache
def _healthy(seed: int, script: Script) -> float:
    return run(seed, script, Recipe()).fresh
