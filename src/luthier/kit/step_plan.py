"""How many optimizer steps a training has."""

from __future__ import annotations

from dataclasses import dataclass

from luthier.kit.batching import steps_per_epoch
from luthier.settings import Settings


@dataclass(frozen=True, slots=True)
class StepPlan:
    """The steps of a training.

    Args:
        batch_size: rows of a step, on average.
        per_epoch: steps in which every row is learned from once.
        total: of all epochs, or as many as `train.max_steps` allows.
        frozen: the first of them, in which the lower half of the layers stays as it is; at least
            one step is left for all layers.
    """

    batch_size: int
    per_epoch: int
    total: int
    frozen: int

    @classmethod
    def of(cls, settings: Settings, rows: int) -> StepPlan:
        """The steps that these settings mean for so many training rows."""
        train = settings.train
        batch_size = train.per_device_train_batch_size * train.gradient_accumulation_steps
        per_epoch = steps_per_epoch(rows, batch_size)
        total = per_epoch * train.num_train_epochs
        if train.max_steps:
            total = min(total, train.max_steps)
        epochs = train.freeze_epochs if settings.model.strategy == "full" else 0
        return cls(batch_size, per_epoch, total, max(0, min(epochs * per_epoch, total - 1)))
