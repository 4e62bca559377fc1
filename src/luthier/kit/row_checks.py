"""What is wrong with the rows that were read, each with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from luthier.errors import InputError, Problem, did_you_mean
from luthier.kit.plural import plural
from luthier.kit.problem_list import ProblemList
from luthier.kit.text_key import is_blank
from luthier.kit.times import sortable_time
from luthier.records import Rows, SplitName, Task

_ONE_TEXT = ("text", "text_pair", "label")
"""Columns that hold one piece of text per row, whatever the task."""
_ANSWERS = ("label", "labels", "number")
_SPOKEN = {"text_pair": "second text"}
_EMPTY = ("is empty", "is missing", "are missing", "there is no time")
NO_NUMBER = "is not a finite number"
_UNUSABLE = re.compile("[\0\ud800-\udfff]")


def check_rows(rows: Rows, task: Task, *, targets_required: bool) -> None:
    """What no task can use, and what this task cannot use.

    Raises:
        InputError: with a problem for each row that is wrong.
    """
    targets = {column.name for column in task.columns if column.target}
    checked = {n: v for n, v in rows.columns.items() if targets_required or n not in targets}
    problems = ProblemList()
    named: set[str] = set()
    for position, column, what in _unusable(checked):
        where = rows.locations[position]
        problems.add(f"{where}: {_name_in_file(rows, column)}", what)
        named.add(where)
    for problem in task.check(replace(rows, columns=checked)):
        if problem.where not in named:
            problems.add(problem.where, problem.what, problem.hint)
            named.add(problem.where)
    problems.next_step = f"correct {'this row' if len(named) == 1 else 'these rows'}"
    if problems.some_are((NO_NUMBER,)):
        problems.next_step += (
            " (a number is written 1234.5; an unknown one is left empty), or take the column as "
            "labels: --task text_classification"
        )
    if problems.some_are(_EMPTY):
        problems.next_step += ", or leave out what is empty: --data.empty_rows drop"
    problems.raise_if_any()


def _name_in_file(rows: Rows, column: str) -> str:
    """The file's name of a column; the answers are the first task's until their kind is known."""
    names = rows.source.columns
    return names.get(column) or (names.get("label") if column in _ANSWERS else None) or column


def check_labels(rows: Rows) -> None:
    """There must be two labels, and training must know every label it is judged on.

    Raises:
        InputError: when there is one label only, or labels to judge on that training lacks.
    """
    if "label" in rows.columns:
        of_rows: Sequence[Sequence[str]] = [(label,) for label in rows.columns["label"]]
    elif "labels" in rows.columns:
        of_rows = rows.columns["labels"]
    else:
        return
    splits = rows.given_split
    learned = sorted(
        {la for own, sp in _pairs(of_rows, splits) if sp in (None, "train") for la in own}
    )
    fewest = 2 if "label" in rows.columns else 1
    if len(learned) < fewest:
        said = f"only one label, {learned[0]!r}," if learned else "no label"
        raise InputError(
            Problem(f"{said} in all rows to learn from", where=rows.source.files[0].path),
            next_step="give rows of two labels, or name the right column: --data.label_column",
        )
    known = set(learned)
    unknown: dict[tuple[SplitName, str], list[int]] = {}
    for position, (own, split) in enumerate(_pairs(of_rows, splits)):
        if split in ("validation", "test"):
            for label in own:
                if label not in known:
                    unknown.setdefault((split, label), []).append(position)
    problems = ProblemList("add rows of these labels to the training file, or correct the spelling")
    for (split, label), positions in unknown.items():
        number = f"{len(positions):,} row{plural(len(positions))}"
        what = f"label {label!r} ({number} in {split}) does not occur in training"
        problems.add(rows.locations[positions[0]], what, _near(label, learned))
    problems.raise_if_any()


def _pairs(
    labels: Sequence[Sequence[str]], splits: Sequence[SplitName | None]
) -> Iterator[tuple[Sequence[str], SplitName | None]]:
    return zip(labels, splits, strict=True)


def _near(label: str, learned: Sequence[str]) -> str:
    same = [name for name in learned if name.casefold() == label.casefold()]
    return f"did you mean {same[0]!r}?" if same else did_you_mean(label, learned)


def _unusable(columns: Mapping[str, Sequence[Any]]) -> Iterator[tuple[int, str, str]]:
    """Position, column and what is wrong, in row order."""
    tests: dict[str, Callable[[str, Any], str]] = dict.fromkeys(_ONE_TEXT, _wrong_text)
    tests |= {"labels": _wrong_labels, "number": _wrong_number, "time": _wrong_time}
    here = [(name, tests[name]) for name in columns if name in tests]
    for position, values in enumerate(zip(*(columns[name] for name, _ in here), strict=True)):
        for (name, test), value in zip(here, values, strict=True):
            what = test(_SPOKEN.get(name, name), value)
            if what:
                yield position, name, what


def _wrong_text(name: str, value: Any) -> str:
    if value is not None and not isinstance(value, str):
        kind = "a list" if isinstance(value, list) else "an object"
        return f"the {name} is not one text but {kind}"
    if value is None or is_blank(value):
        return f"the {name} is empty"
    if _UNUSABLE.search(value):
        return f"the {name} holds a NUL character or half of a surrogate pair"
    return ""


def _wrong_labels(_: str, value: Any) -> str:
    if value is None:
        return "the labels are missing; an empty list says that none applies"
    return "" if isinstance(value, tuple) else "the labels are neither a list nor text"


def _wrong_number(_: str, value: Any) -> str:
    if value is None:
        return "the number is missing"
    return "" if isinstance(value, float) else f"{str(value)[:30]!r} {NO_NUMBER}"


def _wrong_time(_: str, value: Any) -> str:
    if isinstance(value, str) and sortable_time(value) == value:
        return ""
    said = f"{str(value)[:30]!r} is no time" if value else "there is no time"
    return f"{said}; write it as 2024-05-31 or 2024-05-31 08:30"
