"""Let nothing of the text arrive: one text for all rows, or its first token only."""

from __future__ import annotations

import torch

from small_model import PAD, Recipe, run
from trials import Trial, script_of


def plant(seed: int, *, how: str) -> Trial:
    """`same_text` or `first_token_only`.

    The fault is there when all fresh rows get one answer, as far as the validation rows show it.
    """

    def blank(ids: torch.Tensor) -> torch.Tensor:
        if how == "same_text":
            return ids[:1].expand_as(ids).contiguous()
        return torch.cat([ids[:, :1], torch.full_like(ids[:, 1:], PAD)], dim=1)

    outcome = run(seed, script_of(seed), Recipe(inputs=blank, epochs=3))
    answers = set(outcome.evidence["validation_predictions"].predicted.tolist())
    there = frozenset({"one_answer"}) if len(answers) == 1 else frozenset()
    return Trial(f"{how}, {len(answers)} different answers", outcome.evidence, present=there)
