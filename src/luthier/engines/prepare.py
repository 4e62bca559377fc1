"""Everything that a training needs before its first step, the same in each of its processes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from luthier.engines import checkpoint as disk
from luthier.engines.beginning import beginning
from luthier.engines.checkpoint import TrainingState
from luthier.engines.group import Alone
from luthier.engines.held import Held
from luthier.engines.kept_trunk import keep_trunk
from luthier.engines.step import Stepper
from luthier.engines.trained_parameters import counted_and_reduced
from luthier.kit.digest import digest_of_tensors
from luthier.kit.seeds import random_stream
from luthier.kit.step_plan import StepPlan
from luthier.models.lora import shipped_weights
from luthier.models.lower_half import hold_lower_half, let_go
from luthier.records import TrainJob


@dataclass(frozen=True, slots=True)
class Prepared:
    """A model that is ready for its next step.

    Args:
        held: the model, on the device.
        optimizer: of its trained parameters, with its state.
        stepper: does the steps.
        initial_digest: of the weights that the run began with.
        parameters: trained ones, and all.
        notes: what a person should know.
    """

    held: Held
    optimizer: torch.optim.Optimizer
    stepper: Stepper
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
    frozen = StepPlan.of(job.settings, len(job.encoded["train"])).frozen
    still = (state.step if state else 0) < frozen
    held_still = hold_lower_half(model) if still else ()
    kept, notes = keep_trunk(job, model, device) if group.leads else (None, ())
    if group.hear(kept is not None) and not group.leads:
        kept, _ = keep_trunk(job, model, device)  # the first has written it
    let_go(held_still)  # the optimizer takes them on now, and steps them once they learn
    parameters = counted_and_reduced(model, job)
    begin = beginning(model, job.encoded["train"], device, state)
    held = group.hold(model)
    optimizer = held.optimizer(job.settings.train)
    held.restore(optimizer, tensors)
    if still:
        begin = replace(begin, held_still=hold_lower_half(held.model))
    stepper = Stepper(job, held.model, optimizer, device, kept, begin, group)
    notes = (*_of_frozen_epochs(job, frozen), *notes, *held.notes)
    return Prepared(held, optimizer, stepper, initial, parameters, notes)


def _of_frozen_epochs(job: TrainJob, frozen: int) -> tuple[str, ...]:
    if not frozen:
        return ()
    epochs = job.settings.train.freeze_epochs
    return (
        f"epochs in which only the upper half of the layers and the head learn: {epochs}, the "
        "first ones",
    )
