"""One optimizer step: its rows in parts within the token budget, one update."""

from __future__ import annotations

import math
import time

import numpy as np
import torch
from transformers import PreTrainedModel

from luthier.engines.class_weights import class_weights
from luthier.engines.device import inputs_of, memory_explained
from luthier.engines.optimizer import learning_rate_at
from luthier.errors import Problem, TrainingError
from luthier.kit.batching import parts_within, steps_per_epoch, training_batches
from luthier.kit.seeds import random_stream
from luthier.records import IntArray, Stepped, TrainJob


class Stepper:
    """Carries out optimizer steps. A step depends on the weights and its number, on nothing else.

    Args:
        job: what is trained.
        model: on `device`; changed by every step.
        optimizer: of this model.
        device: where the model lies.
    """

    def __init__(
        self,
        job: TrainJob,
        model: PreTrainedModel,
        optimizer: torch.optim.AdamW,
        device: torch.device,
    ) -> None:
        self._job = job
        self._settings = job.settings.train
        self._model = model
        self._optimizer = optimizer
        self._device = device
        self._rows = job.encoded["train"]
        self._lengths = self._rows.lengths
        self._weights = class_weights(
            self._settings.class_weights, self._rows.targets, job.label_names
        )
        self._trained = [p for p in model.parameters() if p.requires_grad]
        self._epoch = -1
        self._batches: tuple[IntArray, ...] = ()
        self.steps_per_epoch = steps_per_epoch(
            len(self._rows), self._settings.per_device_train_batch_size
        )
        self.total_steps = self.steps_per_epoch * self._settings.num_train_epochs

    def __call__(self, step: int) -> Stepped:
        """Do the 1-based step `step`.

        Raises:
            TrainingError: when the loss or a gradient is not finite, or memory runs out.
        """
        return self.on_rows(step, self.rows_of(step))

    def rows_of(self, step: int) -> IntArray:
        """The row positions of a 1-based step."""
        epoch, place = divmod(step - 1, self.steps_per_epoch)
        if epoch != self._epoch:
            size = self._settings.per_device_train_batch_size
            self._batches = training_batches(self._lengths, size, self._settings.seed, epoch)
            self._epoch = epoch
        return self._batches[place]

    def on_rows(self, step: int, rows: IntArray) -> Stepped:
        """Do the step on these row positions."""
        started = time.perf_counter()
        rate = learning_rate_at(step, self.total_steps, self._settings)
        parts = parts_within(rows, self._lengths, self._settings.max_tokens_per_batch)
        with memory_explained(), random_stream(self._settings.seed, step, device=self._device):
            loss, norm = self._gradients(rows, parts)
            if not (math.isfinite(loss) and math.isfinite(norm)):
                raise self._not_finite(step, rate, loss, norm)
            for group in self._optimizer.param_groups:
                group["lr"] = rate
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
        return Stepped(
            step=step,
            epoch=step / self.steps_per_epoch,
            loss=loss,
            learning_rate=rate,
            grad_norm=norm,
            rows=len(rows),
            tokens=int(self._lengths[rows].sum()),
            padded_tokens=sum(len(part) * int(self._lengths[part].max()) for part in parts),
            seconds=time.perf_counter() - started,
        )

    def _gradients(self, rows: IntArray, parts: tuple[IntArray, ...]) -> tuple[float, float]:
        """Loss of the step and gradient norm; the clipped gradients are left on the parameters.

        Each row's loss counts with its label's weight over the sum of the weights of the whole
        step (torch's weighted mean), so the cut into parts does not change the result.
        """
        self._model.train()
        weights = self._weights[self._rows.targets]
        weights = weights / weights[rows].sum()
        total = torch.zeros((), device=self._device)
        for part in parts:
            logits = self._model(**inputs_of(self._model, self._rows, part, self._device)).logits
            targets = torch.from_numpy(self._rows.targets[part]).to(self._device)
            losses = self._job.task.losses(logits, targets, self._settings.label_smoothing_factor)
            shares = torch.from_numpy(weights[part].astype(np.float32)).to(self._device)
            loss = (losses * shares).sum()
            loss.backward()
            total += loss.detach()
        norm = torch.nn.utils.clip_grad_norm_(
            self._trained, self._settings.max_grad_norm or math.inf
        )
        loss_value, norm_value = torch.stack([total, norm]).tolist()  # the step's one wait
        return loss_value, norm_value

    def _not_finite(self, step: int, rate: float, loss: float, norm: float) -> TrainingError:
        what = f"the loss is {loss}" if not math.isfinite(loss) else f"the gradient is {norm}"
        peak = self._settings.learning_rate
        return TrainingError(
            Problem(
                f"training went out of bounds at step {step}: {what} (learning rate {rate:.3g})",
                where="train",
                hint="the checkpoints before it are kept",
            ),
            next_step=f"try --train.learning_rate {peak / 10:.3g}, or more train.warmup_steps",
        )
