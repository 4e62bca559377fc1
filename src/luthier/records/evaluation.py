"""How good a model is, and how sure we are. No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from luthier.records.data import BoolArray, FloatArray, IntArray
from luthier.records.figure import Figure


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a model answered for one split (`predictions/*.parquet`).

    Args:
        row_ids: int64 [n].
        labels: int64 [n], index of the true label; -1 where it is unknown.
        predicted: int64 [n], index of the answer.
        probabilities: float64 [n, K], rows sum to 1.
        loss: float64 [n], cross-entropy of the true label (natural log); NaN where it is unknown.
        label_names: the K names, in the order of the columns.
        model_digest: digest of the weights that answered; empty for models that have none.
    """

    row_ids: IntArray
    labels: IntArray
    predicted: IntArray
    probabilities: FloatArray
    loss: FloatArray
    label_names: tuple[str, ...]
    model_digest: str = ""

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.row_ids)

    @property
    def known(self) -> BoolArray:
        """Rows whose label is known, bool [n]."""
        return self.labels >= 0

    @property
    def answers(self) -> tuple[str | None, ...]:
        """The answered label of each row by its name, n of them; None for a row without text."""
        names = self.label_names
        return tuple(names[i] if i >= 0 else None for i in self.predicted.tolist())


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """One label against the rest. Rates are 0 to 1; `support` is the number of true rows.

    tpr = recall = TP/(TP+FN), fpr = FP/(FP+TN), tnr = 1 - fpr, fnr = 1 - tpr; a rate whose
    denominator is 0 is None (no such rows), precision/recall/f1 follow `zero_division=0`.
    """

    precision: Figure
    recall: Figure
    f1: Figure
    support: int
    predicted: int
    roc_auc: float | None
    tpr: float | None
    fpr: float | None
    tnr: float | None
    fnr: float | None


@dataclass(frozen=True, slots=True)
class ConfusionMatrix:
    """`rows[i][j]`: rows of true label `labels[i]` that were answered `labels[j]`."""

    labels: tuple[str, ...]
    rows: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class SplitEvaluation:
    """Every figure of one split.

    Args:
        n: rows judged.
        labels_in_average: labels that occur in the truth or in the predictions; macro averages
            are over these (scikit-learn's default, `zero_division=0`).
        figures: accuracy, macro_f1, macro_precision, macro_recall, weighted_f1,
            weighted_precision, weighted_recall, mcc, roc_auc, log_loss ... name -> Figure.
        per_label: label name -> its figures.
        confusion_matrix: over the labels in the average.
        floor: name of a simple rival (`majority`, `tfidf_linear`, `frozen_encoder`) -> its figures.
        model_digest: digest of the weights judged.
        ceiling: name of a bound (`label_noise`, `conflicting_duplicates`, `annotators`) -> the best
            figures that these labels allow (`accuracy`).
    """

    n: int
    labels_in_average: int
    figures: Mapping[str, Figure]
    per_label: Mapping[str, LabelFigures]
    confusion_matrix: ConfusionMatrix
    floor: Mapping[str, Mapping[str, Figure]] = field(default_factory=dict)
    model_digest: str = ""
    ceiling: Mapping[str, Mapping[str, Figure]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`metrics.json`: one SplitEvaluation per split (`train` is a sample on large data)."""

    splits: Mapping[str, SplitEvaluation]
    metric_for_best_model: str
    notes: tuple[str, ...] = ()
