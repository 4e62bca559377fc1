"""LoRA: low-rank adapters beside frozen linear layers (Hu et al. 2021), by peft.

What ships has no adapters: they are added into the weights they stand beside, so that plain
transformers loads it. The sum is made one rank at a time, element by element: on one machine it
gives the same bits in every process, whatever the number of threads.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from importlib import util

import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from luthier.errors import MissingExtraError, Problem, SettingsError, did_you_mean
from luthier.settings import ModelSettings

ADAPTER = "default"


def add_adapters(model: PreTrainedModel, settings: ModelSettings, encoder: set[str]) -> None:
    """Put adapters into linear layers; only they are made trainable, the rest stays as it is.

    Args:
        model: changed in place.
        settings: rank, scale, dropout and the layers that get adapters.
        encoder: names of the encoder's parameters; only its layers get adapters.

    Raises:
        MissingExtraError: when peft is not installed.
        SettingsError: when no linear layer has such a name.
    """
    if util.find_spec("peft") is None:
        raise MissingExtraError(
            Problem("model.strategy lora needs the package peft", where="peft"),
            next_step="pip install 'luthier[lora]' (or: pip install 'peft>=0.17')",
        )
    from peft import LoraConfig, inject_adapter_in_model

    chosen = _layers(model, settings.lora_target_modules, encoder)
    trained = {name: p.requires_grad for name, p in model.named_parameters()}
    config = LoraConfig(
        r=settings.lora_r,
        lora_alpha=settings.lora_alpha,  # type: ignore[arg-type]
        lora_dropout=settings.lora_dropout,
        target_modules=sorted(chosen),
        fan_in_fan_out=all(isinstance(module, Conv1D) for module in chosen.values()),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        inject_adapter_in_model(config, model, ADAPTER)
    for name, parameter in model.named_parameters():
        plain = name.replace(".base_layer.", ".")
        parameter.requires_grad = trained.get(plain, "lora_" in name)


def has_adapters(model: nn.Module) -> bool:
    """Whether the model holds adapters."""
    return any(hasattr(module, "lora_A") for module in model.modules())


def shipped_weights(model: nn.Module) -> Mapping[str, torch.Tensor]:
    """The weights as they ship, under the names of the plain model, adapters added in.

    Their digest names a checkpoint, so that it is the digest of what ships.
    """
    state: dict[str, torch.Tensor] = model.state_dict()
    sums = dict(_adapted(model))
    if not sums:
        return state
    plain = {}
    for name, value in state.items():
        if ".lora_" in name:
            continue
        owner, base, _ = name.rpartition(".base_layer.weight")
        adapted = base and owner in sums
        plain[name.replace(".base_layer.", ".")] = _with_adapter(sums[owner]) if adapted else value
    return plain


def merge_adapters(model: PreTrainedModel) -> None:
    """Add the adapters into the weights and take them out of the model."""
    for name, module in list(_adapted(model)):
        base = module.base_layer
        assert isinstance(base, nn.Module)  # noqa: S101 - for the type checker
        with torch.no_grad():
            base.weight.copy_(_with_adapter(module))  # type: ignore[operator]
        parent, _, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, base)
    if hasattr(model, "peft_config"):
        del model.peft_config


def _adapted(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    return ((n, m) for n, m in model.named_modules() if hasattr(m, "lora_A"))


def _with_adapter(module: nn.Module) -> torch.Tensor:
    """Weight + scale * B A on the CPU, one rank after the other."""
    down = module.lora_A[ADAPTER].weight.detach().cpu()  # type: ignore[index, union-attr]
    up = module.lora_B[ADAPTER].weight.detach().cpu()  # type: ignore[index, union-attr]
    scale = module.scaling[ADAPTER]  # type: ignore[index]
    base = module.base_layer
    weight = base.weight.detach().cpu().clone()  # type: ignore[operator, union-attr]
    for rank in range(len(down)):
        update = up[:, rank, None] * down[rank] * scale
        weight += update.T if isinstance(base, Conv1D) else update
    return weight


def _layers(
    model: PreTrainedModel, wanted: str, encoder: set[str]
) -> dict[str, nn.Linear | Conv1D]:
    """Linear layers of the encoder by name, those asked for."""
    linear = {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear | Conv1D) and f"{name}.weight" in encoder
    }
    if wanted == "all-linear":
        return linear
    ends = [part.strip() for part in wanted.split(",") if part.strip()]
    known = sorted({name.rpartition(".")[2] for name in linear})
    problems = [
        Problem(
            f"this model has no linear layer whose name ends in {end!r}",
            where="model.lora_target_modules",
            hint=did_you_mean(end, known),
        )
        for end in ends
        if not any(f".{name}".endswith(f".{end}") for name in linear)
    ]
    if problems or not ends:
        raise SettingsError(
            problems or Problem("names no layer", where="model.lora_target_modules"),
            next_step=f"names here: {', '.join(known)}",
        )
    return {
        name: module
        for name, module in linear.items()
        if any(f".{name}".endswith(f".{end}") for end in ends)
    }
