"""What is in this file? Rows with their lines, and everything that was guessed to read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from luthier.errors import InputError, Problem
from luthier.kit.alike_labels import twins_noted
from luthier.kit.column_names import is_id
from luthier.kit.column_problems import skipped_columns
from luthier.kit.columns import EXTRAS, choose_columns, said_as_in_training, wanted_names
from luthier.kit.data_files import DataFile, find_data_files
from luthier.kit.empty_rows import settle_empty_rows, to_be_checked
from luthier.kit.header import settle_header
from luthier.kit.label_shapes import flags_as_labels, without_objects
from luthier.kit.label_titles import given_titles, label_titles
from luthier.kit.own_copies import is_own_copy, texts_restored, without_added
from luthier.kit.places import JoinedPlaces
from luthier.kit.row_checks import check_labels, check_rows
from luthier.kit.table import Table
from luthier.kit.tables import read_table
from luthier.kit.targets import guess_target, to_kind
from luthier.kit.text_pairs import with_both_texts
from luthier.kit.times import sortable_time
from luthier.records import Column, Note, Rows, Source, SourceFile, Task
from luthier.settings import DataSettings

_SIDECARS = (
    *("labels.json", "label.json", "classes.txt", "class.txt", "labels.txt"),
    *("categories.json", "categories.txt", "classes.json", "id2label.json"),
)


@dataclass(frozen=True, slots=True)
class _Part:
    """One file that was read: its table, canonical name -> column of it, and all its columns."""

    file: DataFile
    table: Table
    columns: Mapping[str, str]
    own: Mapping[str, list[Any]]
    notes: tuple[Note, ...]


def load(
    path: str | Path,
    task: Task | Sequence[Task],
    data: DataSettings,
    *,
    targets_required: bool = True,
    as_in_training: Mapping[str, str] | None = None,
    whole: bool = False,
) -> Rows:
    """Read a file, a folder with a file per split, or a data set by its name.

    Args:
        path: see `kit.data_files.find_data_files`; docs/data.md lists the formats.
        task: says which columns to read, and checks the rows; of several, which read the same
            columns, the one whose kind of target the file holds.
        data: columns, encoding and delimiter where the guess must not decide.
        targets_required: False for files to predict: labels may be missing, and are kept if there.
        as_in_training: text columns of the run that predicts, which come before the usual names.
        whole: keep all that a copy of the files needs: every column, and the rows left out.

    Returns:
        Rows in the order train, validation, test; `source.notes` says all that was guessed.

    Raises:
        InputError: with everything that is wrong, each with its file and line.
    """
    tasks = tuple(task) if isinstance(task, Sequence) else (task,)
    given = Path(path)
    files, notes = find_data_files(given, train_required=targets_required)
    columns_read = _columns_of(tasks)
    known = as_in_training or {}
    parts = _read(files, columns_read, data, known, targets_required=targets_required)
    cells, dropped = _values(parts, tasks[0])
    chosen, columns, target_notes = _typed(tasks, cells, parts[0].columns, data)
    titles, title_notes = _titles(given, parts, columns, data)
    rows = Rows(
        ids=np.arange(sum(len(part.table) for part in parts), dtype=np.int64),
        columns=columns,
        locations=JoinedPlaces(part.table.places for part in parts),
        given_split=[p.file.split for p in parts for _ in range(len(p.table))],
        source=_source(
            given, parts, (*notes, *_said(parts), *dropped, *target_notes, *title_notes)
        ),
        label_titles=titles,
        file_columns=_file_columns(parts) if whole or not targets_required else {},
    )
    must = [c.name for c in chosen.columns if targets_required or not c.target]
    must += ["text_pair", "time"] if targets_required else ["text_pair"]  # where they are asked for
    rows = settle_empty_rows(rows, must, data.empty_rows, to_learn=targets_required, keep=whole)
    asked = rows if targets_required else to_be_checked(rows, must, data.empty_rows)
    check_rows(asked, chosen, targets_required=targets_required)
    if targets_required:
        check_labels(rows)
    return with_both_texts(rows)


def _columns_of(tasks: Sequence[Task]) -> tuple[Column, ...]:
    """The columns of the first task; the target's names in the others are less likely ones."""
    targets = [column for task in tasks for column in task.columns if column.target]
    names = tuple(dict.fromkeys(n for c in targets for n in (*c.weak_aliases, *c.aliases)))
    return tuple(_knowing(c, names) if c.target else c for c in tasks[0].columns)


def _knowing(column: Column, names: Sequence[str]) -> Column:
    known = (column.name, *column.aliases)
    return replace(column, weak_aliases=tuple(name for name in names if name not in known))


def _read(
    files: Sequence[DataFile],
    columns_read: Sequence[Column],
    data: DataSettings,
    known: Mapping[str, str],
    *,
    targets_required: bool,
) -> list[_Part]:
    """Every file as a table with its columns chosen; the first file's choice leads."""
    wanted = wanted_names(columns_read, data)
    parts: list[_Part] = []
    problems: list[Problem] = []
    next_step = ""
    for file in files:
        first = parts[0] if parts else None
        try:
            table = _table_of(file, data)
            headless = bool(first and not first.table.headed)
            names = {**known, **wanted}
            table, header_notes = settle_header(table, columns_read, names, headless=headless)
        except InputError as error:
            problems += error.problems
            next_step = next_step or error.next_step
            continue
        own, is_copy = table.columns, is_own_copy(table)
        table = without_added(table, wanted.values()) if is_copy else table
        table, flag_notes = flags_as_labels(table, columns_read, wanted)
        earlier = first.columns if first else known
        columns, column_notes, wrong = choose_columns(
            table, columns_read, wanted, earlier, targets_required=targets_required
        )
        problems += [*wrong, *skipped_columns(table, wrong)]
        if not first:
            column_notes += said_as_in_training(table, columns, wanted, known)
        table, copy_notes = texts_restored(table, columns) if is_copy else (table, ())
        own = {name: table.columns.get(name, cells) for name, cells in own.items()}
        notes = (*table.content.notes, *header_notes, *copy_notes, *flag_notes, *column_notes)
        parts.append(_Part(file, table, columns, own, notes))
    if problems:
        raise InputError(problems, next_step=next_step)
    return parts


def _table_of(file: DataFile, data: DataSettings) -> Table:
    return read_table(
        file.path,
        name=file.name,
        encoding=data.encoding,
        delimiter=data.delimiter,
        sheet=data.sheet,
    )


def _source(given: Path, parts: Sequence[_Part], notes: tuple[Note, ...]) -> Source:
    files = tuple(
        SourceFile(
            path=str(part.file.path),
            sha256=part.table.sha256,
            rows=len(part.table),
            encoding=part.table.encoding,
            format=part.table.format,
            split=part.file.split,
        )
        for part in parts
    )
    rows = sum(file.rows for file in files)
    return Source(str(given), files, rows, dict(parts[0].columns), notes)


def _said(parts: Sequence[_Part]) -> tuple[Note, ...]:
    return tuple(note for part in parts for note in part.notes)


def _values(parts: Sequence[_Part], task: Task) -> tuple[dict[str, list[Any]], tuple[Note, ...]]:
    """Canonical name -> cells over all files; one that some files lack is dropped and said."""
    notes = []
    values: dict[str, list[Any]] = {}
    for name in (*(column.name for column in task.columns), *EXTRAS):
        having = [part for part in parts if name in part.columns]
        if len(having) == len(parts):
            values[name] = [v for p in parts for v in p.table.columns[p.columns[name]]]
        elif having:
            without = ", ".join(part.table.name for part in parts if part not in having)
            notes.append(Note("dropped", f"column {name} was not kept: {without} lacks it"))
    return values, tuple(notes)


def _typed(
    tasks: Sequence[Task], cells: dict[str, list[Any]], names: Mapping[str, str], data: DataSettings
) -> tuple[Task, dict[str, list[Any]], tuple[Note, ...]]:
    """The task whose kind of target is there, the columns as it wants them, and the guesses."""
    columns = {name: cells[name] for name in cells if name in EXTRAS}
    columns |= {c.name: cells[c.name] for c in tasks[0].columns if c.name in cells and not c.target}
    if "time" in columns:
        columns["time"] = [sortable_time(str(cell or "")) or cell for cell in columns["time"]]
    for name in columns.keys() & {"id", "group", "annotator"}:
        columns[name] = to_kind(columns[name], "label", None)
    first = _target(tasks[0])
    if first is None or first.name not in cells:
        return tasks[0], columns, ()
    before, shape_notes = without_objects(cells[first.name], names[first.name])
    guess = guess_target(before, data.label_separator, names[first.name])
    fitting = [task for task in tasks if (own := _target(task)) and own.kind == guess.kind]
    task = (*fitting, tasks[0])[0]
    target = _target(task) or first
    if guess.pointed:
        before = [cell and cell.strip().partition(".")[0] for cell in before]
    if guess.rewrite and target.kind == "number":
        before = list(map(guess.rewrite, before))
    columns[target.name] = after = to_kind(before, target.kind, guess.separator)
    notes = shape_notes
    if fitting and target.kind == guess.kind:
        notes += guess.notes
    spaced = sum(isinstance(b, str) and b != a for b, a in zip(before, after, strict=True))
    if target.name == "label" and spaced and not any(map(_is_list_text, before)):
        notes += (Note("dropped", f"labels whose spaces at the ends were dropped: {spaced:,}"),)
    if target.name != "number":
        notes += twins_noted(columns[target.name])
    return task, columns, notes


def _is_list_text(cell: Any) -> bool:
    return not isinstance(cell, str) or cell.lstrip()[:1] in ("[", "{")


def _target(task: Task) -> Column | None:
    return next((column for column in task.columns if column.target), None)


def _titles(
    given: Path, parts: Sequence[_Part], columns: Mapping[str, Sequence[Any]], data: DataSettings
) -> tuple[dict[str, str], tuple[Note, ...]]:
    """Label names for people; columns are judged on the first (training) file."""
    used = _labels_used(columns)
    if not used:
        return {}, ()
    if data.label_names is not None:
        return given_titles(data.label_names, used)
    table, chosen = parts[0].table, parts[0].columns
    source = chosen.get("label") or chosen.get("labels", "")
    classes = dict(enumerate(table.content.class_names.get(source, ())))
    if classes and all(label.isdecimal() and int(label) in classes for label in used):
        note = Note("guessed", f"label names taken from the file's own list of {len(classes)}")
        return {label: classes[int(label)] for label in used}, (note,)
    others = {
        name: values
        for name, values in table.columns.items()
        if name not in chosen.values() and not is_id(name)
    }
    read = {part.file.path for part in parts}
    folder = given if given.is_dir() else parts[0].file.path.parent
    beside = [folder / name for name in _SIDECARS] if given.is_dir() or "*" in given.name else []
    sidecar = next((path for path in beside if path.is_file() and path not in read), None)
    if "label" not in columns:
        return label_titles(used, {}, sidecar)
    labels = columns["label"][: len(table)]
    return label_titles(labels, others, sidecar)


def _labels_used(columns: Mapping[str, Sequence[Any]]) -> list[str]:
    """The different labels that are there, in order of appearance; none where cells are wrong."""
    if "labels" in columns:
        tuples = [cell for cell in columns["labels"] if isinstance(cell, tuple)]
        return list(dict.fromkeys(label for cell in tuples for label in cell))
    different = dict.fromkeys(map(_as_key, columns.get("label", ())))
    return [label for label in different if label] if None not in different else []


def _as_key(label: Any) -> str | None:
    return label if isinstance(label, str) else None


def _file_columns(parts: Sequence[_Part]) -> dict[str, Sequence[Any]]:
    """The columns of the files by their own names, if all mean the same by them; None for gaps."""
    if any(part.columns != parts[0].columns for part in parts):
        return {}
    names = dict.fromkeys(name for part in parts for name in part.own)
    return {
        name: [v for p in parts for v in p.own.get(name) or [None] * len(p.table)] for name in names
    }
