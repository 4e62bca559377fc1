"""The command that repeats a run with other settings, ready to paste into a shell."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from luthier.reporting.facts import ReportFacts

TYPED_APART = {"data.path"}
"""Settings that the command says in another way: DATA stands right after the verb."""


def workup_command(facts: ReportFacts, change: Mapping[str, Any]) -> str:
    """`luthier workup DATA --train.num_train_epochs 10` for this run with `change`.

    What a person chose for the run (a settings file, flags) is kept, so that nothing else differs;
    what a recipe chose is chosen again. Empty when the run does not say where its rows came from.

    Args:
        facts: the records of the run; `source.path` is the data.
        change: dotted setting -> new value.
    """
    if facts.source is None:
        return ""
    words = ["luthier", "workup", facts.source.path]
    if facts.source.path.startswith("-"):
        words[2] = f"./{facts.source.path}"
    for file in _settings_files(facts.origins):
        words += _flag("settings", file)
    for name, value in _typed(facts).items():
        if name not in change:
            words += _flag(name, as_typed(value))
    for name, value in change.items():
        words += _flag(name, as_typed(value))
    return shlex.join(words)


def open_command(facts: ReportFacts) -> str:
    """`luthier report RUN --test-rows`, which opens the test rows of this run."""
    return shlex.join(["luthier", "report", facts.folder or facts.name, "--test-rows"])


def as_typed(value: Any) -> str:
    """A value as it is typed after a flag: text bare, everything else as JSON, which is YAML."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _flag(name: str, value: str) -> list[str]:
    # a value that begins with a dash would be read as a flag of its own
    return [f"--{name}={value}"] if value.startswith("-") else [f"--{name}", value]


def _settings_files(origins: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The settings file of the run, from `luthier.yaml:12`; at most one."""
    details = [o.get("detail", "") for o in origins.values() if o.get("kind") == "file"]
    return list(dict.fromkeys(detail.rpartition(":")[0] or detail for detail in details))[:1]


def _typed(facts: ReportFacts) -> dict[str, Any]:
    """The settings that came as flags, dotted name -> value."""
    typed = {}
    for name, origin in facts.origins.items():
        if origin.get("kind") != "flag" or name in TYPED_APART:
            continue
        value: Any = facts.settings
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        typed[name] = value
    return typed
