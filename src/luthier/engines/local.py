"""The engine that works in this process."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from transformers import PreTrainedModel

from luthier.engines import checkpoint, loop
from luthier.engines.checkpoint import Checkpoint
from luthier.engines.costs import StepCosts, measure_costs
from luthier.engines.device import best_device, computes_in_bfloat16, cpu_threads
from luthier.engines.inference import logits_of
from luthier.engines.kept_means import kept_means
from luthier.kit.seeds import random_stream
from luthier.models.lora import merge_adapters
from luthier.models.pretrained import load_encoder
from luthier.records import Encoded, Event, FloatArray, ModelSource, TrainJob
from luthier.settings import Settings


class LocalEngine:
    """Works in this process, on an accelerator where there is one."""

    name = "local"

    @property
    def device(self) -> torch.device:
        """Where models run."""
        return best_device()

    @property
    def on_cpu(self) -> bool:
        """Whether they run on the processor."""
        return self.device.type == "cpu"

    @property
    def threads(self) -> int:
        """CPU threads that torch takes when it is not told otherwise."""
        return torch.get_num_threads()

    @property
    def has_bfloat16(self) -> bool:
        """Whether the device computes in bfloat16 by itself; others only imitate it, slowly."""
        return computes_in_bfloat16(self.device)

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
        """float64 [n, width]: mean of the pretrained encoder's last hidden states, kept on disk."""
        device = best_device()
        encoder = load_encoder(source, settings.text.max_length)
        encoder.to(device)  # type: ignore[arg-type]
        with cpu_threads(settings.train.threads):
            return kept_means(encoder, encoded, settings, device)

    def measure_costs(self, job: TrainJob) -> StepCosts:
        """What a step, a measurement and a checkpoint cost here; leaves no trace."""
        return measure_costs(job, best_device())
