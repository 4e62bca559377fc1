"""The lower half of a model, kept still for a while and then let go."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn
from transformers import PreTrainedModel

from luthier.models.layers import depth_of_parameters


def hold_lower_half(model: PreTrainedModel) -> tuple[nn.Parameter, ...]:
    """Take the embeddings and the lower half of the layers out of training.

    Of an odd number of layers the middle one counts as lower; of one layer all of it.

    Returns:
        The parameters that were trained before and are not now, for `let_go`.
    """
    depths, top = depth_of_parameters(model)
    lower = [
        parameter
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and depths[name] <= top - top // 2
    ]
    for parameter in lower:
        parameter.requires_grad = False
    return tuple(lower)


def let_go(held: Iterable[nn.Parameter]) -> None:
    """Let them be trained again."""
    for parameter in held:
        parameter.requires_grad = True
