"""A model of which each process holds its share, and the first one gathers it where it must.

Torch's `fully_shard` puts the weights of one layer together when it is computed and takes them
apart behind it (FSDP: Zhao et al. 2023). Measuring, checkpoints and shipping know nothing of it:
they get a plain copy of the model, which holds weights only from the gathering to the next step.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from transformers import PreTrainedModel

from luthier.engines.held import Held
from luthier.engines.optimizer import (
    make_optimizer,
    optimizer_class,
    restore_state,
    state_tensors,
)
from luthier.errors import Problem, SettingsError, TrainingError
from luthier.models.layers import layer_list
from luthier.models.used_rows import UsedRows
from luthier.settings import TrainSettings

GATHER_WEIGHTS, GATHER_OPTIMIZER = -1, -2
"""Said in place of the number of a step: the first process needs all of them."""

FUSED = frozenset({"Adam", "AdamW"})
"""Optimizers whose fused form takes shares."""
NOT_SHARED = frozenset({"Adafactor", "Rprop"})
"""Optimizers that take no shares at all, in torch 2.13."""


class ShardedModel(Held):
    """The share of this process.

    Args:
        model: whole, the same in every process; shared out in place.
        mesh: the processes, in one row.
        hear: sends a number of the first process to all others.
        leads: whether this is the first process.

    Raises:
        SettingsError: when torch cannot share this model out.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        mesh: DeviceMesh,
        hear: Callable[[int], int],
        *,
        leads: bool,
    ) -> None:
        self._hear = hear
        self._plain = _without_weights(model) if leads else None
        self._gathered = False
        for module in model.modules():
            if isinstance(module, UsedRows):
                module.forget_table()  # only the state needs it, which the plain copy gives
        _share_out(model, mesh)
        super().__init__(model)
        self.notes = (
            f"weights, gradients and optimizer state are shared out between {mesh.size()} "
            "processes; nothing is watched while they are trained (no training.json)",
        )

    def optimizer(self, settings: TrainSettings) -> torch.optim.Optimizer:
        """Its state is shared out as the weights are.

        Raises:
            SettingsError: when it cannot be made, or torch cannot share its state out.
        """
        name = optimizer_class(settings.optim).__name__
        if name in NOT_SHARED:
            raise SettingsError(
                Problem(f"torch cannot share out the state of {name}", where="train.optim"),
                next_step="--train.optim adamw, or --train.fsdp false",
            )
        return make_optimizer(self.model, settings, fused=name in FUSED)

    def restore(
        self, optimizer: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor]
    ) -> None:
        """Each process takes its share of the tensors of `state_of`."""
        restore_state(self.model, optimizer, tensors, _like)

    def whole(self) -> PreTrainedModel:
        """The plain copy with all weights; the other processes give their shares.

        Raises:
            TrainingError: when the memory does not hold it.
        """
        assert self._plain is not None  # noqa: S101 - only the first process asks
        if not self._gathered:
            self._hear(GATHER_WEIGHTS)
            try:
                self._gather_weights()
            except torch.OutOfMemoryError as error:
                raise TrainingError(
                    Problem(
                        "the memory of the first process does not hold all weights, which are put "
                        "together there to measure and to save the model",
                        where="train.fsdp",
                    ),
                    next_step="a smaller train.max_tokens_per_batch, a smaller model, or larger "
                    "GPUs",
                ) from error
            self._gathered = True
        return self._plain

    def state_of(self, optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
        """Whole tensors, on the CPU; the other processes give their shares."""
        self._hear(GATHER_OPTIMIZER)
        shares = state_tensors(self.model, optimizer)
        return {name: _whole(share).cpu() for name, share in shares.items()}

    def forget(self) -> None:
        """The plain copy holds no weights after this."""
        if self._plain is not None and self._gathered:
            for parameter in self._plain.parameters():
                parameter.data = parameter.data.new_empty(0)
        self._gathered = False

    def answer(self, said: int, optimizer: torch.optim.Optimizer) -> None:
        """Give this process's shares of what the first one gathers."""
        if said == GATHER_WEIGHTS:
            self._gather_weights()
        elif said == GATHER_OPTIMIZER:
            for share in state_tensors(self.model, optimizer).values():
                _whole(share)

    def _gather_weights(self) -> None:
        """One parameter after the other, so that nobody but the first ever holds more than one."""
        places = dict(self._plain.named_parameters()) if self._plain is not None else {}
        for name, share in self.model.named_parameters():
            weights = _whole(share)
            if name in places:
                places[name].data = weights


def _without_weights(model: PreTrainedModel) -> PreTrainedModel:
    """A copy whose parameters are empty; its buffers are those of the model itself."""
    stand_for: dict[int, Any] = {id(buffer): buffer for buffer in model.buffers()}
    for parameter in model.parameters():
        empty = parameter.detach().new_empty(0)
        stand_for[id(parameter)] = nn.Parameter(empty, requires_grad=parameter.requires_grad)
    return copy.deepcopy(model, stand_for)


def _share_out(model: PreTrainedModel, mesh: DeviceMesh) -> None:
    try:
        for unit in (*_layers_of_their_own(model), model):
            fully_shard(unit, mesh=mesh)
    except (RuntimeError, ValueError, AssertionError, NotImplementedError) as error:
        raise SettingsError(
            Problem(f"this model cannot be shared out: {error}", where="train.fsdp"),
            next_step="--train.fsdp false",
        ) from error
    for unit in model.modules():
        if isinstance(unit, FSDPModule):
            # gradients are added up, as they are where every process holds the whole model
            unit.set_gradient_divide_factor(1.0)
            unit.set_force_sum_reduction_for_comms(True)


def _layers_of_their_own(model: PreTrainedModel) -> list[nn.Module]:
    """The layers of the model, but those that use weights of something else too."""
    name, count = layer_list(model)
    uses = Counter(id(p) for _, p in model.named_parameters(remove_duplicate=False))
    layers = []
    for place in range(count):
        layer = model.get_submodule(f"{name}{place}")
        own = Counter(id(p) for _, p in layer.named_parameters(remove_duplicate=False))
        if own and all(uses[parameter] == times for parameter, times in own.items()):
            layers.append(layer)
    return layers


def _whole(share: torch.Tensor) -> torch.Tensor:
    """All of a tensor of which each process may hold a share; every process must ask."""
    share = share.detach()
    # a copy: what was gathered may be cut out of a larger tensor, which is not to be saved
    return share.full_tensor().clone() if isinstance(share, DTensor) else share


def _like(parameter: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """This process's share of a whole state tensor; what has another shape is kept whole."""
    value = value.clone().to(parameter.device)
    if not isinstance(parameter, DTensor) or value.shape != parameter.shape:
        return value
    mesh, places = parameter.device_mesh, parameter.placements
    return distribute_tensor(value, mesh, places, src_data_rank=None)  # all have the same
