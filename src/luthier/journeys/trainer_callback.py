"""`luthier.DoctorCallback`: the doctor in a plain Hugging Face `Trainer`.

doctor = luthier.DoctorCallback()
trainer = Trainer(model=model, args=args, ..., callbacks=[doctor])
trainer.train()
print(doctor)                              # or doctor.diagnosis()
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from luthier.errors import LuthierError, Problem
from luthier.journeys.doctor import Doctor, watch
from luthier.journeys.watch_checks import check_group_names
from luthier.records import Diagnosis

BY_LENGTH = ("group_by_length", "batch_rebalance")
"""Orders of a `Trainer` in which rows of like length share a batch."""

MOST_ROWS = 2_000
"""Validation rows answered once more at the end of training, at most."""


class DoctorCallback(TrainerCallback):
    """Watches the training of a `Trainer`, and judges it afterwards.

    Args:
        labels: how many labels there are, or their names in the order of the class ids.
        trained: what is to be trained: `all`, `head`, or groups by name; see `luthier.watch`.
        pretrained: whether the weights are to be pretrained ones.

    Raises:
        InputError: when `trained` names what no model has.
    """

    def __init__(
        self,
        *,
        labels: int | Sequence[str] | None = None,
        trained: str | Sequence[str] | None = None,
        pretrained: bool | None = None,
    ) -> None:
        if trained is not None:
            check_group_names([trained] if isinstance(trained, str) else trained)
        self._said: dict[str, Any] = {
            "labels": labels, "trained": trained, "pretrained": pretrained
        }  # fmt: skip
        self._doctor: Doctor | None = None

    def __str__(self) -> str:
        """The diagnosis in plain words; before training, that there is none yet."""
        return str(_untrained() if self._doctor is None else self._doctor)

    def __repr__(self) -> str:
        """How it was made."""
        return f"DoctorCallback({', '.join(f'{k}={v!r}' for k, v in self._said.items())})"

    @property
    def doctor(self) -> Doctor:
        """What was seen.

        Raises:
            LuthierError: before training.
        """
        if self._doctor is None:
            raise _untrained()
        return self._doctor

    def diagnosis(self) -> Diagnosis:
        """Ask every fault; what this run cannot show is listed as not checked."""
        return self.doctor.diagnosis()

    # what Trainer calls -------------------------------------------------------------------------

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Begin to watch."""
        del control
        steps = math.ceil(state.max_steps / max(1.0, float(args.num_train_epochs)))
        # a Trainer ends before its last step only where a callback asked for it
        self._doctor = watch(
            kwargs["model"],
            kwargs["optimizer"],
            total_steps=state.max_steps,
            steps_per_epoch=max(1, steps),
            learning_rate=args.learning_rate,
            may_end_early=True,
            by_length=getattr(args, "train_sampling_strategy", "random") in BY_LENGTH,
            **self._said,
        )

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Remember the figures of an evaluation during training."""
        del args, state, control
        figures = {
            name.removeprefix("eval_"): float(value)
            for name, value in (kwargs.get("metrics") or {}).items()
            if name.startswith("eval_") and isinstance(value, float) and math.isfinite(value)
        }
        if self._doctor is not None and "loss" in figures and not self._doctor.closed:
            self._doctor.measured(figures)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Answer validation rows once more, and stop watching."""
        del args, state, control
        doctor = self.doctor
        loader = kwargs.get("eval_dataloader")
        if loader is not None:
            answers = _answers(kwargs["model"], loader)
            if answers is not None:
                doctor.answered(answers)
        doctor.close()


def _untrained() -> LuthierError:
    return LuthierError(
        Problem("nothing was trained yet under this callback", where="DoctorCallback"),
        next_step="trainer.train(), then ask",
    )


def _answers(
    model: torch.nn.Module, batches: Iterable[Mapping[str, Any]]
) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Logits [n, K] and class ids [n] of at most `MOST_ROWS` rows; None for other tasks."""
    logits, labels, rows = [], [], 0
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    with torch.no_grad():
        for batch in batches:
            given = {name: value.to(device) for name, value in batch.items()}
            truth = given.pop("labels", None)
            answer = getattr(model(**given), "logits", None) if truth is not None else None
            if truth is None or answer is None or answer.ndim != 2 or truth.ndim != 1:
                break
            if truth.is_floating_point() or answer.shape[1] < 2:
                break
            logits.append(answer.float().cpu())
            labels.append(truth.cpu())
            rows += len(truth)
            if rows >= MOST_ROWS:
                break
    model.train(was_training)
    return (torch.cat(logits), torch.cat(labels)) if logits else None


__all__ = ["DoctorCallback"]
