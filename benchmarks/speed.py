"""Luthier beside what a person would take instead: the same rows, weights, threads and machine.

    python -m benchmarks.speed                    every cell that is missing; hours on two cores
    python -m benchmarks.speed --minutes 60       begin none after an hour
    python -m benchmarks.speed --quick            400 rows, two epochs, one seed: does it run?
    python -m benchmarks.speed --only cic_zh      cells whose name holds this

Each cell (data, model, contender, seed) runs in a process of its own and leaves a JSON file and its
test answers in benchmarks/results/speed, so the command goes on where it was stopped, another day
too; `--again` forgets them. What is compared with each other is run in turn, seed by seed. The
summary of all cells that are there goes to benchmarks/results/speed.json (with --quick all into the
work folder). Training is timed from texts in memory to the best checkpoint on disk, tokenising,
measuring after each epoch and early stopping included; loading the libraries is left out. The time
to the same macro-F1 is that to the lower of the two best figures on validation rows, seed by seed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from benchmarks.speed_cells import (
    EPOCHS_WHERE_ONE_IS_TIMED,
    EVERY_SEED,
    KINDS,
    SAMPLING,
    SHARED_DATA,
    Answered,
    Cell,
    Rows,
    rows_of,
    shipped_folder,
)
from benchmarks.speed_ours import first_result, luthier_auto, luthier_predicts, luthier_trains
from benchmarks.speed_summary import macro_f1, summary
from benchmarks.speed_theirs import pipeline_predicts, sentence_transformers_lr, trainer

HERE = Path(__file__).parent
RESULT = HERE / "results" / "speed.json"
CELLS = HERE / "results" / "speed"
DATA = {
    "cic_zh": ("starter", 5e-4),
    "tnews_zh": ("starter", 5e-4),
    "banking77_en": ("all-MiniLM-L6-v2", 2e-4),
}
"""Data, the model that learns it, and the learning rate of all contenders that train all layers or
some (what recipe auto takes for models of this size)."""


def main() -> None:
    """Run the cells that are missing, then write the summary."""
    options = _options()
    if options.cell:
        _measure(Cell(**json.loads(options.cell)), Path(options.cells))
        return
    found = Path(options.work) / "cells" if options.quick else Path(options.cells)
    found.mkdir(parents=True, exist_ok=True)
    if options.again:
        for file in found.glob(f"*{options.only}*.json"):
            file.unlink()
    until = time.monotonic() + 60 * options.minutes
    for cell in _cells(options, found):
        if options.only not in cell.name or (found / f"{cell.name}.json").exists():
            continue
        if time.monotonic() > until:
            break
        print(cell.name, file=sys.stderr, flush=True)
        _in_process(cell, found)
    results = [
        json.loads(path.read_text(encoding="utf-8")) for path in sorted(found.glob("*.json"))
    ]
    target = Path(options.work) / "speed.json" if options.quick else RESULT
    target.write_text(json.dumps(summary(results, found), indent=1) + "\n", encoding="utf-8")
    print(target)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--work", default=str(Path("/tmp") / "luthier_speed"))
    parser.add_argument("--cells", default=str(CELLS), help="folder of the measurements")
    parser.add_argument("--cell", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def _cells(options: argparse.Namespace, found: Path) -> Iterator[Cell]:
    """Every cell, seed by seed; what the first seed showed decides what later ones run."""
    rows, texts, epochs, seeds = (
        (400, 400, 2, 1) if options.quick else (0, 20_000, 15, options.seeds)
    )
    common = {"rows": rows, "texts": texts, "threads": options.threads, "work": options.work}
    for seed in range(seeds):
        for data, (model, rate) in DATA.items():
            if not (SHARED_DATA / data).is_dir():
                continue
            first = Cell("train", data, "", 0, model, epochs=epochs, learning_rate=rate, **common)
            for kind, contenders in KINDS.items():
                wanted = contenders if seed == 0 else _again(kind, first, found)
                for contender in wanted:
                    timed = contender == "trainer_max_length"
                    yield replace(
                        first,
                        kind=kind,
                        contender=contender,
                        seed=seed,
                        epochs=EPOCHS_WHERE_ONE_IS_TIMED if timed else epochs,
                    )


def _again(kind: str, first: Cell, found: Path) -> tuple[str, ...]:
    """What is run with every seed: of `Trainer`'s ways the one that was faster with the first."""
    if kind != "train":
        return ()
    seconds = {}
    for contender in SAMPLING:
        file = found / f"{replace(first, contender=contender).name}.json"
        if file.exists():
            measured = json.loads(file.read_text(encoding="utf-8"))
            seconds[contender] = measured.get("seconds", float("inf"))
    best = min(seconds, key=lambda contender: seconds[contender], default=SAMPLING[0])
    return (best, *EVERY_SEED)


def _in_process(cell: Cell, found: Path) -> None:
    threads = {name: str(cell.threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    home = Path(cell.work) / "home" / cell.name  # what a contender keeps must not help another
    shutil.rmtree(home, ignore_errors=True)
    told = ["--cell", json.dumps(asdict(cell)), "--cells", str(found)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.speed", *told],
        env={**os.environ, **threads, "HF_HUB_OFFLINE": "1", "LUTHIER_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    shutil.rmtree(home, ignore_errors=True)
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        failed = {"cell": cell.facts, "failed": why}
        (found / f"{cell.name}.json").write_text(json.dumps(failed), encoding="utf-8")
        print(f"  failed: {why}", file=sys.stderr)


def _measure(cell: Cell, found: Path) -> None:
    rows = rows_of(cell)
    if cell.kind == "predict" and not shipped_folder(cell).exists():
        luthier_trains(replace(cell, kind="train", contender="luthier_full"), rows)
    answered = _contender(cell)(cell, rows)
    judged = "asked" if cell.kind == "predict" else "test"
    truth = np.array(rows.labels[judged], dtype=np.int16)
    predicted = np.array(answered.predicted, dtype=np.int16)
    result = {
        "cell": cell.facts,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "train_rows": len(rows.texts["train"]),
        "judged_rows": len(truth),
        "macro_f1": macro_f1(truth, predicted),
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "load": os.getloadavg()[0],
        **answered.facts,
    }
    np.savez_compressed(found / f"{cell.name}.npz", truth=truth, predicted=predicted)
    (found / f"{cell.name}.json").write_text(json.dumps(result), encoding="utf-8")


def _contender(cell: Cell) -> Callable[[Cell, Rows], Answered]:
    if cell.kind == "first":
        return first_result
    if cell.kind == "predict":
        return pipeline_predicts if cell.contender == "pipeline" else luthier_predicts
    if cell.contender.startswith("trainer"):
        return trainer
    named = {
        "luthier_auto": luthier_auto,
        "sentence_transformers_lr": sentence_transformers_lr,
    }
    return named.get(cell.contender, luthier_trains)


if __name__ == "__main__":
    main()
