"""Work shared out to processes of the machine's other cores, where it takes longer than they do.

A process imports scikit-learn before it can help, and results are the same with and without it:
each piece of work is a pure function with its own seed.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from joblib import Parallel, cpu_count, delayed
from joblib.externals import loky

T = TypeVar("T")

WORTH_A_PROCESS = 15.0
"""Seconds on one core from which help is asked for. Below, what the helpers import costs as much as
they save: 10 s of work alone took 9 s with them, and 21 s instead of 18 beside other imports."""


def on_all_cores(
    function: Callable[..., T], each: Sequence[tuple[object, ...]], seconds: float
) -> list[T]:
    """`function` of each, in their order.

    Args:
        function: of a module, so that another process finds it.
        each: its arguments.
        seconds: what all of it takes on one core, roughly.
    """
    cores = min(cpu_count(), len(each)) if seconds >= WORTH_A_PROCESS else 1
    found: list[T] = Parallel(n_jobs=max(1, cores))(delayed(function)(*one) for one in each)
    if cores > 1:
        _send_off_at_the_end()
    return found


def meanwhile(function: Callable[[], T], seconds: float) -> Callable[[], T]:
    """Begin on another core; the result is waited for when it is asked for.

    Args:
        function: a partial of a module's function, so that another process finds it.
        seconds: what it takes, roughly; below half of `WORTH_A_PROCESS` it is done when asked for.
    """
    if seconds < WORTH_A_PROCESS / 2 or cpu_count() < 2:
        return function
    found: Iterator[T] = Parallel(n_jobs=2, return_as="generator")([delayed(function)()])
    _send_off_at_the_end()
    return lambda: next(found)


def _send_off_at_the_end() -> None:
    """Once more after each use: what is registered last is called first, before joblib's own."""
    atexit.unregister(_send_off)
    atexit.register(_send_off)


def _send_off() -> None:
    """End the processes that helped; idle ones would be waited for, or outlive this one."""
    loky.get_reusable_executor(reuse=True).shutdown(wait=True, kill_workers=True)
