"""One file = one task. A module here that holds `TASK` is found by its file's name."""

from __future__ import annotations

import importlib
import pkgutil

from luthier.errors import Problem, SettingsError, did_you_mean
from luthier.records import Task


def task_names() -> tuple[str, ...]:
    """The tasks there are, sorted."""
    return tuple(
        sorted(info.name for info in pkgutil.iter_modules(__path__) if _task_of(info.name))
    )


def get_task(name: str) -> Task:
    """The task of this name.

    Raises:
        SettingsError: when there is none.
    """
    known = task_names()
    task = _task_of(name) if name in known else None
    if task is None:
        raise SettingsError(
            Problem(
                f"there is no task {name!r}",
                where="task",
                hint=did_you_mean(name, known) or f"the tasks are: {', '.join(known)}",
            )
        )
    return task


def _task_of(name: str) -> Task | None:
    task: Task | None = getattr(importlib.import_module(f"{__name__}.{name}"), "TASK", None)
    return task
