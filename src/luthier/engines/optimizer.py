"""AdamW, its learning rate at every step, and its state as plain tensors."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch

from luthier.settings import TrainSettings

STATE_PARTS = ("exp_avg", "exp_avg_sq", "step")


def adamw(model: torch.nn.Module, settings: TrainSettings) -> torch.optim.AdamW:
    """AdamW over the trainable parameters; no weight decay on biases and norms (one dimension)."""
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    fused = all(p.device.type in {"cpu", "cuda"} for p in trained)
    return torch.optim.AdamW(groups, lr=settings.learning_rate, fused=fused)


def warmup_of(warmup_steps: float, total_steps: int) -> int:
    """Number of warm-up steps: a share of all steps below 1 (rounded up), a number from 1 on."""
    return math.ceil(warmup_steps * total_steps) if warmup_steps < 1 else int(warmup_steps)


def learning_rate_at(step: int, total_steps: int, settings: TrainSettings) -> float:
    """Learning rate of a 1-based step: linear warm-up to the peak, then linearly to 0.

    The peak is reached in the step after the warm-up and 0 after the last step, so every step
    learns. transformers' linear schedule differs in its first step only, which has a rate of 0.
    """
    warmup = warmup_of(settings.warmup_steps, total_steps)
    if step <= warmup:
        return settings.learning_rate * step / (warmup + 1)
    return settings.learning_rate * (total_steps - step + 1) / (total_steps - warmup)


def state_tensors(model: torch.nn.Module, optimizer: torch.optim.AdamW) -> dict[str, torch.Tensor]:
    """The optimizer's state as `parameter name/part` -> tensor; empty before the first step."""
    return {
        f"{name}/{part}": optimizer.state[parameter][part]
        for name, parameter in model.named_parameters()
        if parameter in optimizer.state
        for part in STATE_PARTS
    }


def restore_state(
    model: torch.nn.Module, optimizer: torch.optim.AdamW, tensors: Mapping[str, torch.Tensor]
) -> None:
    """Put the tensors of `state_tensors` back into the optimizer."""
    for name, parameter in model.named_parameters():
        if f"{name}/step" not in tensors:
            continue
        parts = {part: tensors[f"{name}/{part}"].clone() for part in STATE_PARTS}
        # A fused optimizer keeps its step counter on the parameter's device.
        optimizer.state[parameter] = {k: v.to(parameter.device) for k, v in parts.items()}
