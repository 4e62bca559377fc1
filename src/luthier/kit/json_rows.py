"""JSON files of rows: one object per line, or one array of objects."""

from __future__ import annotations

import io
import json
import re
from array import array
from collections.abc import Iterable, Iterator
from typing import Any

from luthier.kit.annotation_exports import unfold_export
from luthier.kit.problem_list import ProblemList
from luthier.kit.table import Content
from luthier.records import Note

_LINES = "one JSON object per line"
# Numbers stay as they are written: label 007 or 1.50 must come back the same.
_DECODER = json.JSONDecoder(
    parse_int=str, parse_float=str, parse_constant=lambda name: None if name == "NaN" else name
)
_OBJECT_ON_A_LINE = re.compile(r"\{[^\n]*\}[ \t\r]*(\n|$)")

Item = tuple[int, bool, Any]
"""Line from 1, whether the value stands there alone, and the value."""


def read_json(data: bytes, name: str, encoding: str) -> Content:
    """The columns over all objects, in order of appearance.

    Values are str (numbers and booleans as written), None where an object lacks the name or has
    null or NaN, and lists or dicts as they are; exports of annotation tools are unfolded. One
    object that holds one list of objects (`{"data": [...]}`) is read as that list, and said.

    Args:
        data: the whole file, decodable with `encoding`.
        name: the file's name for messages.
        encoding: Python's name of the text encoding.

    Raises:
        InputError: naming every line that is not a JSON object.
    """
    problems = ProblemList(next_step=f"the file must hold {_LINES}, or one array of objects")
    start = data[:8192].decode(encoding, "ignore").lstrip()
    read = _array if start.startswith("[") else _one_per_line
    values: Iterable[Item] = read(data, name, encoding, problems)
    if start.startswith("{") and not _OBJECT_ON_A_LINE.match(start):
        values = _one_object(data, name, encoding, problems)
    columns, lines = _columns(values, name, problems)
    notes: tuple[Note, ...] = ()
    inside = [key for key, column in columns.items() if len(lines) == 1 and _is_rows(column[0])]
    if len(inside) == 1 and not problems:
        items = [(lines[0], False, item) for item in columns[inside[0]][0]]
        columns, lines = _columns(items, name, problems)
        notes = (Note("guessed", f"{name}: the rows stand under {inside[0]!r}"),)
    problems.raise_if_any()
    return unfold_export(Content(columns, lines, headed=True, notes=notes), name)


def _columns(
    values: Iterable[Item], name: str, problems: ProblemList
) -> tuple[dict[str, list[Any]], array[int]]:
    columns: dict[str, list[Any]] = {}
    lines: array[int] = array("q")
    for number, (line, alone, value) in enumerate(values, start=1):
        if not isinstance(value, dict):
            where = f"{name}:{line}" if alone else f"{name}: row {number}"
            problems.add(where, f"this is {_kind(value)}, not an object")
            continue
        before = len(lines)
        lines.append(line)
        for key, item in value.items():
            if key not in columns:
                columns[key] = [None] * before
            columns[key].append(_cell(item))
        if len(value) < len(columns):
            for column in columns.values():
                if len(column) == before:
                    column.append(None)
    return columns, lines


def _one_object(data: bytes, name: str, encoding: str, problems: ProblemList) -> Iterator[Item]:
    """One object written over several lines; where it is none, the file is read line by line."""
    text = data.decode(encoding).removeprefix("\ufeff")
    try:
        value = _DECODER.decode(text.strip())
    except (ValueError, RecursionError):
        yield from _one_per_line(data, name, encoding, problems)
        return
    yield 1, True, value


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _one_per_line(data: bytes, name: str, encoding: str, problems: ProblemList) -> Iterator[Item]:
    text = io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline="\n")
    for number, line in enumerate(text, start=1):
        bare = line.strip(" \t\r\n")
        if not bare:
            continue
        try:
            yield number, True, _DECODER.decode(bare)
        except (ValueError, RecursionError) as error:
            problems.add(f"{name}:{number}", f"this is not JSON: {_reason(error)}")


def _array(data: bytes, name: str, encoding: str, problems: ProblemList) -> Iterator[Item]:
    """The items of one array, each with its line, and whether it stands there alone.

    The first mistake ends the reading.
    """
    text = data.decode(encoding)
    at, line, last = text.index("[") + 1, 1, 0
    line += text.count("\n", 0, at)
    separator = "["
    while True:
        start = _skip_space(text, at)
        line += text.count("\n", at, start)
        if text[start : start + 1] == "]" and separator == "[":
            at = start
        else:
            try:
                value, at = _DECODER.raw_decode(text, start)
            except (ValueError, RecursionError) as error:
                problems.add(f"{name}:{line}", f"this is not JSON: {_reason(error)}")
                return
            follows = _skip_space(text, _skip_space(text, at) + 1)
            alone = last < line and (text.find("\n", at, follows) >= 0 or follows >= len(text))
            yield line, alone, value
            line += text.count("\n", start, at)
            last = line
        after = _skip_space(text, at)
        line += text.count("\n", at, after)
        separator, at = text[after : after + 1], after + 1
        if separator == "]":
            if text[at:].strip():
                problems.add(f"{name}:{line}", "something follows the end of the array")
            return
        if separator != ",":
            problems.add(f"{name}:{line}", "the array needs a comma or its end here")
            return


def _skip_space(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\t", "\r", "\n"):
        at += 1
    return at


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.colno}"
    return "it is nested too deeply"


def _kind(value: Any) -> str:
    return {list: "a list", str: "a text or number", bool: "true or false"}.get(type(value), "null")


def _cell(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value
