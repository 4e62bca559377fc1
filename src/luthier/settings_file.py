"""From a settings file, flags and a recipe to one tree that knows where each value came from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import yaml
from pydantic import TypeAdapter, ValidationError

from luthier.errors import Problem, RunFolderError, SettingsError
from luthier.settings import Settings
from luthier.settings_check import check
from luthier.settings_tree import (
    BLOCKS,
    FOREIGN,
    SETTINGS,
    Setting,
    hint_for_unknown,
    listed,
    settings_called,
)
from luthier.settings_yaml import (
    NEXT_STEP,
    Given,
    Reading,
    in_order,
    parts_of_run_yaml,
    read_document,
    read_inline,
    read_tree,
)

OriginKind = Literal["default", "recipe", "file", "flag", "measured"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from; `detail` is `luthier.yaml:3`, `--train.seed`, or a reason."""

    kind: OriginKind
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The settings of a run, and the origin of each by its dotted name."""

    settings: Settings
    origins: Mapping[str, Origin]


class SettingRow(NamedTuple):
    """One line of `luthier settings`."""

    name: str
    default: Any
    unit: str
    meaning: str
    value: Any
    origin: Origin


def resolve(
    file: Path | None = None, flags: Mapping[str, Any] | None = None, *, flag_prefix: str = "--"
) -> Resolved:
    """Defaults, overridden by a settings file, overridden by flags.

    Args:
        file: YAML file with blocks, or the `run.yaml` of a run to repeat, or None.
        flags: dotted name, or last part where it is the only one, with or without leading dashes
            -> text as typed (`2e-5`, `{退貨: 2}`, in quotes as in YAML) or a Python value.
        flag_prefix: what stands before a flag's name in messages; empty for Python callers.

    Raises:
        SettingsError: with every problem of the file and of the flags.
    """
    from_file = read_tree(read_document(file), str(file)) if file else Reading()
    from_flags = _read_flags(flags or {}, flag_prefix)
    problems: list[Problem] = []
    for reading in (from_file, from_flags):
        problems += in_order(reading.problems + check(reading.given).of_values)
    checked = check({**from_file.given, **from_flags.given})
    problems += in_order(checked.across)
    if problems or checked.settings is None:
        raise SettingsError(problems, next_step=NEXT_STEP)
    origins = dict.fromkeys(SETTINGS, Origin("default"))
    origins |= {name: Origin("file", given.source) for name, given in from_file.given.items()}
    origins |= {name: Origin("flag", given.source) for name, given in from_flags.given.items()}
    return Resolved(checked.settings, MappingProxyType(origins))


_MAY_REPLACE: Mapping[str, tuple[OriginKind, ...]] = {
    "recipe": ("default", "recipe"),
    "measured": ("default", "recipe", "measured"),
}


def with_recipe(
    resolved: Resolved,
    values: Mapping[str, Any],
    *,
    kind: Literal["recipe", "measured"] = "recipe",
    reasons: Mapping[str, str] | None = None,
) -> Resolved:
    """Fill in what nobody chose: never a value from a file or a flag.

    Args:
        resolved: what holds so far.
        values: dotted name -> value; a recipe replaces defaults and recipes, a measured value
            also replaces measured ones.
        kind: the origin that is written down.
        reasons: dotted name -> why, for people.

    Raises:
        SettingsError: when a name or a value is not valid in the tree.
    """
    reasons = reasons or {}
    unknown = [Problem("there is no such setting", n) for n in values if n not in SETTINGS]
    if unknown:
        raise SettingsError(unknown, next_step=NEXT_STEP)
    taken = {n: v for n, v in values.items() if resolved.origins[n].kind in _MAY_REPLACE[kind]}
    present = {name: value_of(resolved.settings, name) for name in SETTINGS} | taken
    checked = check({n: Given(n, v, n, n, line=0) for n, v in present.items()})
    if checked.settings is None:
        wrong = [problem for _, problem in checked.of_values + checked.across]
        raise SettingsError(wrong, next_step=NEXT_STEP)
    origins = {**resolved.origins, **{name: Origin(kind, reasons.get(name, "")) for name in taken}}
    return Resolved(checked.settings, MappingProxyType(origins))


def not_chosen(resolved: Resolved, name: str) -> Resolved:
    """The same, with a value that leaves the choice to Luthier (`task: auto`) as if by default."""
    return Resolved(
        resolved.settings, MappingProxyType({**resolved.origins, name: Origin("default")})
    )


def chosen_by_hand(resolved: Resolved) -> dict[str, Origin]:
    """The settings that a file or a flag gave, and where each stood."""
    return {n: found for n, found in resolved.origins.items() if found.kind in ("file", "flag")}


def as_chosen(before: Resolved, now: Resolved) -> Resolved:
    """What files and flags gave before, overridden by what they give now; the rest at defaults.

    Raises:
        SettingsError: when the two do not go together.
    """
    origins = dict.fromkeys(SETTINGS, Origin("default"))
    given = {}
    for line, resolved in enumerate((before, now)):
        for name, origin in chosen_by_hand(resolved).items():
            origins[name] = origin
            where = origin.detail if origin.kind == "flag" else f"{origin.detail}: {name}"
            value = value_of(resolved.settings, name)
            given[name] = Given(name, value, where, origin.detail, line)
    checked = check(given)
    if checked.settings is None:
        raise SettingsError(in_order(checked.of_values + checked.across), next_step=NEXT_STEP)
    return Resolved(checked.settings, MappingProxyType(origins))


def value_of(settings: Settings, name: str) -> Any:
    """The value of a dotted setting."""
    value: Any = settings
    for part in name.split("."):
        value = getattr(value, part)
    return value


def every_setting(resolved: Resolved | None = None) -> list[SettingRow]:
    """Every setting in the order of the tree, with its value in `resolved` (None: its default)."""
    here = resolved or resolve()
    return [
        SettingRow(
            name=name,
            default=setting.default,
            unit=setting.unit,
            meaning=setting.meaning,
            value=value_of(here.settings, name),
            origin=here.origins[name],
        )
        for name, setting in SETTINGS.items()
    ]


def to_yaml(resolved: Resolved) -> str:
    """The text of `run.yaml`: `settings` as a tree, `origins` by dotted name."""
    value = {
        "settings": resolved.settings.model_dump(mode="json"),
        "origins": {
            name: {"kind": origin.kind, "detail": origin.detail}
            for name, origin in resolved.origins.items()
        },
    }
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=10_000)


def from_run_yaml(path: Path) -> Resolved:
    """Read `run.yaml` back; a setting that an older version did not write has its default.

    Raises:
        RunFolderError: when the file is missing, damaged, or names settings that do not exist.
    """
    next_step = "this file was written by another version or edited; start a new run folder"
    try:
        root = read_document(path)
    except SettingsError as error:
        raise RunFolderError(error.problems, next_step=next_step) from error
    if not parts_of_run_yaml(root):
        wrong = Problem("holds no settings with their origins", str(path))
        raise RunFolderError(wrong, next_step=next_step)
    reading = read_tree(root, str(path))
    checked = check(reading.given)
    problems = in_order(reading.problems + checked.of_values + checked.across)
    if problems or checked.settings is None:
        raise RunFolderError(problems, next_step=next_step)
    try:
        written = yaml.safe_load(path.read_text(encoding="utf-8"))["origins"]
        origins = TypeAdapter(dict[str, Origin]).validate_python(written)
    except (yaml.YAMLError, ValidationError) as error:
        wrong = Problem("the origins cannot be read", str(path))
        raise RunFolderError(wrong, next_step=next_step) from error
    known = {name: origins.get(name, Origin("default")) for name in SETTINGS}
    return Resolved(checked.settings, MappingProxyType(known))


def _read_flags(flags: Mapping[str, Any], prefix: str) -> Reading:
    reading = Reading()
    for position, (typed, value) in enumerate(flags.items()):
        bare = typed.lstrip("-").replace("-", "_")
        homes = (bare,) if bare in SETTINGS else settings_called(bare)
        source = f"{prefix}{homes[0] if len(homes) == 1 else bare}"
        if not homes:
            reading.wrong(position, source, "there is no such setting", _hint_for_flag(bare))
        elif len(homes) > 1:
            full = listed(tuple(prefix + home for home in homes))
            reading.wrong(position, source, "more than one setting has this name", f"write {full}")
        elif homes[0] in reading.given:
            reading.wrong(position, source, "is given twice")
        else:
            _read_flag(SETTINGS[homes[0]], value, source, position, reading)
    return reading


def _hint_for_flag(bare: str) -> str:
    if bare in BLOCKS and bare not in FOREIGN:
        return f"{bare} is a block; write one of its settings, such as {bare}.{BLOCKS[bare][0]}"
    return hint_for_unknown(bare, bare.rpartition(".")[0])


def _read_flag(setting: Setting, value: Any, source: str, line: int, reading: Reading) -> None:
    given = Given(setting.name, value, source, source, line)
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    elif isinstance(value, Mapping):
        value = {str(key): inner for key, inner in value.items()}
    elif isinstance(value, str):
        quoted = len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]
        if quoted or (setting.takes_mapping and value.lstrip().startswith("{")):
            read_inline(value, setting, given, reading)
            return
        if setting.optional and value.lower() in {"none", "null"}:
            value = None
    reading.given[setting.name] = replace(given, value=value)
