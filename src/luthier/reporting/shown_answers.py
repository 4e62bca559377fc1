"""What a model answered to each row, as the page shows it, for every kind of task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from luthier.records import (
    AnyPredictions,
    BoolArray,
    LabelSetPredictions,
    NumberPredictions,
    Predictions,
    Rows,
)

Kind = Literal["label", "set", "number"]
"""One label per row, any number of labels, a number."""
KINDS: Mapping[str, Kind] = {"multi_label": "set", "text_regression": "number"}
"""Task -> what its models answer; `label` for every other."""
Cell = int | float | list[int] | None
"""A label's place (-1: none), the places of several labels, or a number; None: unknown."""


class ShownAnswer(NamedTuple):
    """One row: truth and answer, probability of the answer and of the label, loss.

    `p` and `pl` are thousandths, -1 where there is none: of several labels `p` is that of the
    least sure decision. `loss` is in hundredths of its unit; of a number it is the absolute error.
    """

    label: Cell
    answer: Cell
    p: int
    pl: int
    loss: float


def kind_of(answers: Mapping[Any, AnyPredictions], task: str = "") -> Kind:
    """What the model of a run answers; by the name of its task where nothing was answered yet."""
    first = next(iter(answers.values()), None)
    if first is None:
        return KINDS.get(task, "label")
    if isinstance(first, LabelSetPredictions):
        return "set"
    return "number" if isinstance(first, NumberPredictions) else "label"


def right(part: AnyPredictions) -> BoolArray:
    """Which answers are right, bool [n]; of numbers those nearer than half of all."""
    if isinstance(part, NumberPredictions):
        error = np.abs(part.predicted - part.labels)
        known = error[np.isfinite(error)]
        near: BoolArray = error <= (np.median(known) if len(known) else 0.0)
        return near
    same: BoolArray = np.asarray(part.labels == part.predicted)
    if isinstance(part, LabelSetPredictions):
        every: BoolArray = np.all(same, axis=1)
        return every
    return same


def shown_answers(
    part: AnyPredictions, place: Mapping[str, int]
) -> Iterator[tuple[int, ShownAnswer]]:
    """Row id and what is shown of its answer.

    Args:
        part: answers of one split.
        place: label -> its place in the page.
    """
    match part:
        case Predictions():
            return _of_labels(part, place)
        case LabelSetPredictions():
            return _of_sets(part, place)
        case NumberPredictions():
            return _of_numbers(part)


def _of_labels(part: Predictions, place: Mapping[str, int]) -> Iterator[tuple[int, ShownAnswer]]:
    names = [*(place[name] for name in part.label_names), -1]
    said = part.probabilities[np.arange(len(part)), part.predicted]
    own = part.probabilities[np.arange(len(part)), part.labels]
    own = np.where(part.labels >= 0, own, -0.001)
    loss = np.where(np.isfinite(part.loss), part.loss, -0.01)
    for row_id, label, answer, p, pl, lost in zip(
        part.row_ids.tolist(), part.labels.tolist(), part.predicted.tolist(), said.tolist(),
        own.tolist(), loss.tolist(), strict=True,
    ):  # fmt: skip
        yield (
            row_id,
            ShownAnswer(
                names[label], names[answer], round(p * 1000), round(pl * 1000), round(lost * 100)
            ),
        )


def _of_sets(
    part: LabelSetPredictions, place: Mapping[str, int]
) -> Iterator[tuple[int, ShownAnswer]]:
    names = [place[name] for name in part.label_names]
    given = part.predicted > 0
    sure = np.where(given, part.probabilities, 1 - part.probabilities).min(axis=1)
    loss = np.where(np.isfinite(part.loss), part.loss, -0.01)
    known = part.known
    for at, row_id in enumerate(part.row_ids.tolist()):
        label = _places(part.labels[at], names) if known[at] else None
        answer = _places(part.predicted[at], names)
        p, lost = round(float(sure[at]) * 1000), round(float(loss[at]) * 100)
        yield row_id, ShownAnswer(label, answer, p, -1, lost)


def _of_numbers(part: NumberPredictions) -> Iterator[tuple[int, ShownAnswer]]:
    for row_id, truth, answer in zip(
        part.row_ids.tolist(), part.labels.tolist(), part.predicted.tolist(), strict=True
    ):
        known = bool(np.isfinite(truth))
        error = _round(abs(answer - truth)) if known else -1.0
        yield row_id, ShownAnswer(_round(truth) if known else None, _round(answer), -1, -1, error)


def own_label(rows: Rows, position: int, place: Mapping[str, int], kind: Kind) -> Cell:
    """The label of a row as it stands in the data, where the model has not answered it."""
    column = {"label": "label", "set": "labels", "number": "number"}[kind]
    values = rows.columns.get(column, ())
    if not len(values):
        return -1 if kind == "label" else None
    value = values[position]
    if kind == "set":
        return [place[name] for name in value if name in place]
    return _round(float(value)) if kind == "number" else place.get(str(value), -1)


def in_words(cell: Cell, names: Sequence[str]) -> str:
    """A cell for a table: a label, labels with `|` between them, a number."""
    if isinstance(cell, list):
        return "|".join(names[place] for place in cell)
    if isinstance(cell, int):
        return names[cell] if cell >= 0 else ""
    return "" if cell is None else f"{cell:g}"


def _places(flags: np.ndarray, names: Sequence[int]) -> list[int]:
    return [names[at] for at in np.flatnonzero(flags > 0).tolist()]


def _round(value: float) -> float:
    return float(f"{value:.6g}")
