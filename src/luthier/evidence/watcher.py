"""Watches one training by hooks: model, optimizer and loss stay as they are.

Every step is counted; weights and gradients are looked at in the first five steps and in about 13
for each tenfold number of steps, so that watching costs little.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import Any

import torch

from luthier.evidence import loss_functions
from luthier.evidence.intent import Intent
from luthier.evidence.loss_watch import LossWatch, call_of
from luthier.evidence.pretrained_weights import pretrained_facts
from luthier.evidence.step_watch import StepWatch
from luthier.evidence.weight_watch import WeightWatch
from luthier.records import BrokenFacts, LossKind, PretrainedFacts, TrainingFacts, WhatBroke

GROWTH = 1.2
"""After the first five steps, each watched step is at least this factor after the one before."""

PROBES = 3
"""Parameters whose gradients tell of each backward pass: the last ones that are trained."""


class Watcher:
    """Watches until `close`; `facts` says what was seen.

    Args:
        model: what is trained, before its first step (or where a resumed run goes on).
        optimizer: the one that trains it; wrappers that hold it as `optimizer` are opened.
        intent: what the training was meant to be.
        functions: whether to listen to torch's loss functions and to what the model is given (a
            plain loop); else the loss is told by `saw_loss`.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        intent: Intent,
        *,
        functions: bool,
    ) -> None:
        while isinstance(inner := getattr(optimizer, "optimizer", None), torch.optim.Optimizer):
            optimizer = inner
        self._model, self._optimizer, self._intent = model, optimizer, intent
        self._functions = functions
        done = _steps_done(optimizer)
        self._from = done + 1
        self._pretrained: PretrainedFacts | None = None
        if done == 0 and (intent.source or intent.pretrained is not None):
            self._pretrained = pretrained_facts(model, intent.source, intent.pretrained)
        self._weights = WeightWatch(model, intent.trained)
        held = {id(p) for group in optimizer.param_groups for p in group["params"]}
        own = list(model.parameters())
        self._unknown = len(held - {id(p) for p in own})
        probes = [p for p in own if p.requires_grad and id(p) in held][-PROBES:]
        self._steps = StepWatch(optimizer, probes, self._from)
        self._loss = LossWatch(intent.labels)
        self._gradients: dict[int, float] = {}
        self._updates: dict[int, float] = {}
        self._next = self._from
        self._broken: BrokenFacts | None = None
        self._given: tuple[tuple[Any, ...], dict[str, Any]] | None = None
        self._told = -1
        self._answering = False
        self._handles: list[Any] = [
            optimizer.register_step_pre_hook(self._before_step),
            optimizer.register_step_post_hook(self._after_step),
            model.register_forward_pre_hook(self._before_forward, with_kwargs=True),
        ]
        if functions:
            self._handles.append(model.register_forward_hook(self._after_forward, with_kwargs=True))
            loss_functions.listen(self._heard)

    # what is seen -------------------------------------------------------------------------------

    @property
    def step(self) -> int:
        """Number of the step that comes next, from 1."""
        return self._steps.step

    def losses(self) -> dict[int, float]:
        """Step -> mean training loss."""
        return self._loss.losses()

    @property
    def rates(self) -> dict[int, float]:
        """Step -> highest learning rate."""
        return self._steps.rates

    @property
    def gradients(self) -> dict[int, float]:
        """Watched step -> global gradient norm."""
        return self._gradients

    def saw_loss(self, logits: torch.Tensor, targets: torch.Tensor, losses: torch.Tensor) -> None:
        """Logits [b, K] went into the task's own loss: cross-entropy where targets are ids [b]."""
        kind: LossKind = "other" if targets.is_floating_point() else "cross_entropy"
        self._remember(kind, "the task's own loss", logits, targets, losses, 0.0)

    def _heard(
        self,
        kind: LossKind,
        name: str,
        inputs: torch.Tensor,
        targets: torch.Tensor,
        loss: Any,
        smoothing: float,
    ) -> None:
        if not self._answering:  # the loss of another model
            return
        self._told = self._steps.step
        self._remember(kind, name, inputs, targets, loss, smoothing)

    def _after_forward(
        self, module: torch.nn.Module, _args: Any, kwargs: dict[str, Any], output: Any
    ) -> None:
        """The loss of a model that takes it itself, where no loss function was heard."""
        logits, loss = getattr(output, "logits", None), getattr(output, "loss", None)
        labels = kwargs.get("labels")
        told = self._told == self._steps.step
        if told or logits is None or labels is None or not getattr(loss, "requires_grad", False):
            return
        assert isinstance(loss, torch.Tensor)  # noqa: S101 - it asks for a gradient
        self._remember("other", f"{type(module).__name__}'s own loss", logits, labels, loss, 0.0)

    def _remember(
        self,
        kind: LossKind,
        name: str,
        inputs: torch.Tensor,
        targets: torch.Tensor,
        loss: torch.Tensor,
        smoothing: float,
    ) -> None:
        call = call_of(self._steps.step, kind, name, inputs, targets, loss, smoothing)
        if call is None:
            return
        self._loss.add(call)
        looks = call.loss.device.type == "cpu" or self._is_watched()  # elsewhere it means waiting
        if self._broken is None and looks and not math.isfinite(float(call.loss)):
            self._broke("loss")

    def _before_forward(
        self, module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        if module.training:
            self._given = args, kwargs
            self._answering = True

    def _is_watched(self) -> bool:
        return self._steps.step >= self._next

    def _before_step(self, _optimizer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        closure = kwargs.get("closure") or next(iter(args[1:]), None)
        self._steps.before_step(with_closure=closure is not None)
        if not self._is_watched():
            return
        norm = self._weights.before_step()
        if norm is None:
            return
        if math.isfinite(norm):
            self._gradients[self._steps.step] = norm
        elif self._broken is None:
            self._broke("gradient")

    def _after_step(self, *_: Any) -> None:
        step = self._steps.step
        if self._is_watched():
            update = self._weights.after_step(step)
            if update is not None:
                self._updates[step] = update
            late = step - self._from >= 5
            self._next = math.ceil(step * GROWTH) if late else step + 1
        self._answering = False
        self._steps.after_step()

    # what is not finite -------------------------------------------------------------------------

    def _broke(self, what: WhatBroke) -> None:
        """Write down the first number that is not finite, and look for where it began."""
        where = self._weights.first_without(_finite, gradients=False)
        if where:
            what = "weights"
        elif what == "gradient":
            where = self._weights.first_without(_finite, gradients=True)
        elif self._given is not None:
            where = _first_broken_module(self._model, *self._given)
        before = [norm for _, norm in sorted(self._gradients.items())]
        groups = self._optimizer.param_groups
        self._broken = BrokenFacts(
            step=self._steps.step,
            what=what,
            where=where,
            dtype=_precision(self._model),
            learning_rate=max((float(group["lr"]) for group in groups), default=0.0),
            gradient_before=before[-1] if before else None,
        )

    # the end ------------------------------------------------------------------------------------

    def close(self, *, failed: bool = False) -> None:
        """Take every hook off; `failed` says that training ended with an error."""
        if self._broken is None and failed:
            losses = list(self._loss.losses().values())
            if losses and not math.isfinite(losses[-1]):
                self._broke("loss")
            elif self._weights.first_without(_finite, gradients=True):
                self._broke("gradient")
        for handle in self._handles:
            handle.remove()
        self._handles = []
        self._steps.close()
        loss_functions.forget(self._heard)
        self._given = None

    def facts(self) -> TrainingFacts:
        """Everything seen so far."""
        if self._broken is None and self._weights.first_without(_finite, gradients=False):
            self._broke("weights")
        rates, intent = self._steps.rates, self._intent
        sampled = {step: rates[step] for step in {*self._gradients, *self._updates} & {*rates}}
        return TrainingFacts(
            watched_from=self._from,
            groups=self._weights.facts(rates, self._steps.in_optimizer()),
            unknown_tensors=self._unknown,
            steps=self._steps.facts(
                intent.total_steps, intent.learning_rate, may_end_early=intent.may_end_early
            ),
            loss=self._loss.inputs(),
            learning=self._loss.learning(rates, intent.steps_per_epoch),
            order=self._loss.order(by_length=intent.by_length),
            pretrained=self._pretrained,
            broken=self._broken,
            gradients=dict(sorted(self._gradients.items())),
            updates=dict(sorted(self._updates.items())),
            rates=dict(sorted(sampled.items())),
        )


def _steps_done(optimizer: torch.optim.Optimizer) -> int:
    """Steps that a restored optimizer has behind it."""
    counts = [float(state["step"]) for state in optimizer.state.values() if "step" in state]
    return int(max(counts, default=0))


def _finite(tensor: torch.Tensor) -> bool:
    return bool(torch.isfinite(tensor).all())


def _precision(model: torch.nn.Module) -> str:
    first = next(iter(model.parameters()), None)
    if first is None:
        return ""
    kind = first.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else first.dtype
    return str(dtype).removeprefix("torch.")


def _first_broken_module(
    model: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> str:
    """Answer the last batch again and name the first module whose output is not finite."""
    found: list[str] = []

    def look(name: str) -> Any:
        def hook(_module: torch.nn.Module, _given: Any, output: Any) -> None:
            first = output[0] if isinstance(output, tuple) and output else output
            floats = isinstance(first, torch.Tensor) and first.is_floating_point()
            if floats and not _finite(first):
                found.append(name)

        return hook

    leaves = [(name, m) for name, m in model.named_modules() if name and not any(m.children())]
    hooks = [m.register_forward_hook(look(name)) for name, m in leaves]
    quiet = contextlib.suppress(RuntimeError)
    with _hooked(hooks), quiet, torch.no_grad(), torch.random.fork_rng():
        model(*args, **kwargs)
    return found[0] if found else ""


@contextlib.contextmanager
def _hooked(handles: list[Any]) -> Iterator[None]:
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
