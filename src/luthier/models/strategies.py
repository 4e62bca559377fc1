"""Which weights are trained."""

from __future__ import annotations

from transformers import PreTrainedModel

from luthier.errors import Problem, SettingsError
from luthier.kit.plural import plural
from luthier.models.layers import depth_of_parameters
from luthier.models.lora import add_adapters
from luthier.settings import ModelSettings


def apply_strategy(model: PreTrainedModel, settings: ModelSettings) -> None:
    """Let only those weights be trained that `model.strategy` names.

    full: all. partial: the top `trainable_layers` layers, what follows them in the encoder, and the
    head. frozen: the head. lora: adapters in the linear layers of the encoder, and the head.

    Raises:
        SettingsError: when the model has not so many layers, or no layer of that name.
        MissingExtraError: when adapters are wanted and peft is not installed.
    """
    if settings.strategy == "full":
        return
    depths, top = depth_of_parameters(model)
    lowest = top + 1
    if settings.strategy == "partial":
        if settings.trainable_layers > top:
            raise SettingsError(
                Problem(
                    f"is {settings.trainable_layers}, but this model holds {top} "
                    f"layer{plural(top)}",
                    where="model.trainable_layers",
                ),
                next_step=f"--model.trainable_layers {max(1, top - 1)}, or --model.strategy full",
            )
        lowest = top + 1 - settings.trainable_layers
    for name, parameter in model.named_parameters():
        parameter.requires_grad = depths[name] >= lowest
    if settings.strategy == "lora":
        add_adapters(model, settings, {name for name, depth in depths.items() if depth <= top})
