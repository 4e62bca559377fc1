"""What the optimizer does: its steps, its learning rates, and whether gradients are fresh."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import torch

from luthier.records import StepFacts

ZEROS_LOOKED_FOR = 20
"""Steps in which gradients are compared with zero; later ones only with None: comparing waits."""


class StepWatch:
    """Counts steps, rates, and backward passes between two steps.

    Args:
        optimizer: whose steps are counted.
        probes: a few parameters, nearest to the loss first, whose gradients tell of each backward.
        first_step: number of the first step that will be seen.
    """

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        probes: Iterable[torch.nn.Parameter],
        first_step: int,
    ) -> None:
        self._optimizer = optimizer
        self._first = first_step
        self.step = first_step
        self.rates: dict[int, float] = {}
        self._live: set[int] = set()
        self._probes = [_Probe(parameter) for parameter in probes]
        self._backwards: Counter[int] = Counter()
        self._stale = self._without_backward = self._checked = self._without_rate = 0
        self._cleared = 0

    def before_step(self, *, with_closure: bool) -> None:
        """An update is about to be made."""
        groups = self._optimizer.param_groups
        rates = [float(group["lr"]) for group in groups]
        self._live |= {i for i, rate in enumerate(rates) if rate > 0}
        self.rates[self.step] = max(rates, default=0.0)
        self._without_rate += self.rates[self.step] == 0
        if with_closure or not self._probes:  # the closure makes its gradients after this
            return
        self._checked += 1
        counts = [probe.backwards for probe in self._probes]
        self._backwards[max(counts)] += 1
        self._without_backward += not any(counts)
        self._stale += any(probe.stale for probe in self._probes)
        asked = [probe for probe in self._probes if probe.backwards]
        look = self._checked <= ZEROS_LOOKED_FOR
        self._cleared += bool(asked) and all(probe.is_cleared(look) for probe in asked)
        for probe in self._probes:
            probe.stepped()

    def after_step(self) -> None:
        """An update was made."""
        self.step += 1

    def in_optimizer(self) -> set[int]:
        """Ids of the parameters that were held at a rate above 0 in some step."""
        groups = [g for i, g in enumerate(self._optimizer.param_groups) if i in self._live]
        return {id(parameter) for group in groups for parameter in group["params"]}

    def facts(
        self, expected: int | None, planned_rate: float | None, *, may_end_early: bool
    ) -> StepFacts:
        """What was counted, beside what was planned."""
        done = self.step - self._first
        last = self.step - 1
        return StepFacts(
            done=done,
            expected=expected,
            ended_early=may_end_early and expected is not None and last < expected,
            highest_rate=max(self.rates.values(), default=0.0),
            planned_rate=planned_rate,
            without_rate=self._without_rate,
            stale=self._stale,
            without_backward=self._without_backward,
            checked=self._checked,
            backwards=self._backwards.most_common(1)[0][0] if self._backwards else None,
            cleared=self._cleared,
        )

    def close(self) -> None:
        """Take the hooks off."""
        for probe in self._probes:
            probe.handle.remove()


class _Probe:
    """Sees each gradient of one parameter before it is added to what is there."""

    def __init__(self, parameter: torch.nn.Parameter) -> None:
        self._parameter = parameter
        self._was_stepped = False
        self.backwards = 0
        self.stale = False
        self._given: torch.Tensor | None = None
        self.handle: Any = parameter.register_hook(self._on_gradient)

    def _on_gradient(self, gradient: torch.Tensor) -> None:
        old = self._parameter.grad
        if self._was_stepped and old is not None and bool(old.any()):
            self.stale = True
        self._was_stepped = False
        self.backwards += 1
        self._given = gradient.detach()

    def is_cleared(self, look: bool) -> bool:
        """Whether the gradient that backward gave is gone; zeros are looked for where asked to."""
        now = self._parameter.grad
        if now is None or not look or self._given is None:
            return now is None
        return bool(self._given.any()) and not bool(now.any())

    def stepped(self) -> None:
        """A step was made with what is there."""
        self.backwards = 0
        self.stale = False
        self._given = None
        self._was_stepped = True
