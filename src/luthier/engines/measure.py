"""Both splits measured in evaluation mode, by the same code."""

from __future__ import annotations

import math

import numpy as np
import torch
from transformers import PreTrainedModel

from luthier.engines.device import memory_explained
from luthier.engines.inference import logits_of
from luthier.errors import Problem, TrainingError
from luthier.records import Encoded, TrainJob


class Measure:
    """Measures a model on the fixed sample of training rows and on all validation rows."""

    def __init__(self, job: TrainJob, device: torch.device) -> None:
        rows, seed = job.encoded["train"], job.settings.train.seed
        rows = rows.take(np.flatnonzero(rows.row_ids >= 0))  # changed copies are no rows
        self.train = rows.sample(job.settings.evaluate.train_rows, seed)
        self.validation = job.encoded["validation"]
        self._job = job
        self._device = device

    def __call__(self, model: PreTrainedModel) -> tuple[dict[str, float], dict[str, float]]:
        """Figures on training rows and on validation rows; the model is left in evaluation mode.

        Raises:
            TrainingError: when the model's answers are not finite.
        """
        return self._figures(model, self.train), self._figures(model, self.validation)

    def _figures(self, model: PreTrainedModel, rows: Encoded) -> dict[str, float]:
        job = self._job
        with memory_explained():
            logits = logits_of(model, rows, job.settings, self._device)
        if not np.isfinite(logits).all():
            raise TrainingError(
                Problem("the model's answers are not finite numbers any more", where="train"),
                next_step=f"try --train.learning_rate {job.settings.train.learning_rate / 10:.3g}",
            )
        figures = job.task.quick_metrics(job.task.answers(rows, logits, job.label_names, ""))
        return {name: value for name, value in figures.items() if math.isfinite(value)}
