"""Give the head outputs that no label has, or a loss for several labels a row."""

from __future__ import annotations

import torch
from torch.nn import functional

from small_model import Recipe, run
from trials import Trial, script_of


def plant(seed: int, *, outputs: int = 0, loss: str = "") -> Trial:
    """`outputs` for four labels, or `loss="binary"`. The fault is a state: it is always there."""

    def binary(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        wanted = functional.one_hot(targets, 4).float()
        return functional.binary_cross_entropy_with_logits(logits, wanted)

    recipe = Recipe(head_outputs=outputs, loss=binary if loss else None)
    outcome = run(seed, script_of(seed), recipe)
    return Trial(
        f"{loss or outputs}, {outcome.fresh:.3f} right on fresh rows",
        outcome.evidence,
        present=frozenset({"head_does_not_fit"}),
    )
