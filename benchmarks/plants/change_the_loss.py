"""Put a softmax or a sigmoid before cross-entropy, or raw outputs into nll_loss."""

from __future__ import annotations

import torch
from torch.nn import functional

from small_model import Recipe, run
from trials import Trial, script_of


def plant(seed: int, *, how: str) -> Trial:
    """`softmax`, `sigmoid` or `no_log`. The fault is a state: it is always there."""

    def loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        if how == "no_log":
            return functional.nll_loss(logits, targets)
        squeezed = logits.softmax(-1) if how == "softmax" else logits.sigmoid()
        return functional.cross_entropy(squeezed, targets)

    outcome = run(seed, script_of(seed), Recipe(loss=loss))
    return Trial(
        f"{how}, {outcome.fresh:.3f} right on fresh rows",
        outcome.evidence,
        present=frozenset({"probabilities_into_loss"}),
    )
