"""One file = one task. A module here that holds `TASK` is found by its file's name."""

from __future__ import annotations

import importlib
import pkgutil

from luthier.errors import Problem, SettingsError, did_you_mean
from luthier.records import Rows, Task

AUTO = "auto"
FIRST = "text_classification"
"""The task that is meant unless the column of answers holds something else."""


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


def tasks_called(name: str) -> tuple[Task, ...]:
    """The task of this name; for `auto` all tasks that read the same columns as the first one.

    Raises:
        SettingsError: when there is none.
    """
    if name != AUTO:
        return (get_task(name),)
    first = get_task(FIRST)
    others = (get_task(other) for other in task_names() if other != FIRST)
    return (first, *(task for task in others if _reads(task) == _reads(first)))


def task_of_rows(rows: Rows, tasks: tuple[Task, ...]) -> Task:
    """The first of these tasks whose target the rows hold; the first of all when none fits."""
    held = [t for t in tasks if any(c.target and c.name in rows.columns for c in t.columns)]
    return (*held, *tasks)[0]


def _reads(task: Task) -> set[str]:
    return {column.setting if column.target else column.name for column in task.columns}


def _task_of(name: str) -> Task | None:
    task: Task | None = getattr(importlib.import_module(f"{__name__}.{name}"), "TASK", None)
    return task
