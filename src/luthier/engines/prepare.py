"""Everything that a training needs before its first step, the same in each of its processes."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from luthier.engines import checkpoint as disk
from luthier.engines.beginning import beginning
from luthier.engines.checkpoint import TrainingState
from luthier.engines.group import Alone
from luthier.engines.held import Held
from luthier.engines.kept_trunk import KeptTrunk, keep_trunk
from luthier.engines.step import Stepper
from luthier.engines.trained_parameters import counted_and_reduced
from luthier.kit.digest import digest_of_tensors
from luthier.kit.seeds import random_stream
from luthier.models.lora import shipped_weights
from luthier.records import TrainJob


@dataclass(frozen=True, slots=True)
class Prepared:
    """A model that is ready for its next step.

    Args:
        held: the model, on the device.
        optimizer: of its trained parameters, with its state.
        stepper: does the steps.
        kept: what the frozen layers gave, None where nothing is kept.
        initial_digest: of the weights that the run began with.
        parameters: trained ones, and all.
        notes: what a person should know.
    """

    held: Held
    optimizer: torch.optim.Optimizer
    stepper: Stepper
    kept: KeptTrunk | None
    initial_digest: str
    parameters: tuple[int, int]
    notes: tuple[str, ...]


def prepare(
    job: TrainJob, device: torch.device, state: TrainingState | None, group: Alone
) -> Prepared:
    """Load the model, or what `last/` holds of it.

    Args:
        job: what is trained.
        device: of this process.
        state: of `last/`; None begins anew.
        group: the processes that train it.

    Raises:
        RunFolderError: when the checkpoint is damaged.
        ModelError: when the pretrained model cannot be used.
        SettingsError: when a setting does not fit the model or the labels.
    """
    with random_stream(job.settings.train.seed):
        model = job.task.load_model(job.model_source, job.label_names, job.settings)
        job.task.fit_head(model, job.encoded["train"].targets)
    initial = state.initial_digest if state else digest_of_tensors(shipped_weights(model))
    tensors = {}
    if state:
        saved = disk.load_weights(job.checkpoints, "last", model)
        tensors = disk.load_optimizer_state(job.checkpoints, saved)
    model.to(device)  # type: ignore[arg-type]
    parameters = counted_and_reduced(model, job)
    kept, notes = keep_trunk(job, model, device) if group.leads else (None, ())
    if group.hear(kept is not None) and not group.leads:
        kept, _ = keep_trunk(job, model, device)  # the first has written it
    begin = beginning(model, job.encoded["train"], device, state)
    held = group.hold(model)
    optimizer = held.optimizer(job.settings.train)
    held.restore(optimizer, tensors)
    stepper = Stepper(job, held.model, optimizer, device, kept, begin, group)
    notes = (*notes, *held.notes)
    return Prepared(held, optimizer, stepper, kept, initial, parameters, notes)
