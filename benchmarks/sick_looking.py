"""Healthy trainings of the small transformer, plain ones and such that look sick but are not.

A training counts as healthy when it answers fresh rows well: then no fault of training is in it,
but for what the recipe itself leaves open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch.nn import functional

from luthier.faults import all_faults
from small_model import Recipe, run
from trials import Trial, script_of

GOOD = 0.9
"""Share of right answers on 1,000 fresh rows."""

NOT_OF_TRAINING = frozenset({"overfitting_or_too_few_labels"})
"""Declared beside the faults of training, but not ruled out by good answers alone."""


def _frozen_on_purpose(model: torch.nn.Module) -> list[torch.nn.Parameter]:
    """The first layer stays as pretrained; with frozen embeddings this model learns little."""
    for parameter in model.bert.encoder.layer[0].parameters():
        parameter.requires_grad_(False)
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def _smoothed(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(logits, targets, label_smoothing=0.1)


def _spelled_out(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross-entropy written as it is in older code."""
    return functional.nll_loss(functional.log_softmax(logits, dim=-1), targets)


def _weighted(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(logits, targets, weight=torch.tensor([1.0, 2.0, 1.0, 2.0]))


RECIPES: dict[str, Recipe] = {
    "plain": Recipe(),
    "pairs of words, longer": Recipe(kind="pairs", rows=960),
    "two labels": Recipe(labels=2),
    "first layer frozen on purpose": Recipe(
        before=_frozen_on_purpose, meant=("embeddings", "layer 1", "layer 2", "head")
    ),
    "label smoothing": Recipe(loss=_smoothed),
    "cross-entropy spelled out": Recipe(loss=_spelled_out),
    "weighted labels": Recipe(loss=_weighted),
    "noisy loss curve (batches of 4)": Recipe(batch=4, learning_rate=2e-3),
    "no error left, labels without noise": Recipe(noise=0.0, epochs=8),
    "one row in seven mislabelled": Recipe(noise=0.15),
}
"""Dropout is on in all of them, so validation is often better than training."""


def trainings(seeds: int, first_seed: int) -> Iterator[tuple[str, Callable[[], Trial]]]:
    """Name and maker of each."""
    for seed in range(first_seed, first_seed + seeds):
        for name in RECIPES:
            yield f"training: {name} {seed}", partial(_training, name, seed)


def _training(name: str, seed: int) -> Trial:
    recipe = RECIPES[name]
    outcome = run(seed, script_of(seed), recipe)
    noise = recipe.noise * (1 - 1 / recipe.labels)  # a label drawn at random may be the right one
    of_training = {fault.id for fault in all_faults() if fault.stage == "train"} - NOT_OF_TRAINING
    good = outcome.fresh >= GOOD * (1 - noise)
    return Trial(
        f"{name}, {outcome.fresh:.3f} right on fresh rows",
        outcome.evidence,
        absent=frozenset(of_training) if good else frozenset(),
    )
