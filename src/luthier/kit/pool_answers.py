"""Answers to different rows, of one model or several, as the answers of one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np

from luthier.records import (
    AnyPredictions,
    IntArray,
    LabelSetPredictions,
    NumberPredictions,
    Predictions,
)

P = TypeVar("P", Predictions, LabelSetPredictions, NumberPredictions)
Some = TypeVar("Some", bound=AnyPredictions)


def joined(parts: Sequence[P]) -> P | None:
    """The answers of every part in one record, part after part; None where labels differ.

    Args:
        parts: at least one, all of one task.
    """
    first = parts[0]
    if any(part.label_names != first.label_names for part in parts):
        return None
    columns: dict[str, Any] = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(first)
        if isinstance(getattr(first, field.name), np.ndarray)
    }
    return replace(first, **columns)


def taken(answers: Some, positions: IntArray) -> Some:
    """The answers to some of the rows, in this order.

    Args:
        answers: to n rows.
        positions: int64 [m], places among them.
    """
    columns: dict[str, Any] = {}
    for field in fields(answers):
        values: Any = getattr(answers, field.name)
        if isinstance(values, np.ndarray):
            columns[field.name] = values[positions]
    return replace(answers, **columns)


def in_place(answers: P, positions: IntArray, row_ids: IntArray) -> P:
    """The answers among rows without one: -1 or NaN stands there, as where a label is unknown.

    Args:
        answers: to m rows.
        positions: int64 [m], where each of them stands among all rows.
        row_ids: int64 [n], ids of all rows.
    """
    columns: dict[str, Any] = {}
    for field in fields(answers):
        values: Any = getattr(answers, field.name)
        if isinstance(values, np.ndarray):
            missing = np.nan if values.dtype.kind == "f" else -1
            columns[field.name] = np.full((len(row_ids), *values.shape[1:]), missing, values.dtype)
            columns[field.name][positions] = values
    return replace(answers, **{**columns, "row_ids": row_ids})


def pooled(parts: Sequence[AnyPredictions]) -> AnyPredictions:
    """The answers of several models, each to rows of its own, by row id.

    What belongs to one model is left out: the digest, and thresholds, which each has its own.

    Args:
        parts: at least one, all of one task and with the same labels in the same order.

    Raises:
        ValueError: when labels differ, or a row is in two parts.
    """
    together: AnyPredictions | None = joined(parts)  # type: ignore[type-var]
    if together is None:
        raise ValueError("the parts do not have the same labels")
    order = np.argsort(together.row_ids, kind="stable")
    if len(np.unique(together.row_ids)) != len(order):
        raise ValueError("a row is in two parts")
    columns: dict[str, Any] = {
        field.name: values[order]
        for field in fields(together)
        if isinstance(values := getattr(together, field.name), np.ndarray)
    }
    columns["model_digest"] = ""
    if isinstance(together, LabelSetPredictions):
        columns["thresholds"] = ()
    return replace(together, **columns)
