"""Leave the head out of the optimizer, or freeze head or body, where all was to be trained."""

from __future__ import annotations

import torch

from small_model import Recipe, run
from trials import Trial, script_of


def plant(seed: int, *, what: str) -> Trial:
    """`head_not_held`, `head_frozen` or `body_frozen`. The fault is a state: it is always there."""

    def leave_out(model: torch.nn.Module) -> list[torch.nn.Parameter]:
        head = list(model.classifier.parameters())
        if what == "head_not_held":
            return list(model.bert.parameters())
        for parameter in head if what == "head_frozen" else model.bert.parameters():
            parameter.requires_grad_(False)
        return [p for p in model.parameters() if p.requires_grad]

    outcome = run(seed, script_of(seed), Recipe(before=leave_out))
    return Trial(
        f"{what}, {outcome.fresh:.3f} right on fresh rows",
        outcome.evidence,
        present=frozenset({"parameters_not_trained"}),
    )
