"""The outputs of a model as probabilities, whatever form a file keeps them in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from luthier.errors import InputError, Problem
from luthier.kit.number_cells import PERCENT_SIGNS, as_numbers, as_output
from luthier.kit.output_forms import (
    as_probabilities,
    as_share,
    fits,
    inside,
    is_confidence,
    rounding,
    whole_of_each,
)
from luthier.kit.prediction_columns import AnswerColumns
from luthier.kit.problem_list import ProblemList
from luthier.kit.table import Table
from luthier.records import FloatArray, IntArray

MOST_STRANGE = 0.05
"""Share of rows that are no probabilities up to which they are mistakes, not another form."""

FEWEST_ROWS = 3
"""Rows from which one can be called unlike the others."""

EQUAL_CELLS = "give one number per label in every row"
ONE_FORM = "write the model's outputs again, all in one form"
NOTHING = "all outputs of this row are 0"
NO_ANSWER = "find out where the model breaks: these rows have no answer"


class _Wrong(NamedTuple):
    """What is wrong with a cell; `column` -1 with a row."""

    row: int
    column: int
    what: str


class Outputs(NamedTuple):
    """Outputs that were read.

    Args:
        probabilities: float64 [n, K], rows sum to 1.
        highest: int64 [n], place of the highest output in the order of the file's columns.
        rounded: half of the last digit that the file keeps.
        form: in words, what the outputs were.
    """

    probabilities: FloatArray
    highest: IntArray
    rounded: float
    form: str


def read_outputs(
    table: Table, columns: AnswerColumns, names: Sequence[str], predicted: IntArray | None
) -> Outputs:
    """The outputs as probabilities, in the order of the names.

    Args:
        table: with outputs.
        columns: where they stand.
        names: K labels.
        predicted: int64 [n], place of the prediction among the names, where the file has them.

    Raises:
        InputError: for every cell that is no number, and every row that is no answer.
    """
    percent = _may_be_percent(columns, names)
    read = _listed if columns.listed else _wide
    values = read(table, columns, names, percent=percent)
    if values.shape[1] == 1 and predicted is not None and is_confidence(values[:, 0], predicted):
        share = as_share(values)
        other = (1 - share) / max(1, len(names) - 1)
        wide = np.repeat(other, len(names), axis=1)
        wide[np.arange(len(wide)), predicted] = share[:, 0]
        form = "the confidence in the prediction of the row; the other label has the rest"
        return Outputs(wide, predicted, rounding(share), form)
    found, rounded, form = as_probabilities(values, _has_sign(table, columns), percent)
    order = {said: place for place, said in enumerate(columns.scores.values())}
    if found.shape[1] > 1 and set(order) == set(names):  # the columns in the file's own order
        in_file = found[:, np.argsort([order[name] for name in names])]
        return Outputs(found, in_file.argmax(axis=1).astype(np.int64), rounded, form)
    return Outputs(found, found.argmax(axis=1).astype(np.int64), rounded, form)


def _may_be_percent(columns: AnswerColumns, names: Sequence[str]) -> bool:
    """Whether the columns are surely outputs of the labels, and none is called a logit."""
    said = columns.scores.values()
    outputs = columns.listed or all(one in names or one.isdigit() for one in said)
    return outputs and not any("logit" in column.casefold() for column in columns.scores)


def _wide(
    table: Table, columns: AnswerColumns, names: Sequence[str], *, percent: bool
) -> FloatArray:
    """float64 [n, K] in the order of the names, or [n, 1]: one column each.

    Raises:
        InputError: with file, line, column and cell of all that are no numbers.
    """
    by_label = {said: name for name, said in columns.scores.items()}
    ordered = [by_label[n] for n in names] if set(by_label) == set(names) else [*columns.scores]
    if len(ordered) not in (1, len(names)):
        what = f"there are {len(ordered)} outputs and {len(names)} labels"
        raise InputError(Problem(what, where=table.name), next_step=EQUAL_CELLS)
    values = np.full((len(table), len(ordered)), np.nan)
    wrong: list[_Wrong] = []
    step = ""
    for place, name in enumerate(ordered):
        for row, cell in enumerate(table.columns[name]):
            number = as_output(cell)
            if number is not None and np.isfinite(number):
                values[row, place] = number
                continue
            wrong.append(_Wrong(row, place, _what_is_wrong(cell, number)))
            step = EQUAL_CELLS if number is None else step or NO_ANSWER
    strange = _strange_rows(values, percent)
    _refuse([*wrong, *strange], table, ordered, step or _step(strange))
    return values


def _refuse(wrong: Sequence[_Wrong], table: Table, columns: Sequence[str], step: str) -> None:
    """Name every place.

    Raises:
        InputError: where something is wrong.
    """
    problems = ProblemList(step)
    for row, column, what in sorted(wrong):
        place = table.places[row]
        problems.add(f"{place}: {columns[column]}" if column >= 0 else place, what)
    problems.raise_if_any()


def _has_sign(table: Table, columns: AnswerColumns) -> bool:
    cell = table.columns[next(iter(columns.scores))][0]
    return isinstance(cell, str) and cell.strip().endswith(PERCENT_SIGNS)


def _what_is_wrong(cell: Any, number: float | None) -> str:
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return "the output is empty"
    return (
        f"the output {cell!r} is no number"
        if number is None
        else "an output of this row is not finite"
    )


def _listed(
    table: Table, columns: AnswerColumns, names: Sequence[str], *, percent: bool
) -> FloatArray:
    """float64 [n, K] from one column of lists.

    Raises:
        InputError: with every row whose list is none, or of another length.
    """
    (name,) = columns.scores
    labels = len(names)
    wrong: list[_Wrong] = []
    values = np.full((len(table), labels), np.nan)
    for row, cell in enumerate(map(as_numbers, table.columns[name])):
        if cell is None or len(cell) != labels:
            wrong.append(_Wrong(row, 0, f"the outputs of this row are not {labels} numbers"))
        elif not np.isfinite(cell).all():
            wrong.append(_Wrong(row, 0, "an output of this row is not finite"))
        else:
            values[row] = cell
    strange = [one._replace(column=0) for one in _strange_rows(values, percent)]
    _refuse([*wrong, *strange], table, [name], EQUAL_CELLS if wrong else _step(strange))
    return values


def _strange_rows(values: FloatArray, percent: bool) -> list[_Wrong]:
    """A few rows that are no probabilities where all others are: no other form, but mistakes."""
    rows = np.flatnonzero(np.isfinite(values).all(axis=1))
    whole_rows = values[rows]
    if values.shape[1] == 1:
        return []
    most = max(1, MOST_STRANGE * len(rows)) if len(rows) >= FEWEST_ROWS else 0
    for whole in (1.0, 100.0):
        if whole == 1 and inside(whole_rows, whole).all():
            continue  # sums that differ are a sigmoid's
        strange = rows[~fits(whole_rows, whole)]
        if 0 < len(strange) <= most:
            return [_strange(row, values[row], whole) for row in strange.tolist()]
    return _strange_shares(values, rows, most, percent)


def _strange_shares(values: FloatArray, rows: IntArray, most: float, percent: bool) -> list[_Wrong]:
    """Rows that are no shares where those of the other rows are, each number of 1 or 100."""
    in_range = inside(values[rows], 100.0)
    outside, others = rows[~in_range], rows[in_range]
    whole = whole_of_each(values[others], percent)
    if not whole or len(outside) > (most if whole > 1 else 0):
        return []
    wrong = [_strange(row, values[row], whole) for row in outside.tolist()]
    empty = others[values[others].sum(axis=1) == 0]
    return wrong + [_Wrong(row, -1, NOTHING) for row in empty.tolist()]


def _step(strange: Sequence[_Wrong]) -> str:
    return NO_ANSWER if any(one.what == NOTHING for one in strange) else ONE_FORM


def _strange(row: int, values: FloatArray, whole: float) -> _Wrong:
    outside = np.flatnonzero((values < 0) | (values > whole * (1 + 1e-6)))
    if len(outside):
        value = values[outside[0]]
        what = f"the output {value:g} is not from 0 to {whole:g}; those of other rows are"
        return _Wrong(row, int(outside[0]), what)
    summed = float(values.sum())
    what = f"the outputs of this row sum to {summed:g}, those of the others to {whole:g}"
    return _Wrong(row, -1, what)
