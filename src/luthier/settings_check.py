"""What is wrong with given settings, in plain words; every problem at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from luthier.errors import Problem, did_you_mean
from luthier.settings import Settings
from luthier.settings_tree import SETTINGS, Setting
from luthier.settings_yaml import Given, shown


class Checked(NamedTuple):
    """The tree, if it is right; else what is wrong with single values, and across values."""

    settings: Settings | None
    of_values: list[tuple[int, Problem]]
    across: list[tuple[int, Problem]]


def check(given: Mapping[str, Given]) -> Checked:
    """Build the tree of these values, the rest at their defaults."""
    tree: dict[str, Any] = {}
    of_values: list[tuple[int, Problem]] = []
    for name, one in given.items():
        setting = SETTINGS[name]
        block = tree.setdefault(setting.block, {}) if setting.block else tree
        if isinstance(one.value, bool) and bool not in setting.kinds:
            of_values.append((one.line, Problem(_expected(setting, one.value), one.where)))
        else:
            block[setting.short] = _nothing_as_none(setting, one.value)
    errors: dict[str, list[Any]] = {}
    settings = None
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        for found in error.errors(include_url=False):
            errors.setdefault(_name_of(found["loc"]), []).append(found)
    across = []
    for name, found_here in errors.items():
        if name in given:
            one = given[name]
            of_values += [(one.line, problem) for problem in _value_problems(one, found_here)]
        else:
            last = [one for key, one in given.items() if key.startswith(f"{name}.")][-1]
            across += [(last.line, Problem(_said(found), last.where)) for found in found_here]
    return Checked(None if of_values else settings, of_values, across)


def _nothing_as_none(setting: Setting, value: Any) -> Any:
    none_is_no_text = setting.optional and str not in setting.kinds
    return None if none_is_no_text and value in ("none", "None") else value


def _name_of(loc: tuple[int | str, ...]) -> str:
    """Dotted setting that an error is about, or the block whose values do not fit together."""
    return ".".join(str(part) for part in loc[: 1 if loc[0] in SETTINGS else 2])


def _said(error: Mapping[str, Any]) -> str:
    return str(error["ctx"]["error"]) if error["type"] == "value_error" else str(error["msg"])


def _expected(setting: Setting, value: object) -> str:
    return f"must be {setting.expects}, not {shown(value)}"


def _value_problems(given: Given, errors: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """One problem for the value, or one per entry where the value is a mapping."""
    setting, value = SETTINGS[given.name], given.value
    if value is None:
        default = shown(setting.default)
        return [Problem("has no value", given.where, f"leave it out for the default, {default}")]
    own = [error for error in errors if error["type"] == "value_error"]
    if own:
        return [Problem(f"{_said(own[0])}, not {shown(value)}", given.where)]
    if isinstance(value, Mapping):
        entries = [str(e["loc"][-1]) for e in errors if e["loc"][-1] in value]
        wrong = [f"the weight of {n} must be a number, not {shown(value[n])}" for n in entries]
        return [Problem(what, given.where) for what in wrong]
    hint = did_you_mean(str(value), setting.choices)
    if isinstance(value, str) and value.endswith("%") and float in setting.kinds:
        hint = "write it as a share: 15% is 0.15"
    return [Problem(_expected(setting, value), given.where, hint)]
