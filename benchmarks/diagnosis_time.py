"""How long a run of 10,000 short rows is diagnosed, beyond the figures it has already.

    python -m benchmarks.diagnosis_time          both sets; writes the results

The model is fine-tuned for 20 steps only: what is timed does not depend on how good it is. Timed,
in a process of its own: the second opinions on the labels (a linear model, out of fold), made once
for a run, and `luthier diagnose RUN`, which makes the dossiers of confused labels and asks every
fault. Times are given as wall time and as time of the processor.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import luthier
from luthier.kit.environment import describe_environment
from luthier.run_folder import write_json

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
RESULT = ROOT / "benchmarks" / "results" / "diagnosis_time.json"
FILES = {
    "thucnews_titles_zh": DATA / "thucnews_titles_zh" / "dev.txt",
    "banking77_en": DATA / "banking77_en" / "train.csv",
}
SETTINGS = {"model.name_or_path": "starter", "train.max_steps": 20}


def measure(run: Path) -> None:
    """Print what the two parts took, as JSON."""
    from luthier.journeys.label_check import opinions_of
    from luthier.journeys.opening import walk_of
    from luthier.journeys.verbs import diagnose

    walk = walk_of(run, None)
    rows = walk.load()
    took = {}
    for name, part in (
        ("second_opinions", lambda: opinions_of(rows, walk.task)),
        ("diagnose", lambda: diagnose(run)),
    ):
        wall, busy = time.perf_counter(), time.process_time()
        found = part()
        took[name] = {
            "wall_seconds": round(time.perf_counter() - wall, 1),
            "processor_seconds": round(time.process_time() - busy, 1),
        }
    crashed = [fault.fault for fault in found.crashed]
    print(json.dumps({"rows": len(rows), "parts": took, "crashed": crashed}))


def timed(file: Path) -> dict[str, Any]:
    """Figures of one data file."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        luthier.workup(file, run_dir=run, settings=SETTINGS)
        command = [sys.executable, "-m", "benchmarks.diagnosis_time", "--measure", str(run)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    """Time both sets and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--measure", type=Path, metavar="RUN", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure)
        return
    result = describe_environment("python -m benchmarks.diagnosis_time") | {
        "date": datetime.now(UTC).date().isoformat(),
        "sets": {name: timed(file) for name, file in FILES.items()},
        "load_average": [round(x, 1) for x in os.getloadavg()],
    }
    print(json.dumps(result, indent=1))
    write_json(RESULT, result)


if __name__ == "__main__":
    main()
