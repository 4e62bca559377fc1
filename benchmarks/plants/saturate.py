"""Saturate what stands between the layers and the head, so that no gradient comes back."""

from __future__ import annotations

import torch

from small_model import Recipe, run
from trials import Trial, script_of

GONE = 1e-7


def plant(seed: int, *, scale: float) -> Trial:
    """The tanh of the pooler gets its input times `scale`, in every row of the same sign.

    The fault is there when the gradient of the layers is below 1e-7 at the end, looked up in what
    was recorded, and fewer than half of the fresh rows are answered rightly.
    """

    def saturate(model: torch.nn.Module) -> None:
        with torch.no_grad():
            model.bert.pooler.dense.bias.fill_(scale)

    outcome = run(seed, script_of(seed), Recipe(before=saturate))
    layers = outcome.evidence["training"].group("layer")
    late = max(group.late_gradient or 0.0 for group in layers)
    there = late < GONE and outcome.fresh < 0.5
    return Trial(
        f"scale {scale:g}, gradient {late:.1g}, {outcome.fresh:.3f} right on fresh rows",
        outcome.evidence,
        present=frozenset({"gradients_vanish"}) if there else frozenset(),
    )
