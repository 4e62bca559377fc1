"""Luthier beside what a person would take instead: the same rows, weights, threads and machine.

    python benchmarks/speed.py                    every cell, five seeds; hours on two cores
    python benchmarks/speed.py --quick            400 rows, two epochs, one seed: does it run?
    python benchmarks/speed.py --only cic_zh      cells whose name holds this

Each cell (data, model, contender, seed) runs in a process of its own and leaves a JSON file and its
test answers in the work folder, so a run that was stopped goes on where it was; `--again` forgets
them. A summary of all cells that are there goes to benchmarks/results/speed.json (with --quick into
the work folder). Training is timed from texts in memory to the best checkpoint on disk, tokenising,
measuring after each epoch and early stopping included; loading the libraries is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from luthier.kit.environment import describe_environment

HERE = Path(__file__).parent
ROOT = HERE.parent
SHARED_DATA = ROOT.parent / "shared" / "data"
RESULT = HERE / "results" / "speed.json"
STAND_IN = "starter"
DATA = ("cic_zh", "tnews_zh", "banking77_en")
TRAINERS = (
    "trainer_max_length",
    "trainer_group_by_length",
    "trainer_batch_rebalance",
    "luthier_full",
    "luthier_partial",
    "luthier_partial_without_cache",
    "luthier_frozen",
    "sentence_transformers_lr",
)
PREDICTORS = ("pipeline", "luthier_torch", "luthier_onnx", "luthier_onnx_int8")
RATIOS = (
    ("luthier_full", "trainer_max_length", "epoch_seconds"),
    ("luthier_full", "trainer_best", "seconds"),
    ("luthier_partial", "trainer_best", "seconds"),
    ("luthier_partial", "luthier_partial_without_cache", "seconds"),
    ("luthier_frozen", "trainer_best", "seconds"),
    ("luthier_frozen", "sentence_transformers_lr", "seconds"),
    *((one, "pipeline", "seconds") for one in PREDICTORS[1:]),
)
"""Ours, the measure, and what is compared; `trainer_best` is the faster of the two on this data."""
BATCH, MAX_LENGTH, PATIENCE = 32, 128, 3
MARGIN = 0.005
PACKAGES = ("luthier", "torch", "transformers", "sentence-transformers", "onnxruntime", "numpy")


@dataclass(frozen=True)
class Cell:
    """One measurement."""

    kind: str
    data: str
    contender: str
    seed: int
    model: str
    rows: int
    texts: int
    epochs: int
    learning_rate: float
    threads: int
    work: str

    @property
    def name(self) -> str:
        """Of its files."""
        model = Path(self.model).name
        return f"{self.kind}.{self.data}.{model}.{self.rows}.{self.contender}.{self.seed}"


def main() -> None:
    """Run the cells that are missing, then write the summary."""
    options = _options()
    if options.cell:
        _measure(Cell(**json.loads(options.cell)))
        return
    work = Path(options.work)
    work.mkdir(parents=True, exist_ok=True)
    every = _cells(options)
    cells = [cell for cell in every if options.only in cell.name]
    for number, cell in enumerate(cells, start=1):
        done = work / f"{cell.name}.json"
        if done.exists() and not options.again:
            continue
        print(f"{number}/{len(cells)} {cell.name}", file=sys.stderr, flush=True)
        _in_process(cell)
    found = [work / f"{cell.name}.json" for cell in every]
    results = [json.loads(path.read_text(encoding="utf-8")) for path in found if path.exists()]
    target = work / "speed.json" if options.quick else RESULT
    target.write_text(json.dumps(_summary(results, work), indent=1) + "\n", encoding="utf-8")
    print(target)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--model", default=STAND_IN)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--learning-rate", type=float, default=2e-4)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--work", default=str(Path("/tmp") / "luthier_speed"))
    parser.add_argument("--cell", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def _cells(options: argparse.Namespace) -> list[Cell]:
    rows, texts, epochs, seeds = (
        (400, 400, 2, 1) if options.quick else (0, 20_000, 15, options.seeds)
    )
    from luthier.models.pretrained import find_model

    model = find_model(options.model).path
    common = {
        "model": model, "rows": rows, "texts": texts, "epochs": epochs,
        "learning_rate": options.learning_rate, "threads": options.threads, "work": options.work,
    }  # fmt: skip
    return [
        Cell(kind=kind, data=data, contender=contender, seed=seed, **common)
        for data in DATA
        if (SHARED_DATA / data).is_dir()
        for seed in range(seeds)
        for kind, contenders in (("train", TRAINERS), ("predict", PREDICTORS))
        for contender in contenders
    ]


def _in_process(cell: Cell) -> None:
    threads = {name: str(cell.threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    here = Path(cell.work) / f"{cell.name}.json"
    home = Path(cell.work) / "home" / cell.name  # what a contender keeps must not help another
    shutil.rmtree(home, ignore_errors=True)
    done = subprocess.run(
        [sys.executable, __file__, "--cell", json.dumps(asdict(cell))],
        env={**os.environ, **threads, "HF_HUB_OFFLINE": "1", "LUTHIER_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    shutil.rmtree(home, ignore_errors=True)
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        here.write_text(json.dumps({"cell": asdict(cell), "failed": why}), encoding="utf-8")
        print(f"  failed: {why}", file=sys.stderr)


# one cell -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rows:
    """Texts and label numbers of the three splits."""

    names: tuple[str, ...]
    texts: dict[str, list[str]]
    labels: dict[str, list[int]]


@dataclass(frozen=True)
class Answered:
    """What a contender gives back."""

    predicted: Sequence[int]
    facts: dict[str, Any]


def _measure(cell: Cell) -> None:
    rows = _rows(cell)
    contender = _contender(cell)
    answered = contender(cell, rows)
    judged = "test" if cell.kind == "train" else "asked"
    truth = np.array(rows.labels[judged])
    predicted = np.array(answered.predicted)
    result = {
        "cell": asdict(cell),
        "train_rows": len(rows.texts["train"]),
        "judged_rows": len(truth),
        "macro_f1": macro_f1(truth, predicted),
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "load": os.getloadavg()[0],
        **answered.facts,
    }
    work = Path(cell.work)
    np.savez(work / f"{cell.name}.npz", truth=truth, predicted=predicted)
    (work / f"{cell.name}.json").write_text(json.dumps(result), encoding="utf-8")


def _rows(cell: Cell) -> Rows:
    from luthier import load
    from luthier.settings import SplitSettings
    from luthier.stages.split import split

    loaded = load(SHARED_DATA / cell.data)
    splits = split(loaded, SplitSettings())
    names = tuple(sorted(set(loaded.columns["label"])))
    number = {name: i for i, name in enumerate(names)}
    texts: dict[str, list[str]] = {}
    labels: dict[str, list[int]] = {}
    for part in ("train", "validation", "test"):
        some = loaded.only(splits.ids_of(part))
        if cell.rows:
            some = some.take(np.random.default_rng(0).permutation(len(some))[: cell.rows])
        texts[part] = [str(text) for text in some.columns["text"]]
        labels[part] = [number[label] for label in some.columns["label"]]
    again = [i % len(texts["test"]) for i in range(cell.texts)]
    texts["asked"] = [texts["test"][i] for i in again]
    labels["asked"] = [labels["test"][i] for i in again]
    return Rows(names, texts, labels)


def _contender(cell: Cell) -> Callable[[Cell, Rows], Answered]:
    if cell.kind == "predict":
        return _pipeline if cell.contender == "pipeline" else _luthier_predicts
    if cell.contender.startswith("trainer"):
        return _trainer
    return _sentence_transformers if cell.contender.startswith("sentence") else _luthier_trains


def _luthier_rows(rows: Rows, part: str) -> Any:
    from luthier.records import Rows as LuthierRows
    from luthier.records import Source

    n = len(rows.texts[part])
    first = {"train": 0, "validation": 10**7, "test": 2 * 10**7, "asked": 3 * 10**7}[part]
    columns = {"text": rows.texts[part], "label": [rows.names[i] for i in rows.labels[part]]}
    ids = np.arange(first, first + n)
    return LuthierRows(ids, columns, [""] * n, [None] * n, Source("", (), n, {}))


def _settings(cell: Cell) -> Any:
    from luthier.settings import Settings

    strategy = {
        "luthier_partial": {"strategy": "partial", "trainable_layers": _half_of_layers(cell)},
        "luthier_partial_without_cache": {
            "strategy": "partial", "trainable_layers": _half_of_layers(cell),
        },
        "luthier_frozen": {"strategy": "frozen"},
    }.get(cell.contender, {})  # fmt: skip
    without = {"trunk_cache_gb": 0} if cell.contender.endswith("without_cache") else {}
    rate = 2e-3 if cell.contender == "luthier_frozen" else cell.learning_rate
    return Settings.model_validate(
        {
            "model": strategy,
            "text": {"max_length": MAX_LENGTH},
            "train": {
                "num_train_epochs": cell.epochs,
                "learning_rate": rate,
                "per_device_train_batch_size": BATCH,
                "early_stopping_patience": PATIENCE,
                "threads": cell.threads,
                "seed": cell.seed,
                **without,
            },
        }
    )


def _half_of_layers(cell: Cell) -> int:
    from luthier.models.facts import describe_model
    from luthier.models.pretrained import find_model

    return max(1, describe_model(find_model(cell.model)).layers // 2)


def _luthier_trains(cell: Cell, rows: Rows) -> Answered:
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
    best = 0.0
    for event in engine.train(job):
        if isinstance(event, Stepped):
            epochs[-1] += event.seconds
        elif isinstance(event, Evaluated):
            epochs.append(0.0)
            best = time.perf_counter() - began if event.is_best else best
        elif isinstance(event, Stopped):
            epochs.pop()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    model, _ = engine.best_model(job)
    if cell.contender == "luthier_full":
        save_shipped(model, tokenizer, rows.names, MAX_LENGTH, _shipped(cell))
    tested = task.encode(_luthier_rows(rows, "test"), rows.names, tokenizer, settings.text)
    predicted = engine.logits(model, tested, settings).argmax(1)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return Answered(predicted.tolist(), _facts(seconds, cpu, epochs, best))


def _facts(seconds: float, cpu: float, epochs: Sequence[float], best: float) -> dict[str, Any]:
    return {
        "seconds": seconds,
        "processor_seconds": cpu,
        "seconds_to_best": best,
        "epochs": len(epochs),
        "epoch_seconds": statistics.median(epochs) if epochs else None,
    }


def _shipped(cell: Cell) -> Path:
    name = f"{cell.data}.{Path(cell.model).name}.{cell.rows}.{cell.seed}"
    return Path(cell.work) / "shipped" / name


def _trainer(cell: Cell, rows: Rows) -> Answered:
    import torch
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        EarlyStoppingCallback,
        Trainer,
        TrainerCallback,
        TrainingArguments,
        set_seed,
    )

    torch.set_num_threads(cell.threads)
    padded = cell.contender == "trainer_max_length"
    strategy = "random" if padded else cell.contender.removeprefix("trainer_")
    folder = Path(cell.work) / "trainer" / cell.name
    shutil.rmtree(folder, ignore_errors=True)
    times: dict[str, list[float]] = {"begin": [], "end": [], "judged": []}
    scores: list[float] = []

    class Clock(TrainerCallback):  # type: ignore[misc]
        def on_epoch_begin(self, *_: Any, **__: Any) -> None:
            times["begin"].append(time.perf_counter())

        def on_epoch_end(self, *_: Any, **__: Any) -> None:
            times["end"].append(time.perf_counter())

        def on_evaluate(self, *_: Any, metrics: dict[str, float], **__: Any) -> None:
            times["judged"].append(time.perf_counter())
            scores.append(metrics["eval_macro_f1"])

    set_seed(cell.seed)
    began, cpu = time.perf_counter(), time.process_time()
    tokenizer = AutoTokenizer.from_pretrained(cell.model)
    parts = {
        part: _tokenised(tokenizer, rows, part, padded=padded) for part in ("train", "validation")
    }
    model = AutoModelForSequenceClassification.from_pretrained(
        cell.model, num_labels=len(rows.names), dtype=torch.float32
    )
    arguments = TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=cell.epochs,
        learning_rate=cell.learning_rate,
        per_device_train_batch_size=BATCH,
        per_device_eval_batch_size=BATCH,
        warmup_steps=0.1,
        weight_decay=0.01,
        optim="adamw_torch_fused",
        train_sampling_strategy=strategy,
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=1,
        load_best_model_at_end=True,
        metric_for_best_model="macro_f1",
        greater_is_better=True,
        logging_strategy="no",
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
        seed=cell.seed,
    )
    trainer = Trainer(
        model,
        arguments,
        train_dataset=parts["train"],
        eval_dataset=parts["validation"],
        data_collator=None if padded else DataCollatorWithPadding(tokenizer),
        processing_class=tokenizer,
        compute_metrics=lambda p: {"macro_f1": macro_f1(p.label_ids, p.predictions.argmax(1))},
        callbacks=[EarlyStoppingCallback(PATIENCE), Clock()],
    )
    trainer.train()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    epochs = [b - a for a, b in zip(times["begin"], times["end"], strict=False)]
    best = times["judged"][int(np.argmax(scores))] - began
    tested = trainer.predict(_tokenised(tokenizer, rows, "test", padded=padded))
    shutil.rmtree(folder, ignore_errors=True)
    return Answered(tested.predictions.argmax(1).tolist(), _facts(seconds, cpu, epochs, best))


def _tokenised(tokenizer: Any, rows: Rows, part: str, *, padded: bool) -> list[dict[str, Any]]:
    told = tokenizer(
        rows.texts[part],
        truncation=True,
        max_length=MAX_LENGTH,
        padding="max_length" if padded else False,
    )
    return [
        {**{name: told[name][i] for name in told}, "labels": label}
        for i, label in enumerate(rows.labels[part])
    ]


def _sentence_transformers(cell: Cell, rows: Rows) -> Answered:
    import torch
    from sentence_transformers import SentenceTransformer
    from sklearn.linear_model import LogisticRegression

    torch.set_num_threads(cell.threads)
    began, cpu = time.perf_counter(), time.process_time()
    encoder = SentenceTransformer(cell.model, device="cpu")
    encoder.max_seq_length = MAX_LENGTH
    learned = encoder.encode(rows.texts["train"], batch_size=BATCH)
    linear = LogisticRegression(max_iter=1000, random_state=cell.seed)
    linear.fit(learned, rows.labels["train"])
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    predicted = linear.predict(encoder.encode(rows.texts["test"], batch_size=BATCH))
    return Answered(predicted.tolist(), _facts(seconds, cpu, (), seconds))


def _pipeline(cell: Cell, rows: Rows) -> Answered:
    import torch
    from transformers import pipeline

    torch.set_num_threads(cell.threads)
    asked = pipeline("text-classification", model=str(_shipped(cell)), device="cpu")
    asked(rows.texts["asked"][:64], batch_size=32, truncation=True)
    began, cpu = time.perf_counter(), time.process_time()
    told = asked(rows.texts["asked"], batch_size=32, truncation=True)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    number = {name: i for i, name in enumerate(rows.names)}
    return Answered([number[one["label"]] for one in told], _facts(seconds, cpu, (), seconds))


def _luthier_predicts(cell: Cell, rows: Rows) -> Answered:
    import torch

    from luthier.engines.forward import inputs_of
    from luthier.engines.local import LocalEngine
    from luthier.formats.onnx import OnnxModel, write_onnx
    from luthier.models.pretrained import load_shipped
    from luthier.stages.predict import predict
    from luthier.tasks import get_task

    task, settings = get_task("text_classification"), _settings(cell)
    model, tokenizer = load_shipped(_shipped(cell))
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
    return Answered(predicted.tolist(), _facts(seconds, cpu, (), seconds))


# the summary ----------------------------------------------------------------------------------


def macro_f1(truth: Any, predicted: Any) -> float:
    """Over the labels that occur in either, as scikit-learn does it; 0 where undefined."""
    labels = int(max(np.max(truth), np.max(predicted))) + 1
    right = np.bincount(truth[truth == predicted], minlength=labels)
    both = np.bincount(truth, minlength=labels) + np.bincount(predicted, minlength=labels)
    return float((2 * right[both > 0] / both[both > 0]).mean())


def _summary(results: Sequence[dict[str, Any]], work: Path) -> dict[str, Any]:
    good = [one for one in results if "failed" not in one]
    compared = [
        found
        for data in DATA
        for ours, measure, what in RATIOS
        if (found := _ratio(good, data, ours, measure, what, work)) is not None
    ]
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "command": "python benchmarks/speed.py " + " ".join(sys.argv[1:]),
        "hardware": describe_environment("")["hardware"],
        "versions": {name: _version(name) for name in PACKAGES},
        "ratios": compared,
        "cells": good,
        "failed": [one for one in results if "failed" in one],
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _ratio(
    good: Sequence[dict[str, Any]], data: str, ours: str, measure: str, what: str, work: Path
) -> dict[str, Any] | None:
    """How many times as fast, with both scores and the interval of their paired difference."""

    def cells(contender: str) -> dict[int, dict[str, Any]]:
        return {
            one["cell"]["seed"]: one
            for one in good
            if (one["cell"]["data"], one["cell"]["contender"]) == (data, contender)
        }

    if measure == "trainer_best":
        both = (cells("trainer_group_by_length"), cells("trainer_batch_rebalance"))
        there = [found for found in both if found]
        theirs = min(there, key=lambda f: _median(f, "seconds"), default={})
    else:
        theirs = cells(measure)
    own = cells(ours)
    seeds = sorted(own.keys() & theirs.keys())
    if not seeds or any(one[what] is None for f in (own, theirs) for one in f.values()):
        return None
    low, high = _difference([(own[s]["cell"], theirs[s]["cell"]) for s in seeds], work)
    return {
        "data": data,
        "ours": ours,
        "measure": theirs[seeds[0]]["cell"]["contender"],
        "what": what,
        "times_as_fast": _median(theirs, what) / _median(own, what),
        "our_macro_f1": statistics.mean(own[s]["macro_f1"] for s in seeds),
        "their_macro_f1": statistics.mean(theirs[s]["macro_f1"] for s in seeds),
        "difference_low": low,
        "difference_high": high,
        "non_inferior": low > -MARGIN,
        "seeds": len(seeds),
    }


def _median(cells: dict[int, dict[str, Any]], what: str) -> float:
    return statistics.median(one[what] for one in cells.values())


def _difference(
    pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]], work: Path, samples: int = 500
) -> tuple[float, float]:
    """95 % interval of our mean macro-F1 minus theirs: rows and seeds are drawn again."""
    rng = np.random.default_rng(0)
    answers = [[np.load(work / f"{Cell(**cell).name}.npz") for cell in pair] for pair in pairs]
    arrays = [[(one["truth"], one["predicted"]) for one in pair] for pair in answers]
    n = len(arrays[0][0][0])
    draws = []
    for _ in range(samples):
        rows = rng.integers(0, n, n)
        some = rng.integers(0, len(arrays), len(arrays))
        draws.append(
            statistics.mean(
                macro_f1(ours[0][rows], ours[1][rows]) - macro_f1(theirs[0][rows], theirs[1][rows])
                for ours, theirs in (arrays[i] for i in some)
            )
        )
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)


if __name__ == "__main__":
    main()
