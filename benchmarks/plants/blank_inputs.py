"""Let nothing of the text arrive: one text for all rows, its first token only, or no embedding."""

from __future__ import annotations

import torch

from small_model import PAD, Recipe, run
from trials import Trial, script_of


def plant(seed: int, *, how: str) -> Trial:
    """`same_text`, `first_token_only` or `zero_embeddings`.

    The fault is there when all fresh rows get one answer, as far as the validation rows show it.
    """

    def blank(ids: torch.Tensor) -> torch.Tensor:
        if how == "same_text":
            return ids[:1].expand_as(ids).contiguous()
        if how == "first_token_only":
            return torch.cat([ids[:, :1], torch.full_like(ids[:, 1:], PAD)], dim=1)
        return ids

    def silence(model: torch.nn.Module) -> None:
        if how == "zero_embeddings":
            with torch.no_grad():
                model.bert.embeddings.word_embeddings.weight.zero_()
            model.bert.embeddings.word_embeddings.weight.requires_grad_(False)

    outcome = run(seed, script_of(seed), Recipe(inputs=blank, before=silence, epochs=3))
    answers = set(outcome.evidence["validation_predictions"].predicted.tolist())
    there = frozenset({"one_answer"}) if len(answers) == 1 else frozenset()
    return Trial(f"{how}, {len(answers)} different answers", outcome.evidence, present=there)
