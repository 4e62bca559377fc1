"""Make the optimizer's steps go wrong: no zeroing, a schedule that runs too fast, missing steps."""

from __future__ import annotations

from small_model import Recipe, run
from trials import Trial, script_of

WAYS = {
    "few_steps": {"steps_per_update": 2},
    "schedule_too_fast": {"schedule_speed": 2},
    "no_zero_grad": {"zero_grad": False},
}


def plant(seed: int, *, how: str) -> Trial:
    """A way of `WAYS`. The fault is a state: it is always there."""
    outcome = run(seed, script_of(seed), Recipe(**WAYS[how]))
    return Trial(
        f"{how}, {outcome.fresh:.3f} right on fresh rows",
        outcome.evidence,
        present=frozenset({"steps_not_as_planned"}),
    )
