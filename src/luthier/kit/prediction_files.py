"""Answers of any model, from files with a row per text, as Luthier's own records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from luthier.errors import InputError, Problem, did_you_mean
from luthier.kit.number_cells import as_number, as_numbers, as_output
from luthier.kit.output_forms import is_confidence
from luthier.kit.prediction_columns import AnswerColumns, answer_columns
from luthier.kit.prediction_outputs import read_outputs
from luthier.kit.problem_list import ProblemList
from luthier.kit.table import Table, with_header
from luthier.kit.tables import read_table
from luthier.records import IntArray, Note, Predictions, SplitName

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """One file, read: its table, and what its columns hold.

    `spelling`: label as it is written -> the label that is meant.
    """

    split: SplitName
    path: Path
    table: Table
    columns: AnswerColumns
    spelling: Mapping[str, str] = field(default_factory=dict)

    def values(self, role: str) -> list[str] | None:
        """Cells of a role as text without spaces at the ends, or None where it has no column."""
        name = self.columns.roles.get(role)
        if name is None:
            return None
        cells = ("" if v is None else _as_label(v) for v in self.table.columns[name])
        return [self.spelling.get(cell, cell) for cell in cells]

    @property
    def has_answers(self) -> bool:
        """Whether it holds what a model said, not only rows and labels."""
        return "prediction" in self.columns.roles or bool(self.columns.scores)

    @property
    def names_its_answers(self) -> bool:
        """Whether its predictions are names, not numbers that stand for places."""
        told = self.values("prediction")
        return told is not None and not are_numbers(list(filter(None, told)))


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of one file.

    Args:
        predictions: with row ids from `first_row` on.
        rounded: half of the last digit of the outputs; 1 where there are only labels.
        chosen: int64 [n], which label or output was chosen, whatever order the labels are read in.
        notes: what was guessed or is odd.
        highest: int64 [n], label of the highest output; None where there are only labels.
    """

    predictions: Predictions
    rounded: float
    chosen: IntArray
    notes: tuple[Note, ...] = field(default=())
    highest: IntArray | None = None


def read_answers(path: Path, split: SplitName, asked: Mapping[str, str]) -> AnswerFile:
    """Read a file and find its columns.

    Raises:
        InputError: when it cannot be read, has no header, or a named column is not there.
    """
    table = read_table(path)
    if not table.headed:
        table = with_header(table)
    if path.suffix == ".parquet":
        table = _with_lists(table, path)
    columns, problems = answer_columns(table, asked)
    if problems:
        raise InputError(problems, next_step="luthier diagnose --help")
    return AnswerFile(split, path, table, columns)


def _with_lists(table: Table, path: Path) -> Table:
    """The table with its columns of lists of numbers, which hold no row of a data set otherwise."""
    schema = pq.read_schema(path)
    lists = [
        name
        for name in schema.names
        if name not in table.columns and pa.types.is_list(schema.field(name).type)
    ]
    if not lists:
        return table
    read = pq.read_table(path, columns=lists).to_pydict()
    notes = tuple(note for note in table.content.notes if note.kind != "skipped")
    content = replace(table.content, columns={**table.columns, **read}, notes=notes)
    return replace(table, content=content)


def to_answers(file: AnswerFile, names: Sequence[str], first_row: int) -> Answers:
    """The answers of one file.

    Raises:
        InputError: for every label that is not in `names`, every prediction that is empty, and
            every output that is no number.
    """
    problems: list[Problem] = []
    steps: list[str] = []
    labels = _kept(lambda: places_of(file, "label", names), problems, steps)
    told = _kept(lambda: _predictions(file, names), problems, steps)
    known = None if told is None or (told < 0).any() else told
    outputs = None
    if has_outputs(file, len(names)):
        outputs = _kept(
            lambda: read_outputs(file.table, file.columns, names, known), problems, steps
        )
    if problems or labels is None:
        raise InputError(problems, next_step="; ".join(dict.fromkeys(filter(None, steps))))
    ids = np.arange(first_row, first_row + len(labels), dtype=np.int64)
    if outputs is None:
        said = known if known is not None else labels
        return labels_only(Predictions(ids, labels, said, np.eye(len(names))[said],
                                       np.full(len(ids), np.nan), tuple(names)),
                           said, _why_no_outputs(file, len(names)))  # fmt: skip
    probabilities = outputs.probabilities
    highest = probabilities.argmax(axis=1).astype(np.int64)
    own = probabilities[np.arange(len(labels)), np.maximum(labels, 0)]
    losses = np.where(labels >= 0, -np.log(np.maximum(own, np.finfo(float).eps)), np.nan)
    predicted = highest if known is None else known
    made = Predictions(ids, labels, predicted, probabilities, losses, tuple(names))
    chosen = outputs.highest if known is None else known
    note = Note("guessed", f"{file.table.name}: the outputs are {outputs.form}")
    return Answers(made, outputs.rounded, chosen, (note,), highest)


def labels_only(predictions: Predictions, chosen: IntArray, note: Note) -> Answers:
    """Answers of which nothing but the label is known, or believed."""
    bare = replace(
        predictions,
        probabilities=np.eye(len(predictions.label_names))[predictions.predicted],
        loss=np.full(len(predictions), np.nan),
    )
    return Answers(bare, 1.0, chosen, (note,))


def _why_no_outputs(file: AnswerFile, labels: int) -> Note:
    name = file.table.name
    if not file.columns.scores:
        return Note("skipped", f"{name}: there are labels only, no outputs")
    alone = next(iter(file.columns.scores))
    what = (
        f"{name}: column {alone!r} holds one number per row, for {labels} labels: the confidence "
        "in the prediction, it seems. No check can use that alone; only the labels are read"
    )
    return Note("skipped", what)


def _predictions(file: AnswerFile, names: Sequence[str]) -> IntArray | None:
    """int64 [n], places of the predictions; None where the file has no such column.

    Raises:
        InputError: for every prediction that is empty or no label.
    """
    cells = file.values("prediction")
    if cells is None:
        return None
    problems = ProblemList("give a prediction for every row")
    for row in (i for i, cell in enumerate(cells) if not cell):
        problems.add(file.table.places[row], "the prediction is empty")
    found: list[Problem] = []
    steps: list[str] = []
    places = _kept(lambda: places_of(file, "prediction", names), found, steps)
    if problems:
        _kept(problems.raise_if_any, found, steps)
    if found:
        raise InputError(found, next_step="; ".join(steps))
    return places


def _kept(read: Callable[[], Read], problems: list[Problem], steps: list[str]) -> Read | None:
    """What was read; None where it cannot be, with what is wrong added to the problems."""
    try:
        return read()
    except InputError as error:
        problems += error.problems
        steps.append(error.next_step)
        return None


def _as_label(value: Any) -> str:
    """`3` for 3.0: numbers of labels come as floats out of pandas."""
    text = str(value).strip()
    number = as_number(text)
    if number is not None and text.endswith(".0") and number.is_integer():
        return str(int(number))
    return text


def are_numbers(names: Sequence[str]) -> bool:
    """Whether there are names, and each is a whole number."""
    return bool(names) and all(name.lstrip("-").isdigit() for name in names)


def some_of(names: Sequence[str]) -> str:
    """The first eight names."""
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")


def has_outputs(file: AnswerFile, labels: int) -> bool:
    """Whether a file has outputs that can be read, for so many labels."""
    columns = file.columns
    alone = len(columns.scores) == 1 and not columns.listed
    return bool(columns.scores) and not (alone and labels != 2 and "prediction" in columns.roles)


def width_of(file: AnswerFile, labels: int) -> int:
    """Labels that the outputs speak of; 0 where there are none, or the prediction names the label.

    Args:
        file: one file.
        labels: different labels in all files.
    """
    scores = file.columns.scores
    if file.columns.listed:
        widths = Counter(
            len(as_numbers(cell) or ()) for cell in file.table.columns[next(iter(scores))]
        )
        return max(widths, key=lambda width: (width > 0, widths[width]))
    if len(scores) != 1:
        return len(scores)
    told = file.values("prediction")
    if told is None or not has_outputs(file, labels):
        return 2 if told is None else 0
    numbers = [as_output(cell) for cell in file.table.columns[next(iter(scores))]]
    places = np.unique(told, return_inverse=True)[1]
    values = np.array([np.nan if number is None else number for number in numbers])
    return 0 if is_confidence(values, places) else 2


def places_of(file: AnswerFile, role: str, names: Sequence[str]) -> IntArray:
    """int64 [n], place of each cell among the names; numbers are places too; -1 where empty.

    Raises:
        InputError: for every cell that is neither.
    """
    cells = file.values(role)
    if cells is None:
        return np.full(len(file.table), -1, dtype=np.int64)
    place = {str(i): i for i in range(len(names))} if not are_numbers(names) else {}
    place |= {name: i for i, name in enumerate(names)} | {"": -1}
    problems = ProblemList("name all labels in the order of the outputs: --label-names a,b,c")
    for i in (i for i, cell in enumerate(cells) if cell not in place):
        hint = did_you_mean(cells[i], list(names))
        problems.add(file.table.places[i], f"{role} {cells[i]!r} is none of {some_of(names)}", hint)
    problems.raise_if_any()
    return np.array([place[cell] for cell in cells], dtype=np.int64)
