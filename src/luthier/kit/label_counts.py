"""What single-label figures are made of: right answers, true rows and answers per label.

Every figure here needs the diagonal and the margins of the confusion matrix only, so one resample
is three vectors. Figures work on the last axis and so on many resamples at once. All equal
scikit-learn's: macro averages are over the labels that occur in the truth or in the answers, and a
share of nothing is 0 (`zero_division=0`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from luthier.records import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class LabelCounts:
    """Rows by label. K is the number of labels, C the number of confusion cells in use.

    Args:
        right: float64 [..., K], rows of the label that were answered so.
        support: float64 [..., K], rows of the label.
        predicted: float64 [..., K], rows answered with the label.
        truth: int64 [C], true label of a cell; empty in a resample.
        answer: int64 [C], answered label of a cell.
        cells: int64 [C], rows in a cell.
    """

    right: FloatArray
    support: FloatArray
    predicted: FloatArray
    truth: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    answer: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    cells: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    @classmethod
    def of_margins(cls, right: Any, support: Any, predicted: Any) -> LabelCounts:
        """From three arrays [..., K]."""
        return cls(right, support, predicted)

    @classmethod
    def of_rows(cls, labels: IntArray, predicted: IntArray, label_count: int) -> LabelCounts:
        """From the true and the answered label of n rows, all known (0 to K - 1)."""
        code, cells = np.unique(labels * label_count + predicted, return_counts=True)
        truth, answer = code // label_count, code % label_count
        on_diagonal = truth == answer
        return cls(
            right=_sums(truth[on_diagonal], cells[on_diagonal], label_count),
            support=_sums(truth, cells, label_count),
            predicted=_sums(answer, cells, label_count),
            truth=truth,
            answer=answer,
            cells=cells,
        )

    @property
    def label_count(self) -> int:
        """K."""
        return int(self.support.shape[-1])

    @property
    def occurs(self) -> npt.NDArray[np.bool_]:
        """Whether the label is in the truth or in the answers, bool [..., K]."""
        return np.asarray((self.support > 0) | (self.predicted > 0))

    @property
    def rows(self) -> FloatArray:
        """Number of rows, float64 [...]."""
        return np.asarray(self.support.sum(axis=-1))


def accuracy(counts: LabelCounts) -> FloatArray:
    """Share of right answers [...]."""
    return _share(counts.right.sum(axis=-1), counts.rows)


def precision(counts: LabelCounts) -> FloatArray:
    """Right answers among the answers with a label [..., K]."""
    return _share(counts.right, counts.predicted)


def recall(counts: LabelCounts) -> FloatArray:
    """Right answers among the rows of a label [..., K]."""
    return _share(counts.right, counts.support)


def f1(counts: LabelCounts) -> FloatArray:
    """Harmonic mean of precision and recall [..., K]."""
    return _share(2 * counts.right, counts.support + counts.predicted)


def macro_precision(counts: LabelCounts) -> FloatArray:
    """Mean precision over the labels that occur [...]."""
    return _macro(precision(counts), counts)


def macro_recall(counts: LabelCounts) -> FloatArray:
    """Mean recall over the labels that occur [...]."""
    return _macro(recall(counts), counts)


def balanced_accuracy(counts: LabelCounts) -> FloatArray:
    """Mean recall over the labels that have true rows [...]."""
    present = counts.support > 0
    return _share((recall(counts) * present).sum(axis=-1), present.sum(axis=-1))


def macro_f1(counts: LabelCounts) -> FloatArray:
    """Mean F1 over the labels that occur [...]."""
    return _macro(f1(counts), counts)


def weighted_precision(counts: LabelCounts) -> FloatArray:
    """Mean precision, labels weighted by their true rows [...]."""
    return _weighted(precision(counts), counts)


def weighted_recall(counts: LabelCounts) -> FloatArray:
    """Mean recall, labels weighted by their true rows: equal to accuracy [...]."""
    return _weighted(recall(counts), counts)


def weighted_f1(counts: LabelCounts) -> FloatArray:
    """Mean F1, labels weighted by their true rows [...]."""
    return _weighted(f1(counts), counts)


def mcc(counts: LabelCounts) -> FloatArray:
    """Matthews correlation for K labels [...]; 0 where truth or answers are all one label.

    Source: Gorodkin (2004), Comput. Biol. Chem. 28, 367-374 (R_K).
    """
    n = counts.rows
    both = (counts.support * counts.predicted).sum(axis=-1)
    answers = n * n - (counts.predicted * counts.predicted).sum(axis=-1)
    truths = n * n - (counts.support * counts.support).sum(axis=-1)
    return _share(counts.right.sum(axis=-1) * n - both, np.sqrt(answers * truths))


def _sums(label: IntArray, cells: IntArray, label_count: int) -> FloatArray:
    """Rows per label, float64 [K]."""
    return np.bincount(label, cells, label_count).astype(np.float64)


def _share(part: Any, whole: Any) -> FloatArray:
    """The quotient, and 0 where the whole is 0."""
    part, whole = np.broadcast_arrays(np.asarray(part, float), np.asarray(whole, float))
    share: FloatArray = np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
    return share


def _macro(values: FloatArray, counts: LabelCounts) -> FloatArray:
    return _share((values * counts.occurs).sum(axis=-1), counts.occurs.sum(axis=-1))


def _weighted(values: FloatArray, counts: LabelCounts) -> FloatArray:
    return _share((values * counts.support).sum(axis=-1), counts.rows)
