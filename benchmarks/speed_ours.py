"""Luthier as a contender."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.speed_cells import (
    BATCH,
    MAX_LENGTH,
    PATIENCE,
    Answered,
    Cell,
    Curve,
    Rows,
    facts_of,
    half_of_layers,
    shipped_folder,
)

LARGE = 10_000
"""Rows of the whole data sets, roughly: what the recipe for a head alone looks at."""


def luthier_trains(cell: Cell, rows: Rows) -> Answered:
    from luthier.engines.local import LocalEngine
    from luthier.models.pretrained import find_model, load_tokenizer, save_shipped
    from luthier.records import Evaluated, Stepped, Stopped, TrainJob
    from luthier.tasks import get_task

    task, engine, settings = get_task("text_classification"), LocalEngine(), _settings(cell)
    source = find_model(cell.model)
    tokenizer = load_tokenizer(source)
    checkpoints = Path(cell.work) / "checkpoints" / cell.name
    shutil.rmtree(checkpoints, ignore_errors=True)
    began, cpu = time.perf_counter(), time.process_time()
    encoded = {
        part: task.encode(_luthier_rows(rows, part), rows.names, tokenizer, settings.text)
        for part in ("train", "validation")
    }
    job = TrainJob(task, source, rows.names, encoded, settings, checkpoints)
    epochs: list[float] = [0.0]
    curve: Curve = []
    for event in engine.train(job):
        if isinstance(event, Stepped):
            epochs[-1] += event.seconds
        elif isinstance(event, Evaluated):
            epochs.append(0.0)
            curve.append((time.perf_counter() - began, event.validation["macro_f1"]))
        elif isinstance(event, Stopped):
            epochs.pop()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    model, _ = engine.best_model(job)
    if cell.contender == "luthier_full":
        save_shipped(model, tokenizer, rows.names, MAX_LENGTH, shipped_folder(cell))
    tested = task.encode(_luthier_rows(rows, "test"), rows.names, tokenizer, settings.text)
    predicted = engine.logits(model, tested, settings).argmax(1)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return Answered(predicted.tolist(), facts_of(seconds, cpu, epochs, curve))


def luthier_auto(cell: Cell, rows: Rows) -> Answered:
    """As `luthier workup` trains: recipe auto, its measuring of this machine included."""
    import luthier
    from luthier.records import Evaluated, StageBegan, TrainingSaid

    folder = Path(cell.work) / "auto" / cell.name
    shutil.rmtree(folder, ignore_errors=True)
    data = _as_files(rows, folder / "data")
    began: list[tuple[float, float]] = []
    curve: Curve = []

    def listen(said: Any) -> None:
        now = time.perf_counter()
        if isinstance(said, StageBegan) and said.verb == "encode":
            began.append((now, time.process_time()))
        elif isinstance(said, TrainingSaid) and isinstance(said.event, Evaluated):
            curve.append((now - began[0][0], said.event.validation["macro_f1"]))

    run = luthier.workup(
        data,
        run_dir=folder / "run",
        settings={"model.name_or_path": cell.model, "train.seed": cell.seed},
        until="train",
        listen=listen,
    )
    start, cpu = began[0]
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    answered = run.predict(rows.texts["test"])
    number = {name: i for i, name in enumerate(rows.names)}
    predicted = [number[answered.label_names[i]] for i in answered.predicted.tolist()]
    chosen = _chosen(folder / "run")
    shutil.rmtree(folder, ignore_errors=True)
    return Answered(predicted, {**facts_of(seconds, cpu, (), curve), "chosen": chosen})


def _chosen(run: Path) -> dict[str, Any]:
    """What recipe auto decided."""
    from luthier.settings_file import from_run_yaml

    settings = from_run_yaml(run / "run.yaml").settings
    return {
        "strategy": settings.model.strategy,
        "num_train_epochs": settings.train.num_train_epochs,
        "learning_rate": settings.train.learning_rate,
        "time_budget": settings.train.time_budget,
        "threads": settings.train.threads,
    }


def first_result(cell: Cell, rows: Rows) -> Answered:
    """`luthier workup` with a frozen encoder, as a person types it: floors, figures, report."""
    import luthier

    folder = Path(cell.work) / "first" / cell.name
    shutil.rmtree(folder, ignore_errors=True)
    data = _as_files(rows, folder / "data")
    wanted = ["--model.name_or_path", cell.model, "--model.strategy", "frozen"]
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "luthier", "workup", data, "--run-dir", folder / "run", *wanted],
        check=False,  # 1 when a finding is of high severity
        capture_output=True,
    )
    seconds = time.perf_counter() - began
    found = luthier.Run(folder / "run").answers("test")
    number = {name: i for i, name in enumerate(rows.names)}
    own = found.predicted[np.argsort(found.row_ids)]
    predicted = [number[found.label_names[i]] for i in own.tolist()]
    shutil.rmtree(folder, ignore_errors=True)
    return Answered(predicted, facts_of(seconds, 0.0, (), []))


def _as_files(rows: Rows, folder: Path) -> Path:
    folder.mkdir(parents=True)
    for part in ("train", "validation", "test"):
        lines = [
            json.dumps({"text": text, "label": rows.names[i]}, ensure_ascii=False)
            for text, i in zip(rows.texts[part], rows.labels[part], strict=True)
        ]
        (folder / f"{part}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def luthier_predicts(cell: Cell, rows: Rows) -> Answered:
    import torch

    from luthier.engines.forward import inputs_of
    from luthier.engines.local import LocalEngine
    from luthier.formats.onnx import OnnxModel, write_onnx
    from luthier.models.pretrained import load_shipped
    from luthier.stages.predict import predict
    from luthier.tasks import get_task

    task, settings = get_task("text_classification"), _settings(cell)
    model, tokenizer = load_shipped(shipped_folder(cell))
    engine: Any = LocalEngine()
    some = _luthier_rows(rows, "test").take(range(64))
    if cell.contender != "luthier_torch":
        folder = Path(cell.work) / "exports" / cell.name
        folder.mkdir(parents=True, exist_ok=True)
        encoded = task.encode(some, rows.names, tokenizer, settings.text)
        sample = inputs_of(model, encoded, np.arange(2), torch.device("cpu"))
        kind = "onnx-int8" if cell.contender.endswith("int8") else "onnx"
        write_onnx(model, sample, folder, kind)
        engine = OnnxModel(folder, tokenizer.pad_token_id or 0, cell.threads)

    def answer(asked: Any) -> Any:
        told = predict(task, engine, model, tokenizer, asked, rows.names, settings, "")
        return told.predictions.predicted

    answer(some)
    asked = _luthier_rows(rows, "asked")
    began, cpu = time.perf_counter(), time.process_time()
    predicted = answer(asked)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    return Answered(predicted.tolist(), facts_of(seconds, cpu, (), []))


def _luthier_rows(rows: Rows, part: str) -> Any:
    from luthier.records import Rows as LuthierRows
    from luthier.records import Source

    n = len(rows.texts[part])
    first = {"train": 0, "validation": 10**7, "test": 2 * 10**7, "asked": 3 * 10**7}[part]
    columns = {"text": rows.texts[part], "label": [rows.names[i] for i in rows.labels[part]]}
    ids = np.arange(first, first + n)
    return LuthierRows(ids, columns, [""] * n, [None] * n, Source("", (), n, {}))


def _settings(cell: Cell) -> Any:
    from luthier.recipes import head_alone
    from luthier.settings import Settings

    chosen: dict[str, Any] = {
        "text.max_length": MAX_LENGTH,
        "train.num_train_epochs": cell.epochs,
        "train.learning_rate": cell.learning_rate,
        "train.per_device_train_batch_size": BATCH,
        "train.early_stopping_patience": PATIENCE,
        "train.threads": cell.threads,
        "train.seed": cell.seed,
    }
    if "partial" in cell.contender:
        chosen |= {"model.strategy": "partial", "model.trainable_layers": half_of_layers(cell)}
    if "frozen" in cell.contender:
        chosen |= {"model.strategy": "frozen", **head_alone(cell.rows or LARGE).values}
    if cell.contender.endswith("without_cache"):
        chosen["train.trunk_cache_gb"] = 0
    tree: dict[str, dict[str, Any]] = {}
    for name, value in chosen.items():
        block, _, key = name.partition(".")
        tree.setdefault(block, {})[key] = value
    return Settings.model_validate(tree)
