"""Settings from YAML text, with the line of each, and every problem of the file at once.

Values stay text here (`2e-5`, `no`, `0`): the type of the setting decides what they are, not the
rules by which YAML guesses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from luthier.errors import Problem, SettingsError, did_you_mean
from luthier.settings_tree import BLOCKS, FOREIGN, SETTINGS, Setting, hint_for_unknown

NEXT_STEP = "luthier settings lists every setting with its meaning"


@dataclass(frozen=True, slots=True)
class Given:
    """A value that somebody gave.

    Args:
        name: dotted name of the setting.
        value: text, None, a mapping of text, or a Python value.
        where: its place in a message (`luthier.yaml:3: train.seed`, `--train.seed`).
        source: its place alone (`luthier.yaml:3`, `--train.seed`).
        line: 1-based line, or position among the flags; orders the messages.
    """

    name: str
    value: Any
    where: str
    source: str
    line: int


@dataclass(slots=True)
class Reading:
    """What was read so far: the values by dotted name, and the problems with their lines."""

    given: dict[str, Given] = field(default_factory=dict)
    problems: list[tuple[int, Problem]] = field(default_factory=list)

    def wrong(self, line: int, where: str, what: str, hint: str = "") -> None:
        """Note one problem."""
        self.problems.append((line, Problem(what, where, hint)))


def read_document(path: Path) -> yaml.Node | None:
    """The YAML of a file as nodes with lines; None when it holds nothing.

    Raises:
        SettingsError: when there is no such file, it is not UTF-8, or it is not YAML.
    """
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problem = Problem("is not UTF-8 text", f"{path}:{line}", "save the file as UTF-8")
        raise SettingsError(problem) from error
    except OSError as error:
        raise SettingsError(_unreadable(path, error), next_step=NEXT_STEP) from error
    try:
        return _compose(text)
    except yaml.YAMLError as error:
        raise SettingsError(_syntax_problem(path, text, error)) from error


def read_tree(root: yaml.Node | None, file: str) -> Reading:
    """Every setting and every problem of structure: unknown names, twins, lists where none belong.

    Args:
        root: the mapping of blocks, or a whole `run.yaml` (its origins are left alone).
        file: name of the file, for messages.
    """
    reading = Reading()
    root = parts_of_run_yaml(root).get("settings", root)
    if root is None or _is_null(root):
        return reading
    if not isinstance(root, yaml.MappingNode):
        hint = _colon_hint(str(root.value)) if isinstance(root, yaml.ScalarNode) else ""
        what = f"must hold lines of 'name: value', not {_kind(root)}"
        reading.wrong(_line(root), f"{file}:{_line(root)}", what, hint)
        return reading
    for name, line, node in _entries(root, lambda line, name: f"{file}:{line}: {name}", reading):
        where = f"{file}:{line}: {name}"
        if name in BLOCKS:
            _read_block(name, node, file, reading)
        elif "." in name and name in SETTINGS:
            setting = SETTINGS[name]
            hint = f"write '{setting.short}:' below '{setting.block}:'"
            reading.wrong(line, where, "names with a dot are for flags", hint)
        else:
            _read_setting(name, node, f"{file}:{line}", reading)
    return reading


def parts_of_run_yaml(root: yaml.Node | None) -> dict[str, yaml.Node]:
    """`settings` and `origins` of a `run.yaml`; empty when it is none."""
    entries = root.value if isinstance(root, yaml.MappingNode) else []
    parts = {key.value: node for key, node in entries if isinstance(key, yaml.ScalarNode)}
    return parts if parts.keys() == {"settings", "origins"} else {}


def read_inline(text: str, setting: Setting, given: Given, reading: Reading) -> None:
    r"""Read the value of a flag that is written as in a file: `{退貨: 2, 其他: 1}`, `"\t"`."""
    try:
        node = _compose(text)
    except yaml.YAMLError:
        node = None
    if node is None:
        reading.wrong(given.line, given.where, f"must be {setting.expects}, not {shown(text)}")
    else:
        _read_value(setting, node, given, reading)


def in_order(problems: Sequence[tuple[int, Problem]]) -> list[Problem]:
    """The problems alone, by line."""
    return [problem for _, problem in sorted(problems, key=lambda found: found[0])]


def shown(value: object) -> str:
    """A value for a message, cut when it is long."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _read_block(block: str, node: yaml.Node, file: str, reading: Reading) -> None:
    if _is_null(node):
        return
    if not isinstance(node, yaml.MappingNode):
        line = _line(node)
        hint = f"write its settings below it, such as '{BLOCKS[block][0]}: ...'"
        if isinstance(node, yaml.ScalarNode):
            if block in FOREIGN:
                hint = f"write '{SETTINGS[FOREIGN[block]].short}: {node.value}' below '{block}:'"
            hint = _colon_hint(node.value) or hint
        what = f"is a block with settings of its own, not {_kind(node)}"
        reading.wrong(line, f"{file}:{line}: {block}", what, hint)
        return
    entries = _entries(node, lambda line, short: f"{file}:{line}: {block}.{short}", reading)
    for short, line, value in entries:
        _read_setting(f"{block}.{short}", value, f"{file}:{line}", reading)


def _read_setting(name: str, node: yaml.Node, source: str, reading: Reading) -> None:
    where = f"{source}: {name}"
    if name in SETTINGS:
        _read_value(SETTINGS[name], node, Given(name, None, where, source, _line(node)), reading)
        return
    block = name.rpartition(".")[0]
    kind = "block" if isinstance(node, yaml.MappingNode) and not block else "setting"
    hint = hint_for_unknown(name, block)
    reading.wrong(_line(node), where, f"there is no such {kind}", hint)


def _read_value(setting: Setting, node: yaml.Node, given: Given, reading: Reading) -> None:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = None if _is_null(node) else node.value
    elif isinstance(node, yaml.MappingNode) and setting.takes_mapping:
        entries = _entries(node, lambda _line, name: f"{given.where}.{name}", reading)
        value = {key: inner.value for key, _, inner in entries}
    else:
        what = f"must be {setting.expects}, not {_kind(node)}"
        reading.wrong(given.line, given.where, what)
        return
    reading.given[setting.name] = replace(given, value=value)


def _entries(
    node: yaml.MappingNode, place: Callable[[int, str], str], reading: Reading
) -> Iterator[tuple[str, int, yaml.Node]]:
    """Name, line and value of each entry; twins and names that are not text become problems."""
    lines: dict[str, int] = {}
    for key, value in node.value:
        line = _line(key)
        if not isinstance(key, yaml.ScalarNode):
            reading.wrong(line, place(line, "?"), f"a name must be plain text, not {_kind(key)}")
        elif key.value in lines:
            what = f"is given twice, first in line {lines[key.value]}"
            reading.wrong(line, place(line, key.value), what)
        else:
            lines[key.value] = line
            yield key.value, line, value


def _compose(text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except RecursionError as error:
        raise yaml.YAMLError("lists within lists, too deep to be settings") from error


def _is_null(node: yaml.Node) -> bool:
    return bool(node.tag == "tag:yaml.org,2002:null")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return shown(node.value)
    return "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"


def _unreadable(path: Path, error: OSError) -> Problem:
    if isinstance(error, FileNotFoundError):
        folder = path.parent
        names = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
        return Problem("there is no such file", str(path), did_you_mean(path.name, names))
    if isinstance(error, IsADirectoryError):
        return Problem("is a folder, not a settings file", str(path))
    return Problem(f"cannot be read: {error.strerror}", str(path))


_SYNTAX = {
    "cannot start any token": "a tab or a special sign stands where a value starts",
    "mapping values are not allowed": "a second ':' in one entry, or wrong indentation",
    "could not find expected ':'": "a name without ': ' after it",
    "expected <block end>": "the indentation does not fit the lines above",
    "but found another document": "'---' starts a second document; one is read",
    "found unexpected end of stream": "a quote is opened and never closed",
    "expected the node content": "a value is missing, or a bracket is not closed",
    "expected ',' or": "a bracket is opened and never closed, or a comma is missing",
    "found undefined alias": "'*' starts an alias",
    "expected alphabetic": "'*' or '&' starts an alias",
}


def _syntax_problem(path: Path, text: str, error: yaml.YAMLError) -> Problem:
    """The first place where a text stops being YAML, in plain words."""
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        code = error.character if isinstance(error.character, int) else ord(error.character)
        what = f"holds a control character (U+{code:04X})"
        return Problem(what, f"{path}:{line}", "delete it")
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Problem(f"is not YAML: {error}", str(path))
    said = str(error.problem)
    mark = error.problem_mark
    if "could not find" in said and error.context_mark is not None:
        mark = error.context_mark
    lines = text.split("\n")
    near = [lines[at] for at in (mark.line - 1, mark.line) if 0 <= at < len(lines)]
    hint = next((found for found in map(_colon_hint, near) if found), "")
    if not hint and any(part in said for part in ("cannot start", "alia", "alpha", "mapping")):
        tab = "cannot start" in said and "\t" in near[-1]
        hint = "write spaces instead of the tab" if tab else "put the text in quotes"
    plain = next((words for part, words in _SYNTAX.items() if part in said), said)
    return Problem(f"is not YAML: {plain}", f"{path}:{mark.line + 1}", hint)


def _colon_hint(text: str) -> str:
    if re.match(r"\s*[\w.-]+\s*：", text):
        return "the colon is a full-width '：', write ': '"
    return "write a space after the colon" if re.match(r"\s*[\w.-]+:\S", text) else ""
