"""The optimizer of a training: what it takes at which rate, and its state as tensors."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from transformers import PreTrainedModel

from luthier.errors import Problem, SettingsError, did_you_mean
from luthier.models.layers import depth_of_parameters
from luthier.settings import TrainSettings

NOT_FOR_US = {
    "LBFGS": "it needs the loss several times a step",
    "SparseAdam": "it takes sparse gradients only",
    "Muon": "it takes matrices only, not biases",
}
"""Optimizers of torch that cannot train a transformer here, and why."""

_HUGGING_FACE_NAMES = {"adamw_torch": "AdamW", "adamw_torch_fused": "AdamW", "adamw_hf": "AdamW"}


def make_optimizer(
    model: PreTrainedModel, settings: TrainSettings, *, fused: bool = True
) -> torch.optim.Optimizer:
    """The optimizer over the trainable parameters; no weight decay on biases and norms.

    Each group holds `scale`, the factor between its learning rate and `learning_rate`: the head's
    rate of its own, and `layerwise_lr_decay` once for each layer between a layer and the top one
    (Sun et al. 2019, section 5.3.4; embeddings count as the layer below the first).

    Args:
        model: on its device.
        settings: which optimizer, and its rates.
        fused: whether torch's fused form is taken where there is one.

    Raises:
        SettingsError: when torch has no such optimizer, or it does not take these arguments.
    """
    kind: Any = optimizer_class(settings.optim)
    groups = list(_groups(model, settings))
    arguments: dict[str, Any] = dict(optimizer_arguments(settings))
    devices = {p.device.type for p in model.parameters() if p.requires_grad}
    if fused and "fused" in inspect.signature(kind).parameters and devices <= {"cpu", "cuda"}:
        arguments.setdefault("fused", True)
    try:
        made: torch.optim.Optimizer = kind(groups, lr=settings.learning_rate, **arguments)
    except (TypeError, ValueError) as error:
        raise SettingsError(
            Problem(f"{kind.__name__} does not take it: {error}", where="train.optim_args"),
            next_step=f"python -c 'import torch; help(torch.optim.{kind.__name__})'",
        ) from error
    return made


def optimizer_class(name: str) -> type[torch.optim.Optimizer]:
    """The class of `torch.optim` of this name, capitals aside.

    Raises:
        SettingsError: when there is none, or it cannot work here.
    """
    known = {
        kind.__name__: kind
        for kind in vars(torch.optim).values()
        if inspect.isclass(kind)
        and issubclass(kind, torch.optim.Optimizer)
        and kind is not torch.optim.Optimizer
    }
    wanted = _HUGGING_FACE_NAMES.get(name.lower(), name).lower()
    found = next((n for n in known if n.lower() == wanted), None)
    if found is None or found in NOT_FOR_US:
        usable = sorted(n.lower() for n in known if n not in NOT_FOR_US)
        why = f"torch.optim has no {name!r}" if found is None else f"{found}: {NOT_FOR_US[found]}"
        raise SettingsError(
            Problem(why, where="train.optim", hint=did_you_mean(name.lower(), usable)),
            next_step=f"one of: {', '.join(usable)}",
        )
    return known[found]


def optimizer_arguments(settings: TrainSettings) -> dict[str, float | bool]:
    """`momentum=0.9,nesterov=True` as a mapping.

    Raises:
        SettingsError: when a part is not `name=number` or `name=True`.
    """
    arguments: dict[str, float | bool] = {}
    for part in filter(None, (part.strip() for part in settings.optim_args.split(","))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        words = {"true": True, "false": False}
        try:
            arguments[name] = words[value.lower()] if value.lower() in words else float(value)
        except ValueError:
            equals = ""
        if not equals or not name.isidentifier():
            raise SettingsError(
                Problem(f"{part!r} is not name=number", where="train.optim_args"),
                next_step="--train.optim_args momentum=0.9,nesterov=True",
            )
    return arguments


def _groups(model: PreTrainedModel, settings: TrainSettings) -> Iterator[dict[str, Any]]:
    """Parameter groups of one rate and one decay each, the highest rate first."""
    depths, top = depth_of_parameters(model)
    head = (settings.head_learning_rate or settings.learning_rate) / settings.learning_rate
    members: dict[tuple[float, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        depth = depths[name]
        scale = head if depth > top else settings.layerwise_lr_decay ** (top - depth)
        members.setdefault((scale, parameter.ndim > 1), []).append(parameter)
    for scale, decays in sorted(members, reverse=True):
        yield {
            "params": members[scale, decays],
            "weight_decay": settings.weight_decay if decays else 0.0,
            "scale": scale,
        }


def state_tensors(
    model: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> dict[str, torch.Tensor]:
    """The optimizer's state as `parameter name/part` -> tensor; empty before the first step."""
    return {
        f"{name}/{part}": value
        for name, parameter in model.named_parameters()
        if parameter in optimizer.state
        for part, value in optimizer.state[parameter].items()
        if isinstance(value, torch.Tensor)
    }


def _beside(parameter: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    # A fused optimizer keeps its step counter on the parameter's device.
    return value.clone().to(parameter.device)


def restore_state(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    tensors: Mapping[str, torch.Tensor],
    placed: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] = _beside,
) -> None:
    """Put the tensors of `state_tensors` back into the optimizer.

    Args:
        model: whose parameters it steps.
        optimizer: gets the state.
        tensors: `parameter name/part` -> tensor.
        placed: gives of a parameter and a tensor of its state what the optimizer holds.
    """
    parts: dict[str, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        name, _, part = key.rpartition("/")
        parts.setdefault(name, {})[part] = value
    for name, parameter in model.named_parameters():
        if name in parts:
            optimizer.state[parameter] = {
                part: placed(parameter, value) for part, value in parts[name].items()
            }
