"""The engine that works in this process."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

import numpy as np
from transformers import PreTrainedModel

from luthier.engines import checkpoint, loop
from luthier.engines.checkpoint import Checkpoint
from luthier.engines.device import best_device, cpu_threads
from luthier.engines.inference import features_of, logits_of
from luthier.engines.optimizer import make_optimizer
from luthier.engines.step import Stepper
from luthier.kit.seeds import random_stream
from luthier.models.lora import merge_adapters
from luthier.models.pretrained import load_encoder
from luthier.records import Encoded, Event, FloatArray, ModelSource, TrainJob
from luthier.settings import Settings


class LocalEngine:
    """Works in this process, on an accelerator where there is one."""

    name = "local"

    def train(self, job: TrainJob) -> Iterator[Event]:
        """Train and say what happens; a checkpoint is complete on disk when `Saved` is said.

        Raises:
            TrainingError: when the loss is not finite or there is nothing to train on.
            RunFolderError: when the checkpoints are damaged or belong to another run.
            ModelError: when the pretrained model cannot be used.
            SettingsError: when a setting does not fit the model or the labels.
        """
        return loop.train(job, best_device())

    def best_model(self, job: TrainJob) -> tuple[PreTrainedModel, Checkpoint]:
        """The model with the weights of `best/`, their digest checked, in evaluation mode.

        It is the plain model that ships: adapters are added into its weights.

        Raises:
            RunFolderError: when there is no such checkpoint or it is damaged.
        """
        checkpoint.recover(job.checkpoints)
        with random_stream(job.settings.train.seed):
            model = job.task.load_model(job.model_source, job.label_names, job.settings)
        best = checkpoint.load_weights(job.checkpoints, "best", model)
        merge_adapters(model)
        return model.eval(), best

    def logits(self, model: PreTrainedModel, encoded: Encoded, settings: Settings) -> FloatArray:
        """float64 [n, K] in the order of `encoded`, evaluation mode, no gradients."""
        device = best_device()
        model.to(device)  # type: ignore[arg-type]
        with cpu_threads(settings.train.threads):
            return logits_of(model, encoded, settings, device)

    def features(self, source: ModelSource, encoded: Encoded, settings: Settings) -> FloatArray:
        """float64 [n, width]: mean-pooled last hidden state of the pretrained encoder."""
        device = best_device()
        encoder = load_encoder(source, settings.text.max_length)
        encoder.to(device)  # type: ignore[arg-type]
        with cpu_threads(settings.train.threads):
            return features_of(encoder, encoded, settings, device)

    def measure_step_seconds(self, job: TrainJob, steps: int = 3) -> float:
        """Median seconds of an optimizer step on rows of typical length; leaves no trace.

        A throw-away model does one step to warm up and then `steps` measured ones, on the batches
        whose number of tokens is nearest to the mean of the first epoch.
        """
        device = best_device()
        train = job.settings.train
        with random_stream(train.seed), cpu_threads(train.threads):
            model = job.task.load_model(job.model_source, job.label_names, job.settings)
            model.to(device)  # type: ignore[arg-type]
            job.task.fit_head(model, job.encoded["train"].targets)
            stepper = Stepper(job, model, make_optimizer(model, train), device)
            batches = [stepper.rows_of(i + 1) for i in range(stepper.steps_per_epoch)]
            lengths = job.encoded["train"].lengths
            tokens = np.array([lengths[batch].sum() for batch in batches])
            typical = np.argsort(np.abs(tokens - tokens.mean()), kind="stable")[:steps]
            chosen = [batches[i] for i in typical]
            done = [
                stepper.on_rows(i + 1, chosen[i % len(chosen)]).seconds for i in range(steps + 1)
            ]
        return statistics.median(done[1:])
