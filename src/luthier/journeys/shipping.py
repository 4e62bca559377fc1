"""From the best checkpoint to the folder that ships, and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from luthier.errors import Problem, RunFolderError
from luthier.records import TrainJob
from luthier.run_folder import RunFolder, write_json

if TYPE_CHECKING:
    from luthier.engines.local import LocalEngine

MANIFEST = "luthier.json"


def ship(run: RunFolder, engine: LocalEngine, job: TrainJob) -> None:
    """Write `model/` from `checkpoints/best`, with a manifest that binds its parts together."""
    from luthier.models.pretrained import load_tokenizer
    from luthier.models.shipped import save_shipped

    model, best = engine.best_model(job)
    max_length = job.settings.text.max_length
    save_shipped(model, load_tokenizer(job.model_source), job.label_names, max_length, run.model)
    write_json(
        run.model / MANIFEST,
        {
            "parity_class": "plain",
            "digest": best.digest,
            "step": best.step,
            "labels": list(job.label_names),
            "max_length": max_length,
            "base_model": job.model_source.name,
            "task": job.settings.task,
        },
    )


def manifest(run: RunFolder) -> dict[str, Any]:
    """The manifest of the shipped model.

    Raises:
        RunFolderError: when the run has no model yet, or the manifest cannot be read.
    """
    run.require("model")
    path = run.model / MANIFEST
    try:
        value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise RunFolderError(
            Problem("the manifest of the model cannot be read", where=str(path)),
            next_step=f"luthier workup --resume --run-dir {run.path}",
        ) from error
    return value
