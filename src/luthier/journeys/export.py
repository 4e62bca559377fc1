"""Exporting the model of a run, and finding out what the export is worth.

A graph that answers a little differently is another model. So it is asked in a fresh process for
every validation row, beside torch in this one: the texts as they arrive, their token ids, the
logits and the labels are compared, the first stage that differs is named, and the loss of the
figure that training chose by is measured. No look at the test rows is spent.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import TypeAdapter

from luthier.errors import InputError, ModelError, Problem, did_you_mean
from luthier.formats.onnx import FORMATS, Format, require_onnx_packages, write_onnx
from luthier.journeys.export_cost import TOLERANCE, answered_otherwise, cost_of
from luthier.journeys.exports import FACTS, export_folder
from luthier.journeys.opening import open_run
from luthier.journeys.shipping import load_bound_model
from luthier.journeys.walk import Walk
from luthier.records import (
    EXPORT_STAGES,
    AnyPredictions,
    Encoded,
    Exported,
    FloatArray,
    Progress,
    Rows,
    Task,
)
from luthier.run_folder import RunFolder, atomic_folder, sha256_of_file, write_json
from luthier.settings import Settings
from luthier.settings_file import from_run_yaml
from luthier.tasks import get_task

if TYPE_CHECKING:
    from transformers import PreTrainedModel

PROBE = "luthier.journeys.export_probe"
PACKAGES = ("torch", "transformers", "onnx", "onnxscript", "onnxruntime")


@dataclass(frozen=True, slots=True)
class _Reference:
    """What this process and torch make of the rows."""

    task: Task
    rows: Rows
    encoded: Encoded
    logits: FloatArray
    answers: AnyPredictions
    seconds: float


def export(run: str | Path | RunFolder, kind: str = "onnx") -> Exported:
    """Write `exports/<kind>/` from `model/`, check it in a fresh process, and say what it costs.

    Args:
        run: the run folder; its data must be where they were.
        kind: `onnx` or `onnx-int8`.

    Returns:
        What differs and at which stage first, the loss of the figure with its interval, the speed.

    Raises:
        InputError: when there is no such format.
        ModelError: when the model cannot be exported, or the fresh process fails.
        MissingExtraError: when a package is not installed.
        RunFolderError: when the model is not the one that training chose.
    """
    chosen = next((one for one in FORMATS if one == kind), None)
    if chosen is None:
        raise InputError(
            Problem(f"there is no format {kind!r}", where="format",
                    hint=did_you_mean(kind, FORMATS)),
            next_step=f"one of: {', '.join(FORMATS)}",
        )  # fmt: skip
    require_onnx_packages(to_write=True)
    folder = open_run(run)
    walk = Walk(folder, from_run_yaml(folder.settings_path), _nobody, lambda: False, resume=True)
    with folder.lock():
        return _export(folder, walk.load(), chosen)


def _nobody(_: Progress) -> None:
    return None


def _export(run: RunFolder, rows: Rows, kind: Format) -> Exported:
    model, tokenizer, bound = load_bound_model(run)
    settings = from_run_yaml(run.settings_path).settings
    judged = rows.only(run.splits.ids_of("validation"))
    task, names = get_task(bound["task"]), tuple(bound["labels"])
    encoded = task.encode(judged, names, tokenizer, settings.text)
    logits, seconds = _timed(model, encoded, settings)
    answers = task.answers(encoded, logits, names, bound["digest"], bound["thresholds"])
    here = _Reference(task, judged, encoded, logits, answers, seconds)
    with atomic_folder(export_folder(run, kind)) as folder:
        write_onnx(model, _sample(model, encoded), folder, kind)
        told = _in_fresh_process(run, folder, judged)
        there = task.answers(encoded, told["logits"], names, bound["digest"], bound["thresholds"])
        facts = replace(
            _compared(here, told, there, kind, settings),
            model_digest=bound["digest"],
            files={path.name: sha256_of_file(path) for path in sorted(folder.iterdir())},
        )
        write_json(folder / FACTS, TypeAdapter(Exported).dump_python(facts, mode="json"))
    return facts


def _timed(
    model: PreTrainedModel, encoded: Encoded, settings: Settings
) -> tuple[FloatArray, float]:
    """Logits of torch on this machine's processor, and the seconds they took."""
    import torch

    from luthier.engines.device import cpu_threads
    from luthier.engines.inference import logits_of

    cpu = torch.device("cpu")
    with cpu_threads(settings.train.threads):
        logits_of(model, encoded.take(np.arange(1)), settings, cpu)  # to warm up
        began = time.perf_counter()
        logits = logits_of(model, encoded, settings, cpu)
        return logits, time.perf_counter() - began


def _sample(model: PreTrainedModel, encoded: Encoded) -> dict[str, Any]:
    """Two texts of different length, so that neither size is taken for fixed."""
    import torch

    from luthier.engines.forward import inputs_of

    order = np.argsort(encoded.lengths, kind="stable")
    ends = order[[0, -1]] if len(order) > 1 else order[[0, 0]]
    return inputs_of(model, encoded, ends, torch.device("cpu"))


def _in_fresh_process(run: RunFolder, folder: Path, rows: Rows) -> dict[str, Any]:
    """What the probe tells of these rows: `text`, `ids`, `offsets`, `logits`, `seconds`."""
    texts = {
        name: list(rows.columns[name]) for name in ("text", "text_pair") if name in rows.columns
    }
    with tempfile.TemporaryDirectory() as temporary:
        asked, told = Path(temporary) / "asked.json", Path(temporary) / "told.npz"
        asked.write_text(json.dumps(texts), encoding="utf-8")
        done = subprocess.run(  # noqa: S603 - our own interpreter, a list of arguments, no shell
            [sys.executable, "-m", PROBE, str(run.path), str(folder), str(asked), str(told)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
        )
        if done.returncode or not told.exists():
            last = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
            raise ModelError(
                Problem(f"the fresh process that checks it failed: {last}", where=str(folder)),
                next_step="the model in model/ works as before",
            )
        with np.load(told, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}


def digests_of_texts(rows: Rows) -> list[str]:
    """Hex sha256 of each text, the second one included where there are two."""
    return [
        hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        for text in rows.columns["text"]
    ]


def _compared(
    here: _Reference,
    told: dict[str, Any],
    there: AnyPredictions,
    kind: Format,
    settings: Settings,
) -> Exported:
    logits = told["logits"]
    gaps = np.abs(logits - here.logits).max(axis=1)
    spread = float(np.abs(here.logits - here.logits.mean(axis=0)).max())
    tolerance = TOLERANCE * max(spread, 1e-6) if kind == "onnx" else None
    ids = told["ids"], told["offsets"]
    ours = here.encoded.flat["input_ids"], here.encoded.offsets
    texts = zip(digests_of_texts(here.rows), told["text"].tolist(), strict=True)
    stages = {
        "text": sum(one != other for one, other in texts),
        "tokens": sum(
            not np.array_equal(a, b) for a, b in zip(_cut(*ours), _cut(*ids), strict=True)
        ),
        "logits": 0 if tolerance is None else int((gaps > tolerance).sum()),
        "label": answered_otherwise(here.answers, there),
    }
    n = len(here.rows)
    metric = settings.train.metric_for_best_model
    return Exported(
        format=kind,
        model_digest="",
        files={},
        rows=n,
        stages=stages,
        first_stage=next((stage for stage in EXPORT_STAGES if stages[stage]), None),
        tolerance=tolerance,
        largest_difference=float(gaps.max()),
        metric=metric,
        loss=cost_of(here.task, here.answers, there, metric),
        seconds_per_1000_rows=1000 * float(told["seconds"]) / n,
        torch_seconds_per_1000_rows=1000 * here.seconds / n,
        versions={name: metadata.version(name) for name in PACKAGES},
    )


def _cut(flat: Any, offsets: Any) -> list[Any]:
    return [flat[a:b] for a, b in pairwise(offsets.tolist())]
