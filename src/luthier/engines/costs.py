"""What training costs on this machine, measured on a few steps of a throw-away model."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, replace

import numpy as np
import torch

from luthier.engines.device import cpu_threads
from luthier.engines.inference import logits_of
from luthier.engines.kept_trunk import keep_trunk
from luthier.engines.optimizer import make_optimizer
from luthier.engines.step import Stepper
from luthier.engines.trained_parameters import counted_and_reduced
from luthier.kit.batching import training_batches
from luthier.kit.digest import digest_of_tensors
from luthier.kit.seeds import random_stream
from luthier.models.lora import shipped_weights
from luthier.records import IntArray, TrainJob

STEPS = 4
"""Measured after one that warms up."""
ROWS_READ = 200
WRITING = 3.0
"""Saving writes weights and optimizer state and digests both: about so many digests of weights."""


@dataclass(frozen=True, slots=True)
class StepCosts:
    """Seconds on this machine, at the number of threads that the run will have.

    Args:
        start: loading the model.
        trunk_token: reading a token by the frozen layers to keep what they give; 0 where nothing
            is kept.
        step: an optimizer step of typical length, median.
        read_token: reading a token to measure.
        save: writing a checkpoint.
    """

    start: float
    trunk_token: float
    step: float
    read_token: float
    save: float


def measure_costs(job: TrainJob, device: torch.device) -> StepCosts:
    """Measure on the batches whose number of tokens is nearest to the mean; leaves no trace.

    Raises:
        ModelError: when the model cannot be loaded.
        SettingsError: when a setting does not fit it.
    """
    train = job.settings.train
    batches = _typical_batches(job)
    rows = job.encoded["train"].take(np.concatenate(batches))
    judged = job.encoded["validation"].sample(ROWS_READ, train.seed)
    small = replace(job, encoded={"train": rows, "validation": judged})
    with random_stream(train.seed), cpu_threads(train.threads):
        began = time.perf_counter()
        model = job.task.load_model(job.model_source, job.label_names, job.settings)
        model.to(device)  # type: ignore[arg-type]
        job.task.fit_head(model, job.encoded["train"].targets)
        counted_and_reduced(model, job)
        start = time.perf_counter() - began
        began = time.perf_counter()
        kept, _ = keep_trunk(small, model, device)
        trunk = time.perf_counter() - began
        stepper = Stepper(small, model, make_optimizer(model, train), device, kept=kept)
        ends = np.cumsum([len(batch) for batch in batches])
        done = [
            stepper.on_rows(number + 1, np.arange(end - len(batch), end)).seconds
            for number, (batch, end) in enumerate(zip(batches, ends, strict=True))
        ]
        logits_of(model, judged.take(np.arange(1)), job.settings, device, kept)  # to warm up
        began = time.perf_counter()
        logits_of(model, judged, job.settings, device, kept)
        read = time.perf_counter() - began
        began = time.perf_counter()
        digest_of_tensors(shipped_weights(model))
        save = WRITING * (time.perf_counter() - began)
    tokens = int(rows.lengths.sum() + judged.lengths.sum())
    return StepCosts(
        start=start,
        trunk_token=0.0 if kept is None else trunk / tokens,
        step=statistics.median(done[1:] or done),
        read_token=read / int(judged.lengths.sum()),
        save=save,
    )


def _typical_batches(job: TrainJob) -> list[IntArray]:
    """One batch to warm up and `STEPS` to measure; fewer where an epoch has fewer."""
    train, lengths = job.settings.train, job.encoded["train"].lengths
    size = train.per_device_train_batch_size * train.gradient_accumulation_steps
    batches = training_batches(lengths, size, train.seed, epoch=0)
    tokens = np.array([lengths[batch].sum() for batch in batches])
    order = np.argsort(np.abs(tokens - tokens.mean()), kind="stable")
    return [batches[i] for i in order[: STEPS + 1].tolist()]
