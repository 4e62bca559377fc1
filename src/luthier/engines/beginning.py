"""What is found out once about a model and its rows before the first step is done."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from transformers import PreTrainedModel

from luthier.engines.checkpoint import TrainingState
from luthier.engines.forward import inputs_to_try
from luthier.models.first_token import last_layer, proven_first_token
from luthier.records import Encoded


@dataclass(frozen=True, slots=True)
class Beginning:
    """How a run goes about its steps.

    Args:
        halvings: how often its parts were halved for lack of memory.
        last_layer: the layer that is computed for the first token alone; None computes it whole.
        held_still: parameters that learn from the step after the frozen ones on.
    """

    halvings: int
    last_layer: nn.Module | None
    held_still: tuple[nn.Parameter, ...] = ()


def beginning(
    model: PreTrainedModel, rows: Encoded, device: torch.device, state: TrainingState | None
) -> Beginning:
    """What a run that goes on found before; in a new run the short way is proven first.

    Args:
        model: whole, on `device`.
        rows: that it is trained with.
        device: where the model lies.
        state: of the run that goes on.
    """
    known = state.first_token if state else None
    if known is None:
        layer = proven_first_token(model, inputs_to_try(model, rows, device))
    else:
        layer = last_layer(model) if known else None
    return Beginning(state.halvings if state else 0, layer)
