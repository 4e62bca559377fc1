"""One optimizer step: its rows in parts within the token budget, one update."""

from __future__ import annotations

import math
import time
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel

from luthier.engines.beginning import Beginning, beginning
from luthier.engines.device import free_memory, is_out_of_memory, memory_explained
from luthier.engines.forward import Kept, row_logits
from luthier.engines.group import ALONE, Alone
from luthier.errors import Problem, TrainingError
from luthier.kit.batching import padded_tokens, parts_within, training_batches
from luthier.kit.learning_rate import learning_rate_at
from luthier.kit.seeds import random_stream
from luthier.kit.step_plan import StepPlan
from luthier.models.first_token import first_token_only
from luthier.models.lower_half import let_go
from luthier.models.trunk import frozen_modules, frozen_trunk
from luthier.records import IntArray, SawLoss, Stepped, TrainJob


class Stepper:
    """Carries out optimizer steps. A step depends on the weights and its number, on nothing else.

    Args:
        job: what is trained.
        model: on `device`; changed by every step.
        optimizer: of this model.
        device: where the model lies.
        kept: what the frozen layers gave before; None lets them run.
        begin: what was found out about this model and these rows; None finds it out now.
        group: the processes that train the model, each with its own share of a step's rows.
    """

    def __init__(
        self,
        job: TrainJob,
        model: PreTrainedModel,
        optimizer: torch.optim.Optimizer,
        device: torch.device,
        kept: Kept | None = None,
        begin: Beginning | None = None,
        group: Alone = ALONE,
    ) -> None:
        self._job, self._group = job, group
        self._settings = job.settings.train
        self._model = model
        self._optimizer = optimizer
        self._device = device
        self._whole_rows = self._rows = job.encoded["train"]
        self._lengths = self._rows.lengths
        self.loss = job.task.loss(self._settings, self._rows.targets, job.label_names)
        self._trained = [p for p in model.parameters() if p.requires_grad]
        self._running = [b for name, b in model.named_buffers() if "running_" in name]
        self.saw_loss: SawLoss = lambda *_: None
        self.kept = kept
        begin = begin or beginning(model, self._rows, device, None)
        self._held_still = begin.held_still
        cut = frozen_trunk(model)
        self._frozen = frozen_modules(model, cut) if cut else ()
        self.halvings, self._last_layer = begin.halvings, begin.last_layer
        self.first_token = begin.last_layer is not None
        self._epoch = -1
        self._batches: tuple[IntArray, ...] = ()
        self._accumulated = self._settings.gradient_accumulation_steps
        plan = StepPlan.of(job.settings, len(self._rows))
        self._batch_size, self.steps_per_epoch = plan.batch_size, plan.per_epoch
        self.total_steps, self.frozen_steps = plan.total, plan.frozen
        self._mean_weight = float(self.loss.row_weights.sum()) / self.steps_per_epoch

    def __call__(self, step: int) -> Stepped:
        """Do the 1-based step `step`; the first after the frozen ones lets all layers learn.

        Raises:
            TrainingError: when the loss or a gradient is not finite, or memory runs out.
        """
        if self._held_still and step > self.frozen_steps:
            self._let_go()
        return self.on_rows(step, self.rows_of(step))

    def rows_of(self, step: int) -> IntArray:
        """The row positions of a 1-based step."""
        epoch, place = divmod(step - 1, self.steps_per_epoch)
        if epoch != self._epoch:
            seed = self._settings.seed
            self._draw_windows(seed, epoch)
            self._batches = training_batches(self._lengths, self._batch_size, seed, epoch)
            self._epoch = epoch
        return self._batches[place]

    def _let_go(self) -> None:
        let_go(self._held_still)
        self._held_still, self._frozen, self.kept = (), (), None
        self._model.train()
        self._trained = [p for p in self._model.parameters() if p.requires_grad]

    def _draw_windows(self, seed: int, epoch: int) -> None:
        """Read some windows of each long text in this epoch; what frozen layers gave is of all."""
        most = self._job.settings.text.windows_in_training
        if most and self.kept is None:
            self._rows = self._whole_rows.with_few_windows(most, (seed, epoch))
            self._lengths = self._rows.lengths

    def on_rows(self, step: int, rows: IntArray) -> Stepped:
        """Do the step on these row positions."""
        started = time.perf_counter()
        rate = learning_rate_at(step, self.total_steps, self._settings, self.frozen_steps)
        place = (step, *self._group.place)
        with memory_explained(), random_stream(self._settings.seed, *place, device=self._device):
            loss, norm, padded = self._gradients_that_fit(rows)
            if not (math.isfinite(loss) and math.isfinite(norm)):
                raise self._not_finite(step, rate, loss, norm)
            for group in self._optimizer.param_groups:
                group["lr"] = rate * group["scale"]
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
        return Stepped(
            step=step,
            epoch=step / self.steps_per_epoch,
            loss=loss * self.loss.unit,
            learning_rate=rate,
            grad_norm=norm,
            rows=len(rows),
            tokens=int(self._lengths[rows].sum()),
            padded_tokens=padded,
            seconds=time.perf_counter() - started,
        )

    def _gradients_that_fit(self, rows: IntArray) -> tuple[float, float, int]:
        """Loss, gradient norm and padded tokens; parts are halved until the memory holds them.

        The rows of the step stay the same, so its loss and its gradient do too.

        Raises:
            RuntimeError: when the memory is too small for a single row.
        """
        running = [buffer.clone() for buffer in self._running]
        while True:
            parts = self._parts(self._group.share(rows))
            try:
                return self._gradients(rows, parts)
            except RuntimeError as error:
                smaller = max(map(len, parts), default=1) > 1 and is_out_of_memory(error)
                if not self._group.again(error, smaller=smaller):
                    raise
            # the error holds what it could not finish: go on when it is gone
            while smaller and len(self._parts(self._group.share(rows))) == len(parts):
                self.halvings += 1
            self._optimizer.zero_grad(set_to_none=True)
            for buffer, before in zip(self._running, running, strict=True):
                buffer.copy_(before)
            free_memory()

    def _parts(self, rows: IntArray) -> tuple[IntArray, ...]:
        """The rows of a step in parts that are in memory at once."""
        limit = self.most_tokens
        if self._accumulated > 1 and len(rows):
            share = math.ceil(int(self._lengths[rows].sum()) / self._accumulated)
            limit = min(limit, max(share, int(self._lengths[rows].max())))
        return parts_within(rows, self._lengths, limit)

    @property
    def most_tokens(self) -> int:
        """Most tokens in memory at once, padding included."""
        return max(1, self._settings.max_tokens_per_batch >> self.halvings)

    def _gradients(self, rows: IntArray, parts: tuple[IntArray, ...]) -> tuple[float, float, int]:
        """Loss of the step, gradient norm, padded tokens; clipped gradients stay on the parameters.

        The loss is torch's weighted mean over the rows of the step. In the gradient each row counts
        its weight over the weight of a mean step: steps hold many short rows or few long ones, and
        so a row counts the same wherever it stands. The cut into parts changes neither.
        """
        passes = self._group.passes(len(parts))
        self._set_mode()
        weights = self.loss.row_weights / self._mean_weight
        padded = sum(padded_tokens(self._rows, part) for part in parts)
        totals = torch.tensor([0.0, padded], device=self._device)
        for part in parts:
            logits = self._logits(part)
            targets = torch.from_numpy(self._rows.targets[part]).to(self._device)
            losses = self._losses(logits, targets, part)
            self.saw_loss(logits, targets, losses)
            shares = torch.from_numpy(weights[part].astype(np.float32)).to(self._device)
            loss = (losses * shares).sum()
            loss.backward()
            totals[0] += loss.detach()
        for _ in range(passes - len(parts)):
            # the others need this process's shares for their rows: it learns nothing from this one
            (self._logits(np.array([self._lengths.argmin()])).sum() * 0.0).backward()
        most = self._settings.max_grad_norm or math.inf
        norm = self._group.add_up_and_clip(self._trained, totals, most)
        loss_sum, norm_value, padded = torch.stack(
            [totals[0], norm, totals[1]]
        ).tolist()  # one wait
        mean = loss_sum * self._mean_weight / float(self.loss.row_weights[rows].sum())
        return mean, norm_value, round(padded)

    def _losses(self, logits: torch.Tensor, targets: torch.Tensor, rows: IntArray) -> torch.Tensor:
        """Float [b]: of the labels, or of what a teacher makes of them."""
        teacher, of_shares = self._job.teacher, self.loss.of_shares
        if teacher is None or of_shares is None:
            return self.loss.each(logits, targets)
        shares = teacher.shares(rows, self._rows.targets[rows])
        return of_shares(logits, torch.from_numpy(shares).to(self._device))

    def _logits(self, rows: IntArray) -> torch.Tensor:
        """Float [b, K] of these rows, with a gradient."""
        with first_token_only(self._last_layer), self._precision():
            logits = row_logits(
                self._model, self._rows, rows, self._device, self._job.settings, self.kept
            )
        return logits.float()

    def _set_mode(self) -> None:
        """What is trained in training mode, what is frozen not; both stay so from step to step."""
        if self._model.training and not any(module.training for module in self._frozen):
            return
        self._model.train()
        for module in self._frozen:
            module.eval()

    def _precision(self) -> AbstractContextManager[Any]:
        """Matrices multiplied in bfloat16 where that was asked for; weights stay in float32."""
        kind = self._device.type
        return torch.autocast(kind, dtype=torch.bfloat16, enabled=self._settings.bf16)

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
