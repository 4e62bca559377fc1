"""Answers of any model, from files with a row per text, as Luthier's own records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.special import softmax

from luthier.errors import InputError, Problem, did_you_mean
from luthier.kit.prediction_columns import AnswerColumns, answer_columns, as_number, as_numbers
from luthier.kit.table import Table, with_header
from luthier.kit.tables import read_table
from luthier.records import FloatArray, IntArray, Note, Predictions, SplitName

MOST_PROBLEMS = 10
SUM_TOLERANCE = 0.02
"""Probabilities of a row sum to 1 within this: files keep two or three digits."""


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """One file, read: its table, and what its columns hold."""

    split: SplitName
    path: Path
    table: Table
    columns: AnswerColumns

    def values(self, role: str) -> list[str] | None:
        """Cells of a role as text without spaces at the ends, or None where it has no column."""
        name = self.columns.roles.get(role)
        if name is None:
            return None
        return ["" if v is None else _as_label(v) for v in self.table.columns[name]]

    @property
    def has_answers(self) -> bool:
        """Whether it holds what a model said, not only rows and labels."""
        return "prediction" in self.columns.roles or bool(self.columns.scores)


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of one file.

    Args:
        predictions: with row ids from `first_row` on.
        rounded: half of the last digit of the outputs; 1 where there are only labels.
        notes: what was guessed or is odd.
    """

    predictions: Predictions
    rounded: float
    notes: tuple[Note, ...] = field(default=())


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
    if "label" not in columns.roles:
        names = ", ".join(list(table.columns)[:12])
        problems = (
            *problems,
            Problem(f"no column for the true label among {names}", where=table.name,
                    hint="say which: --label-column NAME"),
        )  # fmt: skip
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
        InputError: for every label that is not in `names`, and every output that is no number.
    """
    labels = places_of(file, "label", names)
    scores = _outputs(file, names)
    told = file.values("prediction")
    notes: list[Note] = []
    rounded = 1.0
    if scores is None:
        predicted = places_of(file, "prediction", names)
        if (predicted < 0).any():
            row = int(np.flatnonzero(predicted < 0)[0])
            raise InputError(
                Problem("the prediction is empty", where=file.table.places[row]),
                next_step="give a prediction for every row",
            )
        probabilities: FloatArray = np.eye(len(names))[predicted]
        losses = np.full(len(labels), np.nan)
        notes.append(Note("skipped", f"{file.table.name}: there are labels only, no outputs"))
    else:
        probabilities, rounded, form = _as_probabilities(scores, file)
        notes.append(Note("guessed", f"{file.table.name}: the outputs are {form}"))
        most = probabilities.argmax(axis=1).astype(np.int64)
        predicted = places_of(file, "prediction", names) if told is not None else most
        unlike = int((predicted != most).sum())
        if unlike:
            what = (
                f"in {unlike:,} of {len(most):,} rows another label than that of the highest output"
            )
            notes.append(Note("warning", f"{file.table.name}: {what} is called the prediction"))
        own = probabilities[np.arange(len(labels)), np.maximum(labels, 0)]
        losses = np.where(labels >= 0, -np.log(np.maximum(own, np.finfo(float).eps)), np.nan)
    ids = np.arange(first_row, first_row + len(labels), dtype=np.int64)
    made = Predictions(ids, labels, predicted, probabilities, losses, tuple(names))
    return Answers(made, rounded, tuple(notes))


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


def width_of(file: AnswerFile) -> int:
    """Labels that the outputs speak of; 0 where there are no outputs."""
    if file.columns.listed:
        cells = file.table.columns[next(iter(file.columns.scores))]
        return len(as_numbers(cells[0]) or ())
    return 2 if len(file.columns.scores) == 1 else len(file.columns.scores)


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
    unknown = [i for i, cell in enumerate(cells) if cell not in place]
    if unknown:
        raise InputError(
            [
                Problem(f"{role} {cells[i]!r} is none of {some_of(names)}",
                        where=file.table.places[i], hint=did_you_mean(cells[i], list(names)))
                for i in unknown[:MOST_PROBLEMS]
            ],
            next_step="name all labels in the order of the outputs: --label-names a,b,c",
        )  # fmt: skip
    return np.array([place[cell] for cell in cells], dtype=np.int64)


def _outputs(file: AnswerFile, names: Sequence[str]) -> FloatArray | None:
    """Numbers float64 [n, K] in the order of the names, or [n, 1]; None where there are none."""
    columns, labels = file.columns, len(names)
    if not columns.scores:
        return None
    cells: list[Any]
    if columns.listed:
        cells = [as_numbers(cell) for cell in file.table.columns[next(iter(columns.scores))]]
        wrong = [i for i, cell in enumerate(cells) if cell is None or len(cell) != labels]
    else:
        by_label = {said: name for name, said in columns.scores.items()}
        ordered = [by_label[n] for n in names] if set(by_label) == set(names) else columns.scores
        rows = zip(*(file.table.columns[name] for name in ordered), strict=True)
        cells = [[as_number(cell) for cell in row] for row in rows]
        wrong = [i for i, cell in enumerate(cells) if None in cell]
    if wrong:
        what = f"the outputs of this row are not {labels} numbers"
        raise InputError(
            [Problem(what, where=file.table.places[i]) for i in wrong[:MOST_PROBLEMS]],
            next_step="give one number per label in every row",
        )
    return np.array(cells, dtype=np.float64)


def _as_probabilities(values: FloatArray, file: AnswerFile) -> tuple[FloatArray, float, str]:
    """Probabilities [n, K], half of the last digit, and in words what the outputs were."""
    if values.shape[1] == 1:
        if (values >= 0).all() and (values <= 1).all():
            return (
                np.column_stack([1 - values, values]),
                _rounding(values),
                ("probabilities of the second label"),
            )
        positive = 1 / (1 + np.exp(-values))
        return np.column_stack([1 - positive, positive]), 0.0, "one logit for the second label"
    inside = bool((values >= 0).all() and (values <= 1 + 1e-6).all())
    sums = values.sum(axis=1)
    if inside and (np.abs(sums - 1) <= SUM_TOLERANCE).all():
        return values / sums[:, None], _rounding(values), "probabilities (each row sums to 1)"
    if inside and (sums > 0).all():
        what = "numbers from 0 to 1 that do not sum to 1 (sigmoid?); they were divided by their sum"
        return values / sums[:, None], _rounding(values), what
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
        raise InputError(
            Problem("an output of this row is not finite", where=file.table.places[row]),
            next_step="find out where the model breaks: these rows have no answer",
        )
    return softmax(values, axis=1), 0.0, "logits (softmax was applied)"


def _rounding(values: FloatArray) -> float:
    """Half of the last digit that the file keeps, at most 0.005; 0 where it keeps seven."""
    for digits in range(2, 7):
        if np.allclose(values, np.round(values, digits), atol=1e-9, rtol=0):
            return 0.5 * 10.0**-digits
    return 0.0
