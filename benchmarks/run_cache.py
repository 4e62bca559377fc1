"""Run records on disk, so that a changed limit in a fault file is re-scored without training.

A record is what a trial left: its evidence and its truth. Its key holds everything that made it:
substrate, operator, arguments, seed, and the source of the benchmark and of Luthier, but not the
fault files and what only shows findings. Records are this machine's own pickles in the user's cache
folder (`LUTHIER_BENCH_CACHE` or ~/.cache/luthier/faultbench); delete the folder at any time.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import pickle
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

BENCHMARKS = Path(__file__).parent
PACKAGE = BENCHMARKS.parent / "src" / "luthier"
SHOWS_ONLY = ("faults", "questions", "reporting", "cli", "journeys", "stages/diagnose.py")
SCORES_ONLY = ("faultbench.py", "scoring.py", "bench_report.py")


def folder() -> Path:
    """Where records lie."""
    named = os.environ.get("LUTHIER_BENCH_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "luthier" / "faultbench"


def recorded(key: Mapping[str, Any], operator: str, make: Callable[[], Any]) -> tuple[Any, bool]:
    """The record of this key, and whether it was there already; `make` makes it when not."""
    text = json.dumps([dict(key), operator, _sources(), _operator(operator)], sort_keys=True)
    file = folder() / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.pickle.gz"
    if file.exists():
        with gzip.open(file, "rb") as stream:
            return pickle.load(stream), True
    value = make()
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as temporary:
        temporary.write(gzip.compress(pickle.dumps(value), compresslevel=1))
    Path(temporary.name).replace(file)
    return value, False


@cache
def _sources() -> str:
    made_by = [path for path in BENCHMARKS.glob("*.py") if path.name not in SCORES_ONLY]
    made_by += [
        path
        for path in PACKAGE.rglob("*.py")
        if not path.relative_to(PACKAGE).as_posix().startswith(SHOWS_ONLY)
    ]
    found = hashlib.sha256()
    for path in sorted(made_by):
        found.update(str(path.relative_to(BENCHMARKS.parent)).encode() + path.read_bytes())
    return found.hexdigest()


@cache
def _operator(name: str) -> str:
    shared = BENCHMARKS / "plants" / "label_evidence.py"
    own = BENCHMARKS / "plants" / f"{name}.py"
    text = shared.read_bytes() + (own.read_bytes() if own.exists() else b"")
    return hashlib.sha256(text).hexdigest()
