"""How a process holds the model that it trains: whole, as one process alone does."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from transformers import PreTrainedModel

from luthier.engines.optimizer import make_optimizer, restore_state, state_tensors
from luthier.settings import TrainSettings


class Held:
    """A model of which this process has every weight: it is stepped, measured and saved as it is.

    Args:
        model: on its device.
    """

    notes: tuple[str, ...] = ()
    """What a person should know of it."""

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model

    def optimizer(self, settings: TrainSettings) -> torch.optim.Optimizer:
        """Of the trained parameters of `model`.

        Raises:
            SettingsError: when it cannot be made.
        """
        return make_optimizer(self.model, settings)

    def restore(
        self, optimizer: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor]
    ) -> None:
        """Put the tensors of `state_of` back into the optimizer of `model`."""
        restore_state(self.model, optimizer, tensors)

    def whole(self) -> PreTrainedModel:
        """The model with all its weights, to measure and to save; asked by the first process."""
        return self.model

    def state_of(self, optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
        """The optimizer's state, whole, as `state_tensors` has it; asked by the first process."""
        return state_tensors(self.model, optimizer)

    def forget(self) -> None:
        """Let go of what `whole` put together: a step is about to change the weights."""

    def answer(self, said: int, optimizer: torch.optim.Optimizer) -> None:
        """Do what the first process asks of the others, by a number below that of any step."""
