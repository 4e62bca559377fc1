"""What models answer whose task is not one label per row. No torch here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from luthier.records.data import BoolArray, FloatArray, IntArray
from luthier.records.evaluation import Predictions


@dataclass(frozen=True, slots=True)
class LabelSetPredictions:
    """What a model answered whose rows have any number of labels.

    Args:
        row_ids: int64 [n].
        labels: int64 [n, K], 1 where a label applies, else 0; a row of -1 where it is unknown.
        predicted: int64 [n, K], 1 where the probability reaches the label's threshold.
        probabilities: float64 [n, K], each label for itself.
        loss: float64 [n], mean binary cross-entropy over the labels; NaN where it is unknown.
        label_names: the K names.
        thresholds: from which probability each label is answered, K values.
        model_digest: digest of the weights that answered.
    """

    row_ids: IntArray
    labels: IntArray
    predicted: IntArray
    probabilities: FloatArray
    loss: FloatArray
    label_names: tuple[str, ...]
    thresholds: tuple[float, ...]
    model_digest: str = ""

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.row_ids)

    @property
    def known(self) -> BoolArray:
        """Rows whose labels are known, bool [n]."""
        known: BoolArray = self.labels[:, 0] >= 0
        return known

    @property
    def answers(self) -> tuple[tuple[str, ...] | None, ...]:
        """The answered labels of each row by their names; None for a row without text."""
        return tuple(
            None
            if min(row) < 0
            else tuple(
                name for name, is_there in zip(self.label_names, row, strict=True) if is_there
            )
            for row in self.predicted.tolist()
        )


@dataclass(frozen=True, slots=True)
class NumberPredictions:
    """What a model answered that estimates a number.

    Args:
        row_ids: int64 [n].
        labels: float64 [n], the true numbers; NaN where unknown.
        predicted: float64 [n].
        loss: float64 [n], squared error; NaN where unknown.
        label_names: one name.
        model_digest: digest of the weights that answered.
    """

    row_ids: IntArray
    labels: FloatArray
    predicted: FloatArray
    loss: FloatArray
    label_names: tuple[str, ...]
    model_digest: str = ""

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.row_ids)

    @property
    def known(self) -> BoolArray:
        """Rows whose number is known, bool [n]."""
        return np.isfinite(self.labels)

    @property
    def answers(self) -> tuple[float | None, ...]:
        """The answered number of each row; None for a row without text."""
        return tuple(value if np.isfinite(value) else None for value in self.predicted.tolist())


AnyPredictions = Predictions | LabelSetPredictions | NumberPredictions
