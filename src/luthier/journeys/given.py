"""What a Python caller gave, checked before anything is done: a wrong word costs no training."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from luthier.errors import InputError, Problem, SettingsError, did_you_mean
from luthier.run_folder import RunFolder

UNTIL = ("split", "train", "report")
"""Where `workup` may stop."""


def check_until(until: object) -> None:
    """A way may end after these verbs only.

    Raises:
        SettingsError: when there is no such end.
    """
    _one_of(until, UNTIL, "until")


def check_language(language: object) -> None:
    """A page is written in these languages only; None is that of this machine.

    Raises:
        SettingsError: when there is no such language.
    """
    from luthier.reporting.catalogue import LANGUAGES

    if language is not None:
        _one_of(language, tuple(LANGUAGES), "language")


def _one_of(value: object, known: Sequence[str], name: str) -> None:
    if value in known:
        return
    hint = did_you_mean(value, known) if isinstance(value, str) else ""
    raise SettingsError(
        Problem(f"is {value!r}, which is not known", where=name, hint=hint),
        next_step=f"one of: {', '.join(known)}",
    )


def named_data(source: object) -> str | Path:
    """The file or folder of data.

    Raises:
        InputError: when the data themselves were given.
    """
    if isinstance(source, str | Path):
        return source
    raise InputError(
        f"data are read from a file or a folder, not from a {type(source).__name__}",
        next_step="write it to a CSV or Parquet file first and give the name of that file; a "
        'pandas frame: frame.to_parquet("data.parquet")',
    )


def named_run(run: object) -> Path:
    """The folder of a run.

    Raises:
        InputError: when it is named by something else.
    """
    if isinstance(run, RunFolder):
        return run.path
    if isinstance(run, str | os.PathLike):
        return Path(run)
    raise InputError(
        f"a run is named by its folder, and this is of type {type(run).__name__}",
        next_step='give its path, such as "runs/reviews"',
    )


def list_of_texts(texts: object) -> list[object]:
    """Texts to answer.

    Raises:
        InputError: when it is no list of them; a mapping would be answered by its keys.
    """
    if isinstance(texts, Iterable) and not isinstance(texts, Mapping):
        return list(texts)
    raise InputError(
        f"give a list of texts; this is of type {type(texts).__name__}",
        next_step='predict(["..."])',
    )


def several_runs(runs: object) -> list[Any]:
    """Runs to compare.

    Raises:
        InputError: when it is no list of them.
    """
    if isinstance(runs, Iterable) and not isinstance(runs, str | bytes | Mapping):
        return list(runs)
    raise InputError(
        f"runs are compared as a list of them, and this is of type {type(runs).__name__}",
        next_step='compare(["runs/one", "runs/other"])',
    )


def flat_settings(tree: object, head: str = "") -> dict[str, Any]:
    """Dotted names of nested settings.

    Raises:
        SettingsError: when they are no mapping.
    """
    if not isinstance(tree, Mapping):
        raise SettingsError(
            "settings are a mapping or the name of a YAML file, and these are of type "
            f"{type(tree).__name__}",
            next_step='settings={"train.learning_rate": 1e-4}',
        )
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping) and name != "class_weights" and "." not in str(name):
            flat |= flat_settings(value, f"{head}{name}.")
        else:
            flat[f"{head}{name}"] = value
    return flat
