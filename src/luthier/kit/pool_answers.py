"""Answers of several models to different rows, as the answers of one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np

from luthier.records import AnyPredictions, LabelSetPredictions, NumberPredictions, Predictions

P = TypeVar("P", Predictions, LabelSetPredictions, NumberPredictions)


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
