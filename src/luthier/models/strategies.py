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
        check_trainable_layers(settings, top)
        lowest = top + 1 - settings.trainable_layers
    for name, parameter in model.named_parameters():
        parameter.requires_grad = depths[name] >= lowest
    if settings.strategy == "lora":
        add_adapters(model, settings, {name for name, depth in depths.items() if depth <= top})


def check_trainable_layers(settings: ModelSettings, layers: int) -> None:
    """A partial strategy cannot train more layers than there are.

    Raises:
        SettingsError: when it would.
    """
    if settings.strategy == "partial" and settings.trainable_layers > layers:
        raise SettingsError(
            Problem(
                f"is {settings.trainable_layers}, but this model holds {layers} "
                f"layer{plural(layers)}",
                where="model.trainable_layers",
            ),
            next_step=f"--model.trainable_layers {max(1, layers - 1)}, or --model.strategy full",
        )
