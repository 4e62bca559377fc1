"""Compute the cells that are missing, the cheap ones first, and say how long the rest will take."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from starter.cells import Cell, Facts, read_facts, run_cell
from starter.choices import Line, Progress, progress
from starter.sets import LabelledSet
from starter.work import announce

T = TypeVar("T")


def work_of(line: Line, cell: Cell | None = None) -> float:
    """Rough amount of work of a cell (or of the dearest of a line): thousands of units read.

    A unit is a character (Chinese) or a fifth of a word (English). Fitting a unit counts three
    times, once per epoch, and MiniLM is three times as large; only the order of the cells and the
    remaining time rest on this.
    """
    data = line.data
    all_fitted, asked = _units(data)
    rows = len(data.train)
    if line.per_label is not None:
        rows = min(rows, line.per_label * len(data.label_names))
    fitted = all_fitted * rows / max(1, len(data.train))
    kind = line.arm.kind
    if kind == "svm":
        return fitted + asked
    if kind == "logistic":
        return fitted * len(data.label_names) + asked
    if kind == "frozen":
        return fitted + all_fitted + asked
    settings = dict(cell.settings) if cell else {}
    size = 3 if line.arm.name.startswith("minilm") else 1
    return size * (3 * fitted * float(settings.get("epochs", 10)) + asked)


@cache
def _units(data: LabelledSet) -> tuple[float, float]:
    """Thousands of units in the training and in the test texts."""
    cut = data.max_length * (1 if data.language == "zh" else 5)
    train, test = (
        sum(min(len(text), cut) for text in part.texts) / 1000 for part in (data.train, data.test)
    )
    return train, test


class Remaining:
    """Seconds per unit of work of each arm, learned from the cells that are done."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._work: defaultdict[str, float] = defaultdict(float)

    def learn(self, line: Line, cell: Cell, facts: Facts) -> None:
        """Take a finished cell into account."""
        self._seconds[line.arm.name] += facts.seconds
        self._work[line.arm.name] += work_of(line, cell)

    def seconds(self, line: Line, left: int, ready: Sequence[Cell]) -> float | None:
        """Seconds of one core set for what is left of a line; None where nothing is known yet."""
        if not left:
            return 0.0
        if not self._work[line.arm.name]:
            return None
        rate = self._seconds[line.arm.name] / self._work[line.arm.name]
        own = [work_of(line, cell) for cell in ready] or [work_of(line)]
        return rate * left * sum(own) / len(own)


class Schedule:
    """The lines of an evaluation and the cache they are kept in.

    Args:
        lines: what to compute.
        data_folder: folder of the evaluation sets.
        cache_folder: folder of the computed cells.
    """

    def __init__(self, lines: Sequence[Line], data_folder: Path, cache_folder: Path) -> None:
        self._lines = lines
        self._data_folder = data_folder
        self._cache_folder = cache_folder
        self._facts: dict[Cell, Facts] = {}
        self._remaining = Remaining()

    def known(self, cell: Cell) -> Facts | None:
        """What is known of a cell; each file is read once."""
        if cell not in self._facts and (facts := read_facts(cell, self._cache_folder)):
            self._facts[cell] = facts
        return self._facts.get(cell)

    def progress(self, line: Line) -> Progress:
        """How far a line is."""
        return progress(line, self.known)

    def run(self, jobs: int, stop_after_minutes: float | None = None) -> None:
        """Compute what is missing with `jobs` processes; none is begun after so many minutes.

        A cell that is stopped half-way leaves nothing behind and is computed anew the next time.
        """
        until = time.monotonic() + 60 * (stop_after_minutes or float("inf"))
        self._learn_from_cache()
        threads = max(1, (os.cpu_count() or 1) // jobs)
        context = get_context("spawn")  # torch's threads do not survive a fork
        running: dict[Future[Facts], tuple[Line, Cell]] = {}
        workers = _Here() if jobs == 1 else ProcessPoolExecutor(jobs, context, _begin, (threads,))
        with workers as pool:
            while True:
                busy = {cell for _, cell in running.values()}
                ready = [pair for pair in self._ready() if pair[1] not in busy]
                for line, cell in ready[: max(0, jobs - len(running))]:
                    if time.monotonic() < until:
                        job = pool.submit(run_cell, cell, self._data_folder, self._cache_folder)
                        running[job] = (line, cell)
                if not running:
                    return
                for job in wait(running, return_when=FIRST_COMPLETED).done:
                    self._finished(*running.pop(job), job.result(), jobs)

    def _learn_from_cache(self) -> None:
        for line in self._lines:
            for cell in self.progress(line).final:
                if (facts := self.known(cell)) is not None:
                    self._remaining.learn(line, cell, facts)

    def _ready(self) -> list[tuple[Line, Cell]]:
        """Cells that can be computed now, the cheapest first, each once."""
        found = {cell: line for line in self._lines for cell in self.progress(line).ready}
        pairs = [(line, cell) for cell, line in found.items()]
        return sorted(pairs, key=lambda pair: work_of(*pair))

    def _finished(self, line: Line, cell: Cell, facts: Facts, jobs: int) -> None:
        self._facts[cell] = facts
        self._remaining.learn(line, cell, facts)
        left, seconds, unknown = 0, 0.0, 0
        for other in self._lines:
            state = self.progress(other)
            left += state.left
            of_line = self._remaining.seconds(other, state.left, state.ready)
            unknown += state.left if of_line is None else 0
            seconds += of_line or 0.0
        rows = "all rows" if cell.per_label is None else f"{cell.per_label} per label"
        apart = f" and {unknown} cells of arms not timed yet" if unknown else ""
        announce(
            f"{cell.set_name}, {rows}, {cell.arm.name}, seed {cell.seed}, {dict(cell.settings)}: "
            f"{facts.seconds:.0f} s; {left} cells left, about {seconds / jobs / 60:.0f} min{apart}"
        )


class _Here(Executor):
    """One job at a time in this process: no second copy of torch and of the sets."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Do it now."""
        done: Future[T] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


def _begin(threads: int) -> None:
    """Set the threads of a worker before it imports torch."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
