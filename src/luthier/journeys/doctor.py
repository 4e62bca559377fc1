"""`luthier.watch`: the doctor in a plain PyTorch loop.

    doctor = luthier.watch(model, optimizer, labels=4, total_steps=1000)
    ...                                        # train as ever
    doctor.evaluated(validation=(logits, labels))     # as often as you like
    print(doctor)                              # or doctor.diagnosis()

It ends in the same records and the same diagnosis as a run of Luthier; what cannot be known without
such a run is listed as not checked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from luthier.evidence.intent import Intent
from luthier.evidence.watcher import Watcher
from luthier.journeys.watch_checks import answers_of, check_groups, check_watched
from luthier.kit.classification_figures import quick_metrics
from luthier.records import (
    Diagnosis,
    Evaluated,
    Event,
    Predictions,
    Stepped,
    TrainingFacts,
)
from luthier.reporting.diagnosis_lines import diagnosis_lines
from luthier.stages.diagnose import diagnose

if TYPE_CHECKING:
    import torch

Answers = tuple[Any, Any]
"""Logits [n, K] and class ids [n]: tensors, arrays or lists."""

GIVES: Mapping[str, str] = {
    "training": "training steps under luthier.watch",
    "history": "training steps under luthier.watch",
    "validation_predictions": "doctor.evaluated(validation=(logits, labels))",
    "train_predictions": "doctor.evaluated(validation=..., train=(logits, labels))",
}


class Doctor:
    """Watches one training until it is closed or asked; made by `luthier.watch`."""

    def __init__(
        self,
        model: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        intent: Intent,
        label_names: Sequence[str] = (),
    ) -> None:
        self._names = tuple(label_names)
        self._intent = intent
        self._evaluations: list[Evaluated] = []
        self._answers: dict[str, Predictions] = {}
        self._facts: TrainingFacts | None = None
        self._watcher = Watcher(model, optimizer, intent, functions=True)

    def __enter__(self) -> Doctor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(failed=error is not None)

    def __str__(self) -> str:
        """The diagnosis in plain words."""
        lines = diagnosis_lines(self.diagnosis(), lambda name, value: f"{name} = {value}")
        return "\n".join(lines)

    def evaluated(self, validation: Answers, train: Answers | None = None) -> None:
        """Tell what the model answered, in evaluation mode; the last time it is told counts most.

        Args:
            validation: logits [n, K] and class ids [n] of the validation rows.
            train: the same for (a sample of) the training rows.

        Raises:
            InputError: when it is no such pair, or the two do not belong together.
        """
        found = self.answered(validation, train)
        figures = {name: _finite(quick_metrics(answers)) for name, answers in found.items()}
        self.measured(figures["validation"], figures.get("train", {}), found)

    def answered(self, validation: Answers, train: Answers | None = None) -> dict[str, Predictions]:
        """Tell answers of the finished model, which are no point of the course of training."""
        found = {"validation": self._predictions("validation", validation)}
        if train is not None:
            found["train"] = self._predictions("train", train)
        self._answers |= found
        return found

    def measured(
        self,
        validation: Mapping[str, float],
        train: Mapping[str, float] | None = None,
        answers: Mapping[str, Predictions] | None = None,
    ) -> None:
        """Tell figures alone: metric name (`loss`, `accuracy`, `macro_f1`, ...) -> value."""
        step = self._watcher.step - 1
        rows = {name: len(found) for name, found in (answers or {}).items()}
        per_epoch = self._intent.steps_per_epoch
        before = len(self._evaluations)
        self._evaluations.append(
            Evaluated(
                step=step,
                epoch=step / per_epoch if per_epoch else before + 1.0,
                train=dict(train or {}),
                validation=dict(validation),
                train_rows=rows.get("train", 0),
                validation_rows=rows.get("validation", 0),
                is_best=False,
                seconds=0.0,
            )
        )

    def close(self, *, failed: bool = False) -> None:
        """Take every hook off the model, the optimizer and torch; asking stays possible."""
        if self._facts is None:
            self._watcher.close(failed=failed)
            self._facts = self._watcher.facts()

    @property
    def closed(self) -> bool:
        """Whether watching has ended."""
        return self._facts is not None

    @property
    def training(self) -> TrainingFacts:
        """What was seen so far."""
        return self._facts or self._watcher.facts()

    @property
    def history(self) -> tuple[Event, ...]:
        """The watched steps and the evaluations, in the order of time."""
        facts, losses = self.training, self._watcher.losses()
        per_epoch = self._intent.steps_per_epoch or 1
        told: list[Stepped | Evaluated] = [
            Stepped(step, step / per_epoch, losses[step], facts.rates[step], norm, 0, 0, 0, 0.0)
            for step, norm in facts.gradients.items()
            if math.isfinite(losses.get(step, math.nan))
        ]
        told += self._evaluations
        return tuple(sorted(told, key=lambda event: event.step))

    def evidence(self) -> dict[str, object]:
        """What was seen, by its name in `records.EVIDENCE`."""
        found: dict[str, object] = {"training": self.training, "history": self.history}
        return found | {f"{split}_predictions": p for split, p in self._answers.items()}

    def diagnosis(self) -> Diagnosis:
        """Ask every fault; what this loop cannot show is listed as not checked."""
        return diagnose(self.evidence(), gives=GIVES)

    def _predictions(self, split: str, given: Answers) -> Predictions:
        numbers, truth = answers_of(split, given)
        k = numbers.shape[1]
        shifted = numbers - numbers.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        n, known = len(truth), truth >= 0
        loss = np.full(n, np.nan)
        loss[known] = -log_p[known, truth[known]]
        names = self._names if len(self._names) == k else tuple(str(i) for i in range(k))
        ids, truth = np.arange(n, dtype=np.int64), np.where(known, truth, -1).astype(np.int64)
        return Predictions(ids, truth, log_p.argmax(axis=1), np.exp(log_p), loss, names)


def watch(  # noqa: PLR0913 - each says one thing that was meant
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    labels: int | Sequence[str] | None = None,
    trained: str | Sequence[str] | None = None,
    total_steps: int | None = None,
    steps_per_epoch: int | None = None,
    learning_rate: float | None = None,
    pretrained: bool | None = None,
    source: str | None = None,
    may_end_early: bool = False,
    by_length: bool = False,
) -> Doctor:
    """Watch a plain PyTorch loop; call it after model and optimizer are made, before training.

    What is not said is not guessed: a check that needs it ends in "not checked".

    Args:
        model: any module; best one that has a head on an encoder.
        optimizer: the one that trains it.
        labels: how many labels there are, or their names in the order of the class ids.
        trained: what is to be trained: `all`, `head`, or groups of parameters by name (`layer 11`,
            `embeddings`, `adapter`).
        total_steps: optimizer steps planned.
        steps_per_epoch: optimizer steps of one pass over the training rows.
        learning_rate: peak learning rate planned.
        pretrained: whether the weights are to be pretrained ones.
        source: folder or hub name that the weights come from; a Hugging Face model knows it.
        may_end_early: whether fewer steps than planned are an intention (early stopping).
        by_length: whether rows of like length share a batch, the batches in random order.

    Raises:
        InputError: when these are no model and optimizer, or `trained` names no group of it.
    """
    check_watched(model, optimizer)
    count = labels if labels is None or isinstance(labels, int) else len(labels)
    if source is None:
        source = str(getattr(getattr(model, "config", None), "name_or_path", "") or "")
    groups = (trained,) if isinstance(trained, str) else trained
    if groups is not None:
        check_groups(model, groups)
    intent = Intent(
        trained=None if groups is None else tuple(groups),
        total_steps=total_steps,
        steps_per_epoch=steps_per_epoch,
        learning_rate=learning_rate,
        labels=count,
        pretrained=pretrained,
        source="" if pretrained is False else source,
        may_end_early=may_end_early,
        by_length=by_length,
    )
    return Doctor(model, optimizer, intent, () if isinstance(labels, int | None) else labels)


def _finite(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in figures.items() if math.isfinite(value)}


__all__ = ["Doctor", "watch"]
