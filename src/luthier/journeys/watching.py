"""What a run's settings say about how it was meant to be trained, for the one who watches it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from luthier.records import TrainJob
from luthier.run_folder import RunFolder
from luthier.settings import ModelSettings

if TYPE_CHECKING:
    from luthier.evidence.watch_run import WatchRun


def _trained(model: ModelSettings) -> tuple[str, ...]:
    """Groups of parameters that `model.strategy` trains."""
    if model.strategy == "partial":
        layers = (f"layer -{n}" for n in range(1, model.trainable_layers + 1))
        return ("head", "other", *layers)
    return {"full": ("all",), "frozen": ("head",), "lora": ("head", "adapter")}[model.strategy]


def watch_of(run: RunFolder, job: TrainJob) -> WatchRun:
    """The watch that writes this run's `training.json`."""
    from luthier.evidence.intent import Intent
    from luthier.evidence.watch_run import WatchRun
    from luthier.kit.batching import steps_per_epoch

    train = job.settings.train
    intent = Intent(
        trained=_trained(job.settings.model),
        steps_per_epoch=steps_per_epoch(
            len(job.encoded["train"]),
            train.per_device_train_batch_size * train.gradient_accumulation_steps,
        ),
        learning_rate=train.learning_rate,
        labels=len(job.label_names) or None,
        pretrained=True,
        source=job.model_source.path,
        may_end_early=True,
        by_length=True,
    )
    return WatchRun(run.training_path, intent)
