"""k-fold: who is judged in which fold, and what came of all of them together. No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from luthier.records.data import IntArray, Note, SplitName, Splits
from luthier.records.evaluation import SplitEvaluation
from luthier.records.figure import Figure

POOLED = "folds"
"""Name of the pooled answers of all folds among the predictions of a run."""


@dataclass(frozen=True, slots=True)
class Folds:
    """Which row is judged in which fold (`folds.parquet`). Rows of the test set take no part.

    Args:
        row_ids: int64 [n], the rows outside the test set.
        parts: for each fold n split names, in the order of `row_ids`: the rows of the fold are
            `test` there, the others are learned from (`train`) or chosen on (`validation`). A row
            that is in no fold is `train` in all of them.
        method: `stratified` or `grouped` (whole groups).
        seed: the seed of the deal.
        notes: what was decided on the way.
    """

    row_ids: IntArray
    parts: tuple[tuple[SplitName, ...], ...]
    method: str
    seed: int
    notes: tuple[Note, ...] = ()

    def __len__(self) -> int:
        """Number of folds."""
        return len(self.parts)

    @property
    def fold(self) -> IntArray:
        """int64 [n], the fold that judges each row, from 1; 0 for rows that none judges."""
        fold = np.zeros(len(self.row_ids), dtype=np.int64)
        for number, names in enumerate(self.parts, start=1):
            fold[[name == "test" for name in names]] = number
        return fold

    def splits_of(self, number: int) -> Splits:
        """The rows of one fold, counted from 1, as the splits of a run of its own."""
        return Splits(self.row_ids, self.parts[number - 1], self.method, self.seed)


@dataclass(frozen=True, slots=True)
class Spread:
    """One figure over the folds: mean, standard deviation (of a sample), least and largest."""

    mean: float
    deviation: float
    least: float
    largest: float


@dataclass(frozen=True, slots=True)
class FoldFigures:
    """What one fold came to.

    Args:
        fold: its number, from 1.
        rows: rows judged; `train_rows` were learned from and `validation_rows` chosen on.
        figures: name -> the figure on its rows.
        model_digest: digest of the weights that were judged.
    """

    fold: int
    rows: int
    train_rows: int
    validation_rows: int
    figures: Mapping[str, Figure]
    model_digest: str


@dataclass(frozen=True, slots=True)
class FoldsEvaluation:
    """Every figure over the answers of all folds together (`folds.json`).

    Args:
        pooled: figures, rivals and ceilings over the pooled answers, each row answered once by a
            model that did not learn from it. The intervals are of the rows drawn; that other rows
            to learn from give another model shows in `spread`.
        each: the folds one by one.
        spread: name of a figure that every fold has -> how the folds differ in it.
        looks: different models judged on the same fold, at most over the folds; None if the
            ledger cannot be written.
        notes: what a reader must know.
    """

    pooled: SplitEvaluation
    each: tuple[FoldFigures, ...]
    spread: Mapping[str, Spread]
    looks: int | None
    notes: tuple[str, ...] = ()
