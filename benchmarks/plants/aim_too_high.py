"""Aim at more than the labels allow: one in ten is wrong, and the target knows nothing of it."""

from __future__ import annotations

from dataclasses import replace

from luthier.settings import Settings
from plants.flip_labels import plant as flip_labels
from trials import Trial

WRONG = 0.10


def plant(seed: int, *, above: float) -> Trial:
    """The target lies `above` (a share) over what a model that is always right would get."""
    trial = flip_labels(seed, share=WRONG)
    settings = Settings.model_validate({"evaluate": {"target_accuracy": 1 - WRONG + above}})
    return replace(
        trial,
        name=f"{above:.0%} above the ceiling",
        evidence={**trial.evidence, "settings": settings},
        present=trial.present | {"target_above_ceiling"},
    )
