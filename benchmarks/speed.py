"""Luthier beside what a person would take instead: the same rows, weights, threads and machine.

    python -m benchmarks.speed                    every cell, five seeds; hours on two cores
    python -m benchmarks.speed --quick            400 rows, two epochs, one seed: does it run?
    python -m benchmarks.speed --only cic_zh      cells whose name holds this

Each cell (data, model, contender, seed) runs in a process of its own and leaves a JSON file and its
test answers in the work folder, so a run that was stopped goes on where it was; `--again` forgets
them. A summary of all cells that are there goes to benchmarks/results/speed.json (with --quick into
the work folder). Training is timed from texts in memory to the best checkpoint on disk, tokenising,
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
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
from benchmarks.speed_cells import KINDS, SHARED_DATA, Answered, Cell, Rows, rows_of
from benchmarks.speed_ours import first_result, luthier_auto, luthier_predicts, luthier_trains
from benchmarks.speed_summary import macro_f1, summary
from benchmarks.speed_theirs import pipeline_predicts, sentence_transformers_lr, trainer

HERE = Path(__file__).parent
RESULT = HERE / "results" / "speed.json"
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
    target.write_text(json.dumps(summary(results, work), indent=1) + "\n", encoding="utf-8")
    print(target)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--work", default=str(Path("/tmp") / "luthier_speed"))
    parser.add_argument("--cell", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def _cells(options: argparse.Namespace) -> list[Cell]:
    rows, texts, epochs, seeds = (
        (400, 400, 2, 1) if options.quick else (0, 20_000, 15, options.seeds)
    )
    from luthier.models.pretrained import find_model

    common = {"rows": rows, "texts": texts, "epochs": epochs}
    common |= {"threads": options.threads, "work": options.work}
    return [
        Cell(
            kind=kind,
            data=data,
            contender=contender,
            seed=seed,
            model=path,
            learning_rate=rate,
            **common,
        )
        for data, (model, rate) in DATA.items()
        if (SHARED_DATA / data).is_dir()
        for path in [find_model(model).path]
        for seed in range(seeds)
        for kind, contenders in KINDS.items()
        for contender in contenders
    ]


def _in_process(cell: Cell) -> None:
    threads = {name: str(cell.threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    here = Path(cell.work) / f"{cell.name}.json"
    home = Path(cell.work) / "home" / cell.name  # what a contender keeps must not help another
    shutil.rmtree(home, ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.speed", "--cell", json.dumps(asdict(cell))],
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


def _measure(cell: Cell) -> None:
    rows = rows_of(cell)
    contender = _contender(cell)
    answered = contender(cell, rows)
    judged = "asked" if cell.kind == "predict" else "test"
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
