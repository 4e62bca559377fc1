"""Predictions as the columns of a table, and back: one shape per kind of answer. No torch here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from luthier.records import (
    AnyPredictions,
    FloatArray,
    IntArray,
    LabelSetPredictions,
    NumberPredictions,
    Predictions,
)


def columns_of(predictions: AnyPredictions) -> tuple[dict[str, Any], dict[str, Any]]:
    """Columns by name, labels by their names, and what stands beside the table."""
    columns: dict[str, Any] = {"row_id": predictions.row_ids}
    rest: dict[str, Any] = {
        "label_names": list(predictions.label_names),
        "model_digest": predictions.model_digest,
    }
    if isinstance(predictions, Predictions):
        names = np.array([*predictions.label_names, ""], dtype=object)
        columns["label"] = names[predictions.labels].tolist()
        columns["prediction"] = names[predictions.predicted].tolist()
        columns |= _probabilities(predictions.probabilities, predictions.label_names)
    elif isinstance(predictions, LabelSetPredictions):
        label_names = predictions.label_names
        rest |= {"kind": "labels", "thresholds": list(predictions.thresholds)}
        columns["label"] = _names_of_rows(predictions.labels, label_names)
        columns["prediction"] = _names_of_rows(predictions.predicted, label_names)
        columns |= _probabilities(predictions.probabilities, label_names)
    else:
        rest["kind"] = "number"
        columns |= {"label": predictions.labels, "prediction": predictions.predicted}
    columns["loss"] = predictions.loss
    return columns, rest


def predictions_of(table: pa.Table, rest: Mapping[str, Any]) -> AnyPredictions:
    """What `columns_of` gave.

    Raises:
        ValueError: when a column is missing or holds a label that is none.
        KeyError: when something is missing beside the table.
    """
    read = _READERS[rest.get("kind", "label")]
    return read(table, rest)


def column(table: pa.Table, name: str) -> pa.ChunkedArray:
    """A column of the table.

    Raises:
        ValueError: when it is missing.
    """
    if name not in table.column_names:
        raise ValueError(f"it has no column {name!r}")
    return table[name]


def _single(table: pa.Table, rest: Mapping[str, Any]) -> Predictions:
    names: list[str] = rest["label_names"]
    return Predictions(
        row_ids=column(table, "row_id").to_numpy(),
        labels=_positions(table, "label", names),
        predicted=_positions(table, "prediction", names),
        probabilities=_read_probabilities(table, names),
        loss=column(table, "loss").to_numpy(),
        label_names=tuple(names),
        model_digest=rest["model_digest"],
    )


def _label_sets(table: pa.Table, rest: Mapping[str, Any]) -> LabelSetPredictions:
    names: list[str] = rest["label_names"]
    return LabelSetPredictions(
        row_ids=column(table, "row_id").to_numpy(),
        labels=_sets(table, "label", names),
        predicted=_sets(table, "prediction", names),
        probabilities=_read_probabilities(table, names),
        loss=column(table, "loss").to_numpy(),
        label_names=tuple(names),
        thresholds=tuple(rest["thresholds"]),
        model_digest=rest["model_digest"],
    )


def _numbers(table: pa.Table, rest: Mapping[str, Any]) -> NumberPredictions:
    return NumberPredictions(
        row_ids=column(table, "row_id").to_numpy(),
        labels=column(table, "label").to_numpy(),
        predicted=column(table, "prediction").to_numpy(),
        loss=column(table, "loss").to_numpy(),
        label_names=tuple(rest["label_names"]),
        model_digest=rest["model_digest"],
    )


_READERS: Mapping[str, Callable[[pa.Table, Mapping[str, Any]], AnyPredictions]] = {
    "label": _single,
    "labels": _label_sets,
    "number": _numbers,
}


def _probabilities(values: FloatArray, names: Sequence[str]) -> dict[str, FloatArray]:
    return {f"probability_{name}": values[:, i] for i, name in enumerate(names)}


def _read_probabilities(table: pa.Table, names: Sequence[str]) -> FloatArray:
    columns = [column(table, f"probability_{name}").to_numpy() for name in names]
    wide: FloatArray = np.column_stack(columns)
    return wide


def _names_of_rows(applies: IntArray, names: Sequence[str]) -> pa.Array:
    """The names of each row; null where the row's labels are unknown."""
    own = [
        None if (row < 0).any() else [names[i] for i in np.flatnonzero(row).tolist()]
        for row in applies
    ]
    return pa.array(own, type=pa.list_(pa.string()))


def _sets(table: pa.Table, name: str, names: Sequence[str]) -> IntArray:
    place = {label: i for i, label in enumerate(names)}
    values = column(table, name).to_pylist()
    applies = np.zeros((len(values), len(names)), dtype=np.int64)
    for row, own in enumerate(values):
        if own is None:
            applies[row] = -1
            continue
        unknown = sorted(set(own) - set(place))
        if unknown:
            raise ValueError(f"{name} holds {unknown[0]!r}, which is none of its labels")
        applies[row, [place[label] for label in own]] = 1
    return applies


def _positions(table: pa.Table, name: str, names: Sequence[str]) -> IntArray:
    """int64 [n], the place of each value among `names`; -1 for an empty one."""
    place = {label: i for i, label in enumerate(names)} | {"": -1}
    values = column(table, name).to_pylist()
    unknown = sorted({str(value) for value in values if value not in place})
    if unknown:
        raise ValueError(f"{name} holds {unknown[0]!r}, which is none of its labels")
    return np.array([place[value] for value in values], dtype=np.int64)
