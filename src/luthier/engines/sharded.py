"""Processes that train one model together, each of which holds a share of it.

With shares a pass through the model is an exchange: a layer is put together from all processes, and
its gradient is taken apart to all. So all do the same number of passes in a step, and one that has
no rows left does passes that teach nothing. And before each exchange all ask each other whether
anyone ran out of memory in between: then all leave the step there, and begin it again together.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule
from torch.distributed.tensor import DTensor
from transformers import PreTrainedModel

from luthier.engines.group import PATIENCE, Group
from luthier.engines.held import Held
from luthier.engines.sharded_model import ShardedModel
from luthier.errors import Problem, SettingsError


class AnotherRanOutError(RuntimeError):
    """Another process ran out of memory in this step."""


class Sharded(Group):
    """One of several processes that share a model out.

    Args:
        rank: from 0, which leads.
        size: how many there are.
        device: of this one.

    Raises:
        SettingsError: when this torch cannot begin a step again.
    """

    watchable = False

    def __init__(self, rank: int, size: int, device: torch.device) -> None:
        if not hasattr(FSDPModule, "reset_iter_state"):
            raise SettingsError(
                Problem(f"needs PyTorch 2.13, and this is {torch.__version__}", where="train.fsdp"),
                next_step="pip install -U torch, or --train.fsdp false",
            )
        super().__init__(rank, size, device)
        if device.type == "cuda":
            torch.cuda.set_device(device)  # fully_shard takes the current one
        self._mesh = init_device_mesh(device.type, (size,))
        # on the CPU: to ask must not wait for a GPU, and a broken connection ends it at once
        self._talk = dist.new_group(backend="gloo", timeout=PATIENCE)
        self._model: Any = None
        self._can_begin_again = False

    def hold(self, model: PreTrainedModel) -> Held:
        """This process's share; all hold the same model.

        Raises:
            SettingsError: when torch cannot share it out.
        """
        held = ShardedModel(model, self._mesh, self.hear, leads=self.leads)
        self._model = held.model
        for unit in held.model.modules():
            if isinstance(unit, FSDPModule):  # torch has no public name for what these are
                unit.set_custom_all_gather(_Gather(self._ask))  # type: ignore[arg-type]
                unit.set_custom_reduce_scatter(_Scatter(self._ask))  # type: ignore[arg-type]
        return held

    def passes(self, own: int) -> int:
        """The most that any process has, and at least one."""
        self._can_begin_again = True
        self._ask()
        most = torch.tensor(max(1, own))
        dist.all_reduce(most, dist.ReduceOp.MAX, group=self._talk)
        return int(most)

    def add_up_and_clip(
        self, parameters: Sequence[torch.nn.Parameter], totals: torch.Tensor, most: float
    ) -> torch.Tensor:
        """Gradients are added up already, each share where it is held; the norm is that of all."""
        each = [_share(p.grad) for p in parameters if p.grad is not None]
        own = torch.nn.utils.get_total_norm(each).to(totals.device, torch.float64)
        sums = torch.cat([totals, own.square().reshape(1)])
        self._ask()
        self._can_begin_again = False  # nobody asks again before the next step
        dist.all_reduce(sums)
        totals.copy_(sums[:-1])
        norm = sums[-1].sqrt().to(totals.dtype)
        factor = (most / (norm + 1e-6)).clamp(max=1.0)
        for gradient in each:
            gradient.mul_(factor.to(gradient.dtype))
        return norm

    def again(self, error: RuntimeError, *, smaller: bool) -> bool:
        """Whether all begin the step again; one that ran out of memory tells the others so."""
        told = isinstance(error, AnotherRanOutError)
        if not (self._can_begin_again and (told or smaller)):
            return False
        if not told:
            with contextlib.suppress(AnotherRanOutError):
                self._ask(ran_out=True)
        self._model.zero_grad(set_to_none=True)  # of layers that are whole at this moment
        self._model.reset_iter_state()
        return True

    def _ask(self, *, ran_out: bool = False) -> None:
        """Wait for all others, who ask at the same place of the same step.

        Raises:
            AnotherRanOutError: when any of them, or this one, ran out of memory.
        """
        word = torch.tensor(int(ran_out))
        dist.all_reduce(word, group=self._talk)
        if word:
            raise AnotherRanOutError


class _Asking:
    """What torch calls to put a layer together or take a gradient apart; all are asked first."""

    def __init__(self, ask: Callable[[], None]) -> None:
        self._ask = ask

    def allocate(
        self, size: Sequence[int], *, dtype: torch.dtype, device: torch.device
    ) -> torch.Tensor:
        """Room for what is sent and received, of this shape."""
        return torch.empty(*size, dtype=dtype, device=device)


class _Gather(_Asking):
    def __call__(
        self,
        output_tensor: torch.Tensor,
        input_tensor: torch.Tensor,
        group: Any,
        async_op: bool = False,
    ) -> Any:
        self._ask()
        return dist.all_gather_single(output_tensor, input_tensor, group, async_op)


class _Scatter(_Asking):
    def __call__(
        self,
        output_tensor: torch.Tensor,
        input_tensor: torch.Tensor,
        group: Any,
        op: Any,
        async_op: bool = False,
    ) -> Any:
        self._ask()
        return dist.reduce_scatter_single(output_tensor, input_tensor, op, group, async_op)


def _share(gradient: torch.Tensor) -> torch.Tensor:
    return gradient.to_local() if isinstance(gradient, DTensor) else gradient
