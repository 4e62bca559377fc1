"""Let a number become infinite: in a late step, in one module, or in a weight before the first."""

from __future__ import annotations

from dataclasses import replace

import torch

from small_model import Recipe, run
from trials import Trial, script_of


def plant(seed: int, *, how: str) -> Trial:
    """`late`: an infinite loss in step 41. `module`: a layer overflows as in float16 from step 21
    on. `weight`: a number of the embeddings is NaN from the start. Always there.
    """
    recipe = Recipe(epochs=2)
    if how == "late":
        steps = iter(range(10_000))

        def overflowing(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            wide = logits * (float("inf") if next(steps) == 40 else 1.0)
            return torch.nn.functional.cross_entropy(wide, targets)

        recipe = replace(recipe, loss=overflowing)
    elif how == "module":

        def overflow(step: int, model: torch.nn.Module) -> None:
            if step == 20:
                with torch.no_grad():
                    model.bert.encoder.layer[1].output.dense.weight.mul_(1e38)

        recipe = replace(recipe, during=overflow)
    else:

        def damage(model: torch.nn.Module) -> None:
            with torch.no_grad():
                model.bert.embeddings.word_embeddings.weight[3, 0] = float("nan")

        recipe = replace(recipe, before=damage)
    outcome = run(seed, script_of(seed), recipe)
    return Trial(how, outcome.evidence, present=frozenset({"not_finite"}))
