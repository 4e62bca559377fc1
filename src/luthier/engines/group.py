"""Processes that train one model together: each computes the gradient of its share of the rows.

Gradients are added up over the processes before every step (data-parallel training: Li et al. 2020,
PyTorch Distributed), so all hold the same weights. The first one leads: it measures, saves, decides
when to stop, and tells the others which step is next.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import torch
import torch.distributed as dist
from transformers import PreTrainedModel

from luthier.engines.held import Held
from luthier.records import IntArray

PATIENCE = timedelta(days=7)
"""Of processes that wait for the first one; if that dies, their connection breaks at once."""


class Alone:
    """One process: all rows are its own."""

    leads = True
    """Whether it is the first."""
    place: tuple[int, ...] = ()
    """Tells its dropout from that of the others; empty for the first."""
    watchable = True
    """Whether it sees each weight and each gradient whole."""

    def share(self, rows: IntArray) -> IntArray:
        """The rows of a step that this process reads."""
        return rows

    def hold(self, model: PreTrainedModel) -> Held:
        """The model as this process keeps it."""
        return Held(model)

    def passes(self, own: int) -> int:
        """How many passes through the model a step has here, of which `own` have rows."""
        return own

    def add_up_and_clip(
        self,
        parameters: Sequence[torch.nn.Parameter],
        totals: torch.Tensor,  # noqa: ARG002
        most: float,
    ) -> torch.Tensor:
        """Add gradients and `totals`, float [t], over the processes, in place; then clip.

        Returns:
            The norm of the gradient before it was clipped to `most`, float [].
        """
        return torch.nn.utils.clip_grad_norm_(parameters, most)

    def again(self, error: RuntimeError, *, smaller: bool) -> bool:  # noqa: ARG002
        """Whether a step that this error ended is begun again.

        Args:
            error: what ended it.
            smaller: whether this process ran out of memory and can do with less.
        """
        return smaller

    def hear(self, number: int) -> int:
        """The number that the first process says; the others wait for it."""
        return number


ALONE = Alone()


class Group(Alone):
    """One of several processes; torch's process group is there.

    Args:
        rank: from 0, which leads.
        size: how many there are.
        device: of this one.
    """

    def __init__(self, rank: int, size: int, device: torch.device) -> None:
        self.leads, self.place = rank == 0, (rank,) if rank else ()
        self._rank, self._size, self._device = rank, size, device

    def share(self, rows: IntArray) -> IntArray:
        """Every n-th row: rows of like length stand together."""
        return rows[self._rank :: self._size]

    def add_up_and_clip(
        self, parameters: Sequence[torch.nn.Parameter], totals: torch.Tensor, most: float
    ) -> torch.Tensor:
        """In one message; a parameter that this process has no gradient for counts 0."""
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        each = [*(p.grad for p in parameters if p.grad is not None), totals]
        flat = torch.cat([values.reshape(-1) for values in each])
        dist.all_reduce(flat)
        for values, summed in zip(each, flat.split([v.numel() for v in each]), strict=True):
            values.copy_(summed.view_as(values))
        return super().add_up_and_clip(parameters, totals, most)

    def hear(self, number: int) -> int:
        """Sent by the first process to all others."""
        said = torch.tensor([number], device=self._device)
        dist.broadcast(said, src=0)
        return int(said)
