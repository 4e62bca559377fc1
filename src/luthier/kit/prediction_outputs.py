"""The outputs of a model as probabilities, whatever form a file keeps them in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.special import softmax

from luthier.errors import InputError, Problem
from luthier.kit.number_cells import PERCENT_SIGNS, as_numbers, as_output
from luthier.kit.prediction_columns import AnswerColumns
from luthier.kit.problem_list import ProblemList
from luthier.kit.table import Table
from luthier.records import BoolArray, FloatArray, IntArray

SUM_TOLERANCE = 0.02
"""Probabilities of a row sum to 1 within this: files keep two or three digits."""

MOST_STRANGE = 0.05
"""Share of rows that are no probabilities up to which they are mistakes, not another form."""

FEWEST_ROWS = 3
"""Rows from which one can be called unlike the others."""

LARGEST_LOGIT = 30.0
"""The sigmoid of more than this is 1 to 13 digits: such a number is no logit, but percent."""

EQUAL_CELLS = "give one number per label in every row"
ONE_FORM = "write the model's outputs again, all in one form"
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
    values = _listed(table, columns, len(names)) if columns.listed else _wide(table, columns, names)
    if values.shape[1] == 1 and predicted is not None and is_confidence(values[:, 0], predicted):
        share = _as_share(values)
        other = (1 - share) / max(1, len(names) - 1)
        wide = np.repeat(other, len(names), axis=1)
        wide[np.arange(len(wide)), predicted] = share[:, 0]
        form = "the confidence in the prediction of the row; the other label has the rest"
        return Outputs(wide, predicted, _rounding(share), form)
    found, rounded, form = _as_probabilities(values, _has_sign(table, columns))
    order = {said: place for place, said in enumerate(columns.scores.values())}
    if found.shape[1] > 1 and set(order) == set(names):  # the columns in the file's own order
        in_file = found[:, np.argsort([order[name] for name in names])]
        return Outputs(found, in_file.argmax(axis=1).astype(np.int64), rounded, form)
    return Outputs(found, found.argmax(axis=1).astype(np.int64), rounded, form)


def is_confidence(values: FloatArray, predicted: IntArray) -> bool:
    """Whether one number per row is the confidence in its prediction, of two labels.

    It is never below one half then, and high for both labels. The probability of the second label
    is high where that one is predicted, and lower wherever the other is.

    Args:
        values: float64 [n].
        predicted: int64 [n], any numbers for the two labels.
    """
    if not np.isfinite(values).all() or (values < 0).any():
        return False
    share = _as_share(values)
    if (share > 1).any() or (share < 0.5 - SUM_TOLERANCE / 2).any():
        return False
    second = predicted == predicted.max()
    return bool(second.all() or share[~second].max() > share[second].min())


def _as_share(values: FloatArray) -> FloatArray:
    """Percent divided by 100; other numbers as they are."""
    return values / 100 if _is_lone_percent(values) else values


def _is_lone_percent(values: FloatArray) -> bool:
    return bool(values.min() >= 0 and LARGEST_LOGIT < values.max() <= 100)


def _wide(table: Table, columns: AnswerColumns, names: Sequence[str]) -> FloatArray:
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
    _refuse([*wrong, *_strange_rows(values)], table, ordered, step or ONE_FORM)
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


def _listed(table: Table, columns: AnswerColumns, labels: int) -> FloatArray:
    """float64 [n, K] from one column of lists.

    Raises:
        InputError: with every row whose list is none, or of another length.
    """
    (name,) = columns.scores
    wrong: list[_Wrong] = []
    values = np.full((len(table), labels), np.nan)
    for row, cell in enumerate(map(as_numbers, table.columns[name])):
        if cell is None or len(cell) != labels:
            wrong.append(_Wrong(row, 0, f"the outputs of this row are not {labels} numbers"))
        elif not np.isfinite(cell).all():
            wrong.append(_Wrong(row, 0, "an output of this row is not finite"))
        else:
            values[row] = cell
    strange = [one._replace(column=0) for one in _strange_rows(values)]
    _refuse([*wrong, *strange], table, [name], EQUAL_CELLS if wrong else ONE_FORM)
    return values


def _as_probabilities(values: FloatArray, percent: bool) -> tuple[FloatArray, float, str]:
    """Probabilities [n, K], half of the last digit, and in words what the outputs were.

    Args:
        values: float64 [n, K], finite.
        percent: whether the cells have a percent sign; they are divided by 100 already.
    """
    if values.shape[1] == 1:
        return _of_second(values)
    sums = values.sum(axis=1)
    for whole in (1.0, 100.0):
        if _fits(values, whole).all():
            form = "probabilities (each row sums to 1)"
            if percent or whole > 1:
                form = "percent (each row sums to 100); they were divided by 100"
            return values / sums[:, None], _rounding(values / whole), form
    if _inside(values, 1.0).all() and (sums > 0).all():
        form = "numbers from 0 to 1 that do not sum to 1 (sigmoid?); they were divided by their sum"
        return values / sums[:, None], _rounding(values), form
    return softmax(values, axis=1), 0.0, "logits (softmax was applied)"


def _inside(values: FloatArray, whole: float) -> BoolArray:
    """Bool [n]: rows whose numbers are all from 0 to `whole`."""
    cells: BoolArray = (values >= 0) & (values <= whole * (1 + 1e-6))
    rows: BoolArray = np.all(cells, axis=1)
    return rows


def _fits(values: FloatArray, whole: float) -> BoolArray:
    """Bool [n]: rows that are shares of `whole`."""
    sums = values.sum(axis=1)
    fits: BoolArray = _inside(values, whole) & (np.abs(sums - whole) <= SUM_TOLERANCE * whole)
    return fits


def _of_second(values: FloatArray) -> tuple[FloatArray, float, str]:
    """One number per row, for the second of two labels."""
    share = _as_share(values)
    if (share >= 0).all() and (share <= 1).all():
        percent = _is_lone_percent(values)
        form = "probabilities of the second label"
        form = "percent, of the second label; they were divided by 100" if percent else form
        return np.column_stack([1 - share, share]), _rounding(share), form
    positive = 1 / (1 + np.exp(-values))
    return np.column_stack([1 - positive, positive]), 0.0, "one logit for the second label"


def _strange_rows(values: FloatArray) -> list[_Wrong]:
    """A few rows that are no probabilities where all others are: no other form, but mistakes."""
    rows = np.flatnonzero(np.isfinite(values).all(axis=1))
    whole_rows = values[rows]
    if values.shape[1] == 1 or len(rows) < FEWEST_ROWS:
        return []
    for whole in (1.0, 100.0):
        if whole == 1 and _inside(whole_rows, whole).all():
            continue  # sums that differ are a sigmoid's
        strange = rows[~_fits(whole_rows, whole)]
        if 0 < len(strange) <= max(1, MOST_STRANGE * len(rows)):
            return [_strange(row, values[row], whole) for row in strange.tolist()]
    return []


def _strange(row: int, values: FloatArray, whole: float) -> _Wrong:
    outside = np.flatnonzero((values < 0) | (values > whole * (1 + 1e-6)))
    if len(outside):
        value = values[outside[0]]
        what = f"the output {value:g} is not from 0 to {whole:g}; those of other rows are"
        return _Wrong(row, int(outside[0]), what)
    summed = float(values.sum())
    what = f"the outputs of this row sum to {summed:g}, those of the others to {whole:g}"
    return _Wrong(row, -1, what)


def _rounding(values: FloatArray) -> float:
    """Half of the last digit that the file keeps, at most 0.005; 0 where it keeps seven."""
    for digits in range(2, 7):
        if np.allclose(values, np.round(values, digits), atol=1e-9, rtol=0):
            return 0.5 * 10.0**-digits
    return 0.0
