"""Hand the rows over in the order of their labels, a share of them mixed."""

from __future__ import annotations

from small_model import Recipe, run
from trials import Trial, script_of


def plant(seed: int, *, mixed: float) -> Trial:
    """`mixed` is the share of rows in random places. The fault is a state: it is always there."""
    outcome = run(seed, script_of(seed), Recipe(mixed=mixed))
    return Trial(
        f"{mixed:.0%} mixed, {outcome.fresh:.3f} right on fresh rows",
        outcome.evidence,
        present=frozenset({"rows_in_label_order"}),
    )
