"""Both splits measured in evaluation mode, by the same code."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel

from luthier.engines.device import memory_explained
from luthier.engines.forward import Kept
from luthier.engines.inference import logits_of
from luthier.engines.step import Stepper
from luthier.errors import Problem, TrainingError
from luthier.records import Encoded, FloatArray, TrainJob

MOST_OF_LEARNING = 0.5
"""What measuring may cost, as a share of what the epochs between two measurements cost."""
LEARNING_COST = 3
"""A token learned from (there, back, and back again for the weights) costs three tokens read."""
FEWEST_MEASUREMENTS = 10
"""A run measures so often at least, if it has so many epochs."""


class Measure:
    """Measures a model on the fixed sample of training rows and on all validation rows."""

    def __init__(self, job: TrainJob, device: torch.device) -> None:
        rows, seed = job.encoded["train"], job.settings.train.seed
        rows = rows.take(np.flatnonzero(rows.row_ids >= 0))  # changed copies are no rows
        self.train = rows.sample(job.settings.evaluate.train_rows, seed)
        self.validation = job.encoded["validation"]
        self._job = job
        self._device = device
        self.epochs_between = self._wanted_between()

    @property
    def tokens(self) -> int:
        """Tokens that are read to measure once."""
        return int(self.train.lengths.sum() + self.validation.lengths.sum())

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of where and when it is measured."""
        measured, rows = len(self.train), len(self._job.encoded["train"])
        notes = []
        if measured < rows:
            notes.append(
                f"training figures are measured on a fixed sample of {measured} of {rows} "
                "training rows"
            )
        if self.epochs_between > 1:
            notes.append(
                f"measured and saved after every {self.epochs_between} epochs, and at the end: "
                "measuring costs more than an epoch"
            )
        return tuple(notes)

    def is_due(self, step: int, stepper: Stepper) -> bool:
        """Whether it is time to measure: an epoch ends, or every few of them, or training does."""
        epoch, inside = divmod(step, stepper.steps_per_epoch)
        return step == stepper.total_steps or (not inside and epoch % self.epochs_between == 0)

    def _wanted_between(self) -> int:
        """Epochs from one measurement to the next: 1, unless measuring costs more than learning.

        Sixteen rows to learn from and a thousand to judge on would otherwise spend nearly all of
        their time on judging. Counted in tokens: a resumed run comes to the same number.
        """
        learned = LEARNING_COST * int(self._job.encoded["train"].lengths.sum())
        wanted = math.ceil(self.tokens / (MOST_OF_LEARNING * max(1, learned)))
        epochs = self._job.settings.train.num_train_epochs
        return max(1, min(wanted, epochs // FEWEST_MEASUREMENTS))

    def __call__(
        self, model: PreTrainedModel, kept: Kept | None = None
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Figures on training rows and on validation rows; the model is left in evaluation mode.

        Thresholds are chosen on the validation rows, as they are for the model that ships.

        Args:
            model: whole.
            kept: what layers that are frozen now gave before; they do not run then.

        Raises:
            TrainingError: when the model's answers are not finite.
        """
        train = self._logits(model, self.train, kept)
        validation = self._logits(model, self.validation, kept)
        job = self._job

        def answers() -> Any:
            return job.task.answers(self.validation, validation, job.label_names, "")

        limits = job.task.thresholds(answers)
        return (
            self._figures(self.train, train, limits),
            self._figures(self.validation, validation, limits),
        )

    def _logits(self, model: PreTrainedModel, rows: Encoded, kept: Kept | None) -> FloatArray:
        job = self._job
        with memory_explained():
            logits = logits_of(model, rows, job.settings, self._device, kept)
        if not np.isfinite(logits).all():
            raise TrainingError(
                Problem("the model's answers are not finite numbers any more", where="train"),
                next_step=f"try --train.learning_rate {job.settings.train.learning_rate / 10:.3g}",
            )
        return logits

    def _figures(
        self, rows: Encoded, logits: FloatArray, limits: tuple[float, ...]
    ) -> dict[str, float]:
        task, names = self._job.task, self._job.label_names
        figures = task.quick_metrics(task.answers(rows, logits, names, "", limits))
        return {name: value for name, value in figures.items() if math.isfinite(value)}
