"""What is in this file? Rows with their lines, and everything that was guessed to read them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from luthier.errors import InputError, Problem, did_you_mean
from luthier.kit.columns import choose_columns, settle_header, wanted_names
from luthier.kit.data_files import DataFile, find_data_files
from luthier.kit.empty_rows import without_empty_rows
from luthier.kit.label_titles import label_titles
from luthier.kit.problem_list import ProblemList
from luthier.kit.tables import Table, read_table
from luthier.kit.text_key import is_blank
from luthier.records import Note, Rows, Source, SourceFile, SplitName, Task
from luthier.settings import DataSettings

_ONE_TEXT = ("text", "label")
"""Columns that hold one piece of text per row, whatever the task."""
_SIDECARS = ("labels.json", "label.json", "classes.txt", "class.txt", "labels.txt")
_UNUSABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class _Part:
    """One file that was read: its table, and canonical name -> column of it."""

    file: DataFile
    table: Table
    columns: Mapping[str, str]
    notes: tuple[Note, ...]


def load(
    path: str | Path, task: Task, data: DataSettings, *, targets_required: bool = True
) -> Rows:
    """Read a file, or a folder with a file per split.

    Args:
        path: .csv .tsv .txt .json .jsonl, or a folder of such files.
        task: says which columns to read, and checks the rows.
        data: column names, encoding and delimiter where the guess must not decide.
        targets_required: False for files to predict: labels may be missing, and are kept if there.

    Returns:
        Rows in the order train, validation, test; `source.notes` says all that was guessed.

    Raises:
        InputError: with everything that is wrong, each with its file and line.
    """
    given = Path(path)
    files, notes = find_data_files(given, train_required=targets_required)
    parts = _read(files, task, data, targets_required=targets_required)
    columns, dropped = _values(parts, task)
    titles, title_notes = _titles(given, parts, columns)
    label_notes = _strip_labels(columns)
    source = Source(
        path=str(given),
        files=tuple(_source_file(part) for part in parts),
        rows=sum(len(part.table) for part in parts),
        columns=dict(parts[0].columns),
        notes=(
            *notes,
            *(note for part in parts for note in part.notes),
            *dropped,
            *label_notes,
            *title_notes,
        ),
    )
    rows = Rows(
        ids=np.arange(source.rows, dtype=np.int64),
        columns=columns,
        locations=[place for part in parts for place in part.table.locations()],
        given_split=[p.file.split for p in parts for _ in p.table.lines],
        source=source,
        label_titles=titles,
    )
    if data.empty_rows == "drop":
        must = [c.name for c in task.columns if targets_required or not c.target]
        rows = without_empty_rows(rows, must)
    _check_rows(rows, task, targets_required=targets_required)
    if targets_required and "label" in columns:
        _check_labels(rows)
    return rows


def _read(
    files: Sequence[DataFile], task: Task, data: DataSettings, *, targets_required: bool
) -> list[_Part]:
    """Every file as a table with its columns chosen; the first file's choice leads."""
    wanted = wanted_names(task.columns, data)
    parts: list[_Part] = []
    problems: list[Problem] = []
    next_step = ""
    for file in files:
        first = parts[0] if parts else None
        try:
            table = read_table(
                file.path, name=file.name, encoding=data.encoding, delimiter=data.delimiter
            )
            table, header_notes = settle_header(
                table, task.columns, wanted, headless=bool(first and not first.table.headed)
            )
        except InputError as error:
            problems += error.problems
            next_step = next_step or error.next_step
            continue
        earlier = first.columns if first else {}
        columns, column_notes, wrong = choose_columns(
            table, task.columns, wanted, earlier, targets_required=targets_required
        )
        problems += wrong
        notes = (*table.notes, *header_notes, *column_notes)
        parts.append(_Part(file, table, columns, notes))
    if problems:
        raise InputError(problems, next_step=next_step)
    return parts


def _source_file(part: _Part) -> SourceFile:
    table = part.table
    return SourceFile(
        path=str(part.file.path),
        sha256=table.sha256,
        rows=len(table),
        encoding=table.encoding,
        format=table.format,
        split=part.file.split,
    )


def _values(parts: Sequence[_Part], task: Task) -> tuple[dict[str, list[Any]], tuple[Note, ...]]:
    """Canonical name -> values over all files; one that some files lack is dropped and said."""
    names = [c.name for c in task.columns] + ["id"]
    notes = []
    values: dict[str, list[Any]] = {}
    for name in names:
        having = [part for part in parts if name in part.columns]
        if len(having) == len(parts):
            values[name] = [v for p in parts for v in p.table.columns[p.columns[name]]]
        elif having:
            without = ", ".join(part.table.name for part in parts if part not in having)
            notes.append(Note("dropped", f"column {name} was not kept: {without} lacks it"))
    return values, tuple(notes)


def _strip_labels(columns: dict[str, list[Any]]) -> tuple[Note, ...]:
    """Take spaces off the ends of labels, in place; a missing label becomes an empty string."""
    if "label" not in columns:
        return ()
    before = columns["label"]
    after = [
        "" if label is None else label.strip() if isinstance(label, str) else label
        for label in before
    ]
    columns["label"] = after
    touched = sum(old is not None and old != new for old, new in zip(before, after, strict=True))
    if not touched:
        return ()
    return (Note("dropped", f"spaces at the ends of {touched:,} labels were dropped"),)


def _titles(
    given: Path, parts: Sequence[_Part], columns: Mapping[str, Sequence[Any]]
) -> tuple[dict[str, str], tuple[Note, ...]]:
    """Label names for people; columns are judged on the first (training) file."""
    first = parts[0]
    if "label" not in columns or not all(isinstance(label, str) for label in columns["label"]):
        return {}, ()
    others = {
        name: values
        for name, values in first.table.columns.items()
        if name not in first.columns.values() and name.casefold() != "id"
    }
    labels = [label.strip() for label in first.table.columns[first.columns["label"]]]
    read = {part.file.path for part in parts}
    beside = [given / name for name in _SIDECARS] if given.is_dir() else []
    sidecar = next((path for path in beside if path.is_file() and path not in read), None)
    return label_titles(labels, others, sidecar)


def _check_rows(rows: Rows, task: Task, *, targets_required: bool) -> None:
    """What no task can use, and what this task cannot use."""
    targets = {column.name for column in task.columns if column.target}
    checked = {n: v for n, v in rows.columns.items() if targets_required or n not in targets}
    problems = ProblemList()
    named: set[str] = set()
    for position, column, what in _unusable(checked):
        where = rows.locations[position]
        problems.add(f"{where}: {rows.source.columns[column]}", what)
        named.add(where)
    for problem in task.check(replace(rows, columns=checked)):
        if problem.where not in named:
            problems.add(problem.where, problem.what, problem.hint)
            named.add(problem.where)
    these = "this row" if len(named) == 1 else "these rows"
    problems.next_step = f"correct {these}, or leave out what is empty: --data.empty_rows drop"
    problems.raise_if_any()


def _unusable(columns: Mapping[str, Sequence[Any]]) -> Iterator[tuple[int, str, str]]:
    """Position, column and what is wrong, in row order."""
    here = [name for name in _ONE_TEXT if name in columns]
    for position, values in enumerate(zip(*(columns[name] for name in here), strict=True)):
        for name, value in zip(here, values, strict=True):
            what = _wrong(name, value)
            if what:
                yield position, name, what


def _wrong(name: str, value: Any) -> str:
    if value is not None and not isinstance(value, str):
        return (
            f"the {name} is not one text but {'a list' if isinstance(value, list) else 'an object'}"
        )
    if value is None or is_blank(value):
        return f"the {name} is empty"
    if _UNUSABLE.search(value):
        return f"the {name} holds a NUL character or half of a surrogate pair"
    return ""


def _check_labels(rows: Rows) -> None:
    """There must be two labels, and training must know every label it is judged on."""
    labels = rows.columns["label"]
    splits = rows.given_split
    learned = sorted({la for la, sp in zip(labels, splits, strict=True) if sp in (None, "train")})
    if len(learned) == 1:
        what = f"only one label, {learned[0]!r}, in all rows to learn from"
        raise InputError(
            Problem(what, where=rows.source.files[0].path),
            next_step="give rows of two labels, or name the right column: --data.label_column",
        )
    known = set(learned)
    unknown: dict[tuple[SplitName, str], list[int]] = {}
    for position, (label, split) in enumerate(zip(labels, splits, strict=True)):
        if split in ("validation", "test") and label not in known:
            unknown.setdefault((split, label), []).append(position)
    problems = ProblemList("add rows of these labels to the training file, or correct the spelling")
    for (split, label), positions in unknown.items():
        number = f"{len(positions):,} row{'s' if len(positions) > 1 else ''}"
        what = f"label {label!r} ({number} in {split}) does not occur in training"
        problems.add(rows.locations[positions[0]], what, _near(label, learned))
    problems.raise_if_any()


def _near(label: str, learned: Sequence[str]) -> str:
    same = [name for name in learned if name.casefold() == label.casefold()]
    return f"did you mean {same[0]!r}?" if same else did_you_mean(label, learned)
