"""What was answered to rows that a person gave, and how much of each the model read."""

from __future__ import annotations

from dataclasses import dataclass

from luthier.records.data import BoolArray, IntArray, Note, Rows
from luthier.records.task_predictions import AnyPredictions


@dataclass(frozen=True, slots=True)
class PredictedRows:
    """Answers to rows, in their order.

    Args:
        rows: what was asked, n rows; `rows.file_columns` has the other columns of the file.
        predictions: n answers; one without text has none: -1 or NaN stands in its place.
        answered: bool [n], whether the row was answered.
        lost_tokens: int64 [n], tokens of each row that were cut off and not read.
        notes: how many rows were cut or cleaned.
    """

    rows: Rows
    predictions: AnyPredictions
    answered: BoolArray
    lost_tokens: IntArray
    notes: tuple[Note, ...] = ()
