"""The training loop: a generator of events. It saves first and then says `Saved`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import torch

from luthier.engines import checkpoint as disk
from luthier.engines.checkpoint import Checkpoint, TrainingState
from luthier.engines.device import cpu_threads, determinism, free_memory
from luthier.engines.group import Alone
from luthier.engines.measure import LEARNING_COST, Measure
from luthier.engines.prepare import prepare
from luthier.engines.resume import check_inputs, inputs_of_run
from luthier.engines.several import NO_STEP, several, threads_of_each
from luthier.errors import TrainingError
from luthier.kit.best_so_far import is_better
from luthier.kit.digest import digest_of_tensors
from luthier.models.lora import shipped_weights
from luthier.records import (
    Evaluated,
    Event,
    Saved,
    Started,
    Stopped,
    StopReason,
    TrainJob,
    Warned,
)
from luthier.records.training import nothing_watched
from luthier.settings import seconds as seconds_of

FINAL: tuple[StopReason, ...] = ("finished", "early_stopping")
"""A run that stopped for one of these is done; after the others a resume goes on."""


def train(job: TrainJob, device: torch.device) -> Iterator[Event]:
    """Train, or go on from `last/`, and say what happens.

    Raises:
        TrainingError: when the loss is not finite or there is nothing to train on.
        RunFolderError: when the checkpoints are damaged or belong to another run.
        ModelError: when the pretrained model cannot be used.
        SettingsError: when a setting does not fit the model or the labels.
    """
    for split in ("train", "validation"):
        if split not in job.encoded or not len(job.encoded[split]):
            raise TrainingError(f"there are no {split} rows to train with")
    disk.recover(job.checkpoints)
    inputs = inputs_of_run(job)
    state = None
    if job.resume and disk.has(job.checkpoints, "last"):
        state = disk.read_state(job.checkpoints)
        check_inputs(state.inputs, inputs, job.checkpoints)
        disk.mend_best(job.checkpoints, state)
        if state.stopped is not None and state.stopped.reason in FINAL:
            yield state.stopped
            return
    else:
        disk.clear(job.checkpoints)
    settings = job.settings.train
    try:
        with (
            determinism(settings.full_determinism),
            cpu_threads(state.threads if state else threads_of_each(job, device)) as threads,
            several(job, device, threads) as group,
        ):
            yield from _Training(job, device, threads, inputs, state, group).events()
            group.hear(NO_STEP)
    finally:
        free_memory()


class _Training:
    """One training, from its start or from `last/`, to its end."""

    def __init__(
        self,
        job: TrainJob,
        device: torch.device,
        threads: int,
        inputs: dict[str, str],
        state: TrainingState | None,
        group: Alone,
    ) -> None:
        self._began = time.perf_counter()
        self._job = job
        self._threads = threads
        self._inputs = inputs
        self._resumed = state is not None
        self._group = group
        ready = prepare(job, device, state, group)
        self._held, self._optimizer, self._stepper = ready.held, ready.optimizer, ready.stepper
        self._initial, self._parameters = ready.initial_digest, ready.parameters
        self._notes = ready.notes
        self._measure = Measure(job, device)
        self._end_seconds = 0.0  # what the last measuring and saving took
        self._step_seconds = self._tokens = 0.0
        self._step, self._saved_step = (state.step, state.step) if state else (0, -1)
        self._seconds_before = state.seconds if state else 0.0
        self._best_step = state.best_step if state else None
        self._best_metric = state.best_metric if state else None
        self._best_loss = state.best_loss if state else None
        self._without_improvement = state.evaluations_without_improvement if state else 0
        self._to_beat = state.to_beat if state else (None, None)

    def events(self) -> Iterator[Event]:
        """Everything from `Started` to `Stopped`."""
        watch = self._job.watch if self._group.watchable else nothing_watched
        total = self._stepper.total_steps
        with watch(self._held.model, self._optimizer, total) as self._stepper.saw_loss:
            yield from self._watched_events()

    def _watched_events(self) -> Iterator[Event]:
        yield self._started()
        yield from self._saved_before() if self._resumed else self._warnings()
        save_steps = self._job.settings.train.save_steps
        while (reason := self._reason_to_stop()) is None:
            halvings = self._stepper.halvings
            self._held.forget()
            if self._step == self._stepper.frozen_steps:  # layers that begin to learn cost at first
                self._to_beat, self._without_improvement = (None, None), 0
            stepped = self._stepper(self._group.hear(self._step + 1))
            self._step += 1
            self._step_seconds += stepped.seconds
            self._tokens += stepped.tokens
            if self._stepper.halvings > halvings:
                yield self._halved()
            yield stepped
            if self._measure.is_due(self._step, self._stepper):
                began = time.perf_counter()
                evaluated = self._evaluate()
                yield evaluated
                yield from self._save(evaluated)
                self._end_seconds = time.perf_counter() - began
            elif save_steps and self._step % save_steps == 0:
                yield from self._save(None)
        yield from self._end(reason)

    # the start ----------------------------------------------------------------------------------

    def _started(self) -> Started:
        return Started(
            total_steps=self._stepper.total_steps,
            steps_per_epoch=self._stepper.steps_per_epoch,
            num_train_epochs=self._job.settings.train.num_train_epochs,
            train_rows=len(self._job.encoded["train"]),
            trainable_parameters=self._parameters[0],
            total_parameters=self._parameters[1],
            initial_digest=self._initial,
            resumed_from_step=self._step if self._resumed else None,
            frozen_epochs=self._stepper.frozen_steps / self._stepper.steps_per_epoch,
        )

    def _warnings(self) -> Iterator[Event]:
        for note in (*self._notes, *self._measure.notes, *self._stepper.loss.notes):
            yield Warned(0, note)

    def _halved(self) -> Warned:
        return Warned(
            self._step,
            f"the memory ran out: from here on at most {self._stepper.most_tokens:,} tokens are "
            "held at once; the rows of a step stay the same",
        )

    def _saved_before(self) -> Iterator[Event]:
        """What is on disk at the resumed step."""
        last = disk.read_checkpoint(self._job.checkpoints, "last")
        yield Saved(last.step, last.epoch, "last", last.digest)
        if self._best_step == self._step:
            yield Saved(last.step, last.epoch, "best", last.digest)

    # on the way ---------------------------------------------------------------------------------

    def _reason_to_stop(self) -> StopReason | None:
        settings = self._job.settings.train
        budget = seconds_of(settings.time_budget)
        if self._step >= self._stepper.total_steps:
            return "finished"
        all_learn = self._step > self._stepper.frozen_steps
        if all_learn and 0 < settings.early_stopping_patience <= self._without_improvement:
            return "early_stopping"
        if self._job.should_stop():
            return "interrupted"
        if budget is not None and self._seconds() + self._seconds_to_end() >= budget:
            return "time_budget"
        return None

    def _seconds_to_end(self) -> float:
        """What is kept of the time budget for measuring and saving the last steps."""
        if self._saved_step == self._step:
            return 0.0
        guess = self._measure.tokens * self._step_seconds / (LEARNING_COST * max(1.0, self._tokens))
        return self._end_seconds or guess

    def _seconds(self) -> float:
        return self._seconds_before + time.perf_counter() - self._began

    def _epoch(self) -> float:
        return self._step / self._stepper.steps_per_epoch

    def _evaluate(self) -> Evaluated:
        """Measure both splits, and keep count of the best."""
        began = time.perf_counter()
        train, validation = self._measure(self._held.whole(), self._stepper.kept)
        settings, loss = self._job.settings.train, validation.get("loss")
        metric = validation[settings.metric_for_best_model]
        is_best = is_better(settings, metric, loss, self._best_metric, self._best_loss)
        if is_best:
            self._best_step, self._best_metric, self._best_loss = self._step, metric, loss
        if is_better(settings, metric, loss, *self._to_beat):
            self._to_beat, self._without_improvement = (metric, loss), 0
        else:
            self._without_improvement += 1
        return Evaluated(
            step=self._step,
            epoch=self._epoch(),
            train=train,
            validation=validation,
            train_rows=len(self._measure.train),
            validation_rows=len(self._measure.validation),
            is_best=is_best,
            seconds=time.perf_counter() - began,
        )

    def _save(self, evaluated: Evaluated | None) -> Iterator[Event]:
        name = self._job.settings.train.metric_for_best_model
        model, optimizer = self._held.whole(), self._held.state_of(self._optimizer)
        here = Checkpoint(
            step=self._step,
            epoch=self._epoch(),
            metric_name=name,
            metric=evaluated.validation[name] if evaluated else None,
            digest=digest_of_tensors(shipped_weights(model)),
            optimizer_digest=digest_of_tensors(optimizer),
        )
        disk.save_last(self._job.checkpoints, model, optimizer, here, self._state())
        self._saved_step = self._step
        if is_best := evaluated is not None and evaluated.is_best:
            disk.copy_last_to_best(self._job.checkpoints, here)
        yield Saved(here.step, here.epoch, "last", here.digest)
        if is_best:
            yield Saved(here.step, here.epoch, "best", here.digest)

    def _state(self, stopped: Stopped | None = None) -> TrainingState:
        return TrainingState(
            step=self._step,
            seconds=self._seconds(),
            best_step=self._best_step,
            best_metric=self._best_metric,
            best_loss=self._best_loss,
            evaluations_without_improvement=self._without_improvement,
            initial_digest=self._initial,
            threads=self._threads,
            inputs=self._inputs,
            stopped=stopped,
            halvings=self._stepper.halvings,
            first_token=self._stepper.first_token,
            to_beat=self._to_beat,
        )

    # the end ------------------------------------------------------------------------------------

    def _end(self, reason: StopReason) -> Iterator[Event]:
        if self._saved_step != self._step:
            # out of time inside an epoch: its steps count if they made the model better
            evaluated = self._evaluate() if reason == "time_budget" else None
            if evaluated:
                yield evaluated
            yield from self._save(evaluated)
        # A run that stops before its first evaluation gets one now, so that there is a model to
        # show. The state does not count it: a resumed run goes the way of an undisturbed one.
        state = self._state()
        if self._best_step is None:
            evaluated = self._evaluate()
            last = disk.read_checkpoint(self._job.checkpoints, "last")
            disk.copy_last_to_best(self._job.checkpoints, last)
            yield evaluated
            yield Saved(last.step, last.epoch, "best", last.digest)
        stopped = self._stopped(reason)
        disk.save_state(self._job.checkpoints, replace(state, stopped=stopped))
        yield stopped

    def _stopped(self, reason: StopReason) -> Stopped:
        best_step, best_metric = self._best_step, self._best_metric
        if best_step is None or best_metric is None:
            raise TrainingError("training ended without an evaluation")
        return Stopped(
            step=self._step,
            epoch=self._epoch(),
            reason=reason,
            best_step=best_step,
            best_epoch=best_step / self._stepper.steps_per_epoch,
            best_metric=best_metric,
            metric_name=self._job.settings.train.metric_for_best_model,
        )
