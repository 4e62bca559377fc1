"""What happens to the weights: which tensors change, by how much, and whether gradients arrive."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch

from luthier.evidence.parameter_groups import groups_of, names_meant
from luthier.kit.digest import digest_of_tensors
from luthier.records import FloatArray, GroupFacts

SAMPLE = 1024
"""Numbers looked at per tensor for its mean change; whether it changed at all is seen on all."""


class WeightWatch:
    """Watches the weights of one model from the moment it is made.

    Args:
        model: before its first step.
        meant: groups that were to be trained (`names_meant`); None where nobody said.
    """

    def __init__(self, model: torch.nn.Module, meant: Sequence[str] | None) -> None:
        self.groups = groups_of(model)
        self._meant = None if meant is None else names_meant(self.groups, meant)
        self._names = [name for group in self.groups for name in group.tensors]
        self._all = [p for group in self.groups for p in group.tensors.values()]
        self._sizes = np.array([p.numel() for p in self._all], dtype=np.float64)
        self._digests = [_digest(p) for p in self._all]
        self._first = self._sample()
        self._before = self._first
        self._with_gradient: set[int] = set()
        self._updates: dict[int, tuple[FloatArray, FloatArray]] = {}
        self._gradients: list[FloatArray] = []

    # one watched step ---------------------------------------------------------------------------

    def before_step(self) -> float | None:
        """Look at gradients and weights before an update; the global L2 norm, None without any."""
        self._before = self._sample()
        at = [i for i, p in enumerate(self._all) if p.grad is not None]
        if not at:
            return None
        found = [_dense(self._all[i].grad) for i in at]
        sums = torch.stack([g.abs().sum(dtype=torch.float32).cpu() for g in found]).numpy()
        norms = torch.stack([torch.linalg.vector_norm(g.float()).cpu() for g in found]).numpy()
        means = np.full(len(self._all), np.nan)
        means[at] = sums / self._sizes[at]
        self._gradients.append(means)
        self._with_gradient |= {i for i, total in zip(at, sums, strict=True) if total != 0}
        return float(math.sqrt(float((norms.astype(np.float64) ** 2).sum())))

    def after_step(self, step: int) -> float | None:
        """Look at the weights after the update.

        Returns:
            log10 of mean |change| / mean |weight| of all but embeddings; None where none changed.
        """
        now = self._sample()
        moves, sizes = self._means(np.abs(now - self._before)), self._means(np.abs(self._before))
        self._updates[step] = moves, sizes
        roles = [group.role for group in self.groups for _ in group.tensors]
        return self._ratio(
            moves, sizes, [i for i, role in enumerate(roles) if role != "embeddings"]
        )

    # the end ------------------------------------------------------------------------------------

    def first_without(self, check: Callable[[torch.Tensor], bool], *, gradients: bool) -> str:
        """Name of the first tensor (or gradient) that fails a check; empty when none does."""
        for name, p in zip(self._names, self._all, strict=True):
            tensor = p.grad if gradients else p.detach()
            if tensor is not None and not check(_dense(tensor)):
                return name
        return ""

    def facts(self, rates: dict[int, float], in_optimizer: set[int]) -> tuple[GroupFacts, ...]:
        """Facts of every group.

        Args:
            rates: watched step -> highest learning rate.
            in_optimizer: ids of the parameters that an optimizer holds at a rate above 0.
        """
        highest = max(rates.values(), default=0.0)
        fast = [step for step in self._updates if rates.get(step, 0.0) >= 0.5 * highest > 0]
        moved = self._means(np.abs(self._sample() - self._first)), self._means(np.abs(self._first))
        changed = [_digest(p) != before for p, before in zip(self._all, self._digests, strict=True)]
        found, start = [], 0
        third = max(1, len(self._gradients) // 3)
        for group in self.groups:
            at = range(start, start + len(group.tensors))
            start += len(group.tensors)
            held = {i for i in at if id(self._all[i]) in in_optimizer}
            asking = {i for i in at if self._all[i].requires_grad}
            meant = {i for i in at if self._meant is not None and self._names[i] in self._meant}
            still = [i for i in at if not changed[i]]
            updates = [self._ratio(*self._updates[step], at) for step in fast]
            found.append(
                GroupFacts(
                    name=group.name,
                    role=group.role,
                    tensors=len(at),
                    parameters=int(self._sizes[list(at)].sum()),
                    meant=None if self._meant is None else len(meant),
                    requires_grad=len(asking),
                    in_optimizer=len(held),
                    with_gradient=len(self._with_gradient & set(at)),
                    changed=len(at) - len(still),
                    lost=len(held & self._with_gradient & set(still)),
                    update=_median(ratio for ratio in updates if ratio is not None),
                    moved=self._ratio(*moved, at),
                    early_gradient=self._gradient(at, self._gradients[:third]),
                    late_gradient=self._gradient(at, self._gradients[-third:]),
                    dtype=" and ".join(sorted({_dtype(self._all[i]) for i in at})),
                    strays=tuple(self._names[i] for i in still if i in meant | asking)[:5],
                )
            )
        return tuple(found)

    def _gradient(self, at: Iterable[int], steps: list[FloatArray]) -> float | None:
        """Mean |gradient| over the numbers of these tensors, median over some steps."""
        here = list(at)
        seen = [means[here] for means in steps]
        return _median(float(np.nanmean(m)) for m in seen if np.isfinite(m).any())

    def _sample(self) -> FloatArray:
        parts = [_strided(p.detach()) for p in self._all]
        if not parts:
            return np.zeros(0)
        joined = torch.cat([part.to(torch.float32) for part in parts])
        return joined.cpu().numpy().astype(np.float64)

    def _means(self, values: FloatArray) -> FloatArray:
        """Mean of each tensor's sample, float64 [tensors]."""
        counts = np.array([_strided(p).numel() for p in self._all])
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
        return np.add.reduceat(values, starts) / counts if len(counts) else np.zeros(0)

    def _ratio(self, moves: FloatArray, sizes: FloatArray, at: Iterable[int]) -> float | None:
        here = list(at)
        weight = self._sizes[here]
        move, size = float((moves[here] * weight).sum()), float((sizes[here] * weight).sum())
        good = move > 0 and size > 0 and math.isfinite(move) and math.isfinite(size)
        return math.log10(move / size) if good else None


def _dense(tensor: torch.Tensor | None) -> torch.Tensor:
    assert tensor is not None  # noqa: S101 - the callers have looked
    return tensor.coalesce().values() if tensor.is_sparse else tensor


def _strided(tensor: torch.Tensor) -> torch.Tensor:
    flat = tensor.reshape(-1)
    return flat[:: max(1, flat.numel() // SAMPLE)]


def _dtype(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _digest(tensor: torch.Tensor) -> str:
    return digest_of_tensors({"": tensor})


def _median(values: Iterable[float]) -> float | None:
    found = list(values)
    return statistics.median(found) if found else None
