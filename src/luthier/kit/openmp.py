"""How torch's threads wait for each other; imported before torch is, which reads it once.

By themselves they spin for a while before they sleep. On idle cores that is much faster for small
models, whose steps are hundreds of short pieces of work (fine-tuning the starter: 1.5 times and
more). Beside another program a spinning thread burns the core that the thread it waits for needs,
and a step takes several times longer (docs/LOG.md). So the cores are looked at first. A value that
the user has set is kept.
"""

from __future__ import annotations

import contextlib
import os
import time

import psutil

POLICY = "OMP_WAIT_POLICY"
LOOK = 0.2
"""Seconds that the cores are looked at; processor times are counted in hundredths of a second."""
BUSY = 0.5
"""Cores used by other programs from which torch's threads sleep at once."""


def cores_used_by_others(seconds: float = LOOK) -> float:
    """Cores that other programs than this one and its helpers use, looked at for so long."""
    began, all_before, own_before = time.perf_counter(), _of_all(), _of_own()
    time.sleep(seconds)
    own = sum(used - own_before.get(pid, 0.0) for pid, used in _of_own().items())
    return (_of_all() - all_before - own) / (time.perf_counter() - began)


def _of_all() -> float:
    """Processor seconds that all programs together have used."""
    times = psutil.cpu_times()
    return float(times.user + times.system + getattr(times, "nice", 0.0))


def _of_own() -> dict[int, float]:
    """Process -> processor seconds, of this one and those that it began."""
    own = psutil.Process()
    used = {}
    for process in (own, *own.children(recursive=True)):
        with contextlib.suppress(psutil.Error):  # it has ended meanwhile
            times = process.cpu_times()
            used[process.pid] = times.user + times.system
    return used


def choose_policy() -> None:
    """Let the threads sleep at once where other programs use the cores."""
    if POLICY in os.environ:
        return
    with contextlib.suppress(psutil.Error, OSError, NotImplementedError):  # then as torch comes
        if cores_used_by_others() > BUSY:
            os.environ[POLICY] = "PASSIVE"


choose_policy()
