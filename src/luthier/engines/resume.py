"""What a run depends on, and whether it is still the same when the run is resumed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from luthier.errors import Problem, RunFolderError
from luthier.kit.digest import digest_of_arrays
from luthier.records import Encoded, TrainJob

FREE = frozenset(
    f"train.{name}" for name in ("time_budget", "save_steps", "threads", "report_to", "fsdp")
)
"""Settings that may change between the parts of a run: they do not touch what is computed."""


def inputs_of_run(job: TrainJob) -> dict[str, str]:
    """Everything that decides the result: setting or part -> its value or digest."""
    settings = job.settings.model_dump(mode="json", include={"text", "model", "train"})
    inputs = {
        f"{block}.{name}": json.dumps(value, ensure_ascii=False, sort_keys=True)
        for block, values in settings.items()
        for name, value in values.items()
    }
    inputs = {name: value for name, value in inputs.items() if name not in FREE}
    inputs["model.name_or_path"] = job.model_source.name
    inputs["evaluate.train_rows"] = str(job.settings.evaluate.train_rows)
    inputs["trained embeddings"] = "used_rows"  # the optimizer's state has their shape
    inputs["labels"] = json.dumps(job.label_names, ensure_ascii=False)
    for split in ("train", "validation"):
        inputs[f"{split} rows"] = _digest(job.encoded[split])
    return inputs


def check_inputs(before: Mapping[str, str], now: Mapping[str, str], folder: Path) -> None:
    """Compare what a run began with to what it is resumed with.

    Raises:
        RunFolderError: naming everything that has changed.
    """
    changed = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    if not changed:
        return
    raise RunFolderError(
        [
            Problem(
                "the rows or their encoding are not those this run began with"
                if name.endswith(" rows")
                else f"was {before.get(name)} when this run began and is {now.get(name)} now",
                where=f"{folder}: {name}",
            )
            for name in changed
        ],
        next_step="put it back to go on with this run, or train in a new run folder",
    )


def _digest(encoded: Encoded) -> str:
    flat = [encoded.flat[name] for name in sorted(encoded.flat)]
    return digest_of_arrays([encoded.row_ids, encoded.targets, encoded.offsets, *flat])
