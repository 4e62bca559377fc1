"""Ten thousand to a million short rows: time and memory of every step before training.

    python benchmarks/scale.py                  three sizes; writes benchmarks/results/scale.json
    python benchmarks/scale.py --rows 100000    a quick look; writes nothing

The rows are made up, half of them Chinese, half English: 20 labels, three rows in a hundred equal
to another one, two nearly equal, two with a wrong label. All steps of a size run in one process,
one after the other, as `luthier audit`, `luthier split` and the encoding of `luthier workup` do;
the peak memory is that of the whole process up to the end of the step. Times are given as wall time
and as time of the processor, helpers included, because a busy machine makes only the first longer.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "scale.json"
SIZES = (10_000, 100_000, 1_000_000)
LABELS = 20
CHUNK, KEPT = 10_000, 50_000
"""Rows drawn at once, and rows that may be repeated later."""
HAN = "快递退货发票会员积分售后咨询配送地址客服电话订单尺寸颜色库存价格维修安装保修换货"
SYLLABLES = ("ba", "ko", "mi", "tur", "sel", "na", "vo", "pri", "dem", "lu", "cha", "rin")

T = TypeVar("T")


def rows(n: int, seed: int = 0) -> Iterator[tuple[str, str]]:
    """Text and label of n rows, in chunks drawn by one generator."""
    rng = np.random.default_rng(seed)
    han = ["".join(rng.choice(list(HAN), 2)) for _ in range(4000)]
    latin = ["".join(rng.choice(list(SYLLABLES), 2)) for _ in range(4000)]
    keys = {
        "han": [han.pop() for _ in range(LABELS)],
        "latin": [latin.pop() for _ in range(LABELS)],
    }
    kept: list[tuple[str, str]] = []
    for start in range(0, n, CHUNK):
        size = min(CHUNK, n - start)
        kind, chinese = rng.random(size).tolist(), (rng.random(size) < 0.5).tolist()
        label, other = rng.integers(LABELS, size=(2, size)).tolist()
        wrong = (rng.random(size) < 0.02).tolist()
        words, lengths = rng.integers(len(han), size=(size, 9)), rng.integers(4, 10, size).tolist()
        place, again = rng.random(size).tolist(), rng.integers(2**31, size=size).tolist()
        for i in range(size):
            if kind[i] < 0.05 and kept:
                text, own = kept[again[i] % len(kept)]
                yield (
                    (text if kind[i] < 0.03 else f"{text}了" if text[0] > "z" else f"{text}s"),
                    own,
                )
                continue
            language, joint = ("han", "") if chinese[i] else ("latin", " ")
            pool = han if chinese[i] else latin
            drawn = [pool[j] for j in words[i, : lengths[i]].tolist()]
            drawn[int(place[i] * lengths[i])] = keys[language][label[i]]
            row = joint.join(drawn), f"label {other[i] if wrong[i] else label[i]:02d}"
            if len(kept) < KEPT:
                kept.append(row)
            yield row


def write_rows(path: Path, n: int) -> None:
    """A CSV file of n rows."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label"])
        writer.writerows(rows(n))


class Steps:
    """Steps of one process, each with its times and the peak memory so far."""

    def __init__(self) -> None:
        self.done: list[dict[str, Any]] = []

    def run(self, name: str, step: Callable[[], T]) -> T:
        """Do a step and write down what it took."""
        wall, busy = time.perf_counter(), _busy()
        result = step()
        measured = {
            "step": name,
            "wall_seconds": round(time.perf_counter() - wall, 2),
            "processor_seconds": round(_busy() - busy, 2),
            "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        }
        self.done.append(measured)
        print(json.dumps(measured), flush=True)
        return result


def _busy() -> float:
    """Seconds of the processor so far, of this process and of helpers that have ended."""
    took = os.times()
    return took.user + took.system + took.children_user + took.children_system


def measure(path: Path) -> None:
    """Load, audit, ask the faults, split, encode."""
    from luthier.journeys import verbs
    from luthier.journeys.label_check import doubts_of
    from luthier.models.find import find_model
    from luthier.models.pretrained import load_tokenizer
    from luthier.settings import Settings, SplitSettings
    from luthier.stages.audit import audit
    from luthier.stages.diagnose import diagnose
    from luthier.stages.encode import encode
    from luthier.stages.split import split
    from luthier.tasks import get_task

    settings, task = Settings(), get_task("text_classification")
    tokenizer = load_tokenizer(find_model(settings.model.name_or_path))
    steps = Steps()
    loaded = steps.run("load", lambda: verbs.load(path))
    measured = steps.run("audit", lambda: audit(loaded))
    evidence: dict[str, object] = {"rows": loaded, "audit": measured}
    doubts = steps.run("out-of-fold answers", lambda: doubts_of(loaded))
    if doubts is not None:
        evidence |= {"label_opinions": doubts.opinions, "label_pairs": doubts.pairs}
    diagnosis = steps.run("faults", lambda: diagnose(evidence))
    splits = steps.run("split", lambda: split(loaded, SplitSettings(), measured.alike_clusters))
    names = task.label_names(loaded)
    steps.run("encode", lambda: encode(loaded, splits, task, names, tokenizer, settings.text))
    found = {
        "rows": len(loaded),
        "equal_clusters": len(measured.duplicate_clusters),
        "alike_clusters": len(measured.alike_clusters),
        "splits": splits.counts(),
        "faults_fired": [finding.fault for finding in diagnosis.fired],
        "faults_crashed": [fault.error for fault in diagnosis.crashed],
    }
    print(json.dumps({"found": found}), flush=True)


def main() -> int:
    """Write the rows, measure in a process of its own, and keep the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES)
    parser.add_argument("--measure", metavar="FILE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(Path(options.measure))
        return 0
    result = {
        "command": "python benchmarks/scale.py",
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "sizes": [_measured(n) for n in options.rows],
    }
    if tuple(options.rows) == SIZES:
        RESULT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


def _measured(n: int) -> dict[str, Any]:
    """The steps on n rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        write_rows(path, n)
        size = path.stat().st_size
        lines = _child(path)
    steps = [line for line in lines if "step" in line]
    return {
        "rows": n,
        "file_mb": round(size / 2**20, 1),
        "load_average": [round(x, 1) for x in os.getloadavg()],
        "steps": steps,
        "peak_memory_mb": max(step["peak_memory_mb"] for step in steps),
        **next(line for line in lines if "found" in line),
    }


def _child(path: Path) -> list[dict[str, Any]]:
    command = [sys.executable, __file__, "--measure", str(path)]
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(json.loads(line))
    if process.returncode:
        raise SystemExit(process.returncode)
    return lines


if __name__ == "__main__":
    sys.exit(main())
