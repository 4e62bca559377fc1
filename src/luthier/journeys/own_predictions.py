"""Predictions are only used with the rows they were made for."""

from __future__ import annotations

import numpy as np

from luthier.errors import Problem, RunFolderError
from luthier.records import AnyPredictions, Predictions, Splits
from luthier.records.folds import POOLED
from luthier.run_folder import RunFolder


def belongs_to(answers: AnyPredictions, splits: Splits, split: str) -> bool:
    """Whether predictions are of the rows of this split (of some of them, for training rows)."""
    rows = splits.row_ids[np.array(splits.names) == split]
    if split == "train":
        return bool(np.isin(answers.row_ids, rows).all())
    return bool(np.array_equal(np.sort(answers.row_ids), np.sort(rows)))


def pooled_predictions(run: RunFolder) -> Predictions | None:
    """The pooled answers of the folds, which are of their rows; None where there are none.

    Raises:
        RunFolderError: when they are of other rows.
    """
    path = run.predictions_path(POOLED)
    if not path.exists() or not (run.path / "folds.parquet").exists():
        return None
    answers, folds = run.predictions(POOLED), run.folds
    if not np.array_equal(np.sort(answers.row_ids), np.sort(folds.row_ids[folds.fold > 0])):
        raise RunFolderError(
            Problem("these are not the rows of the folds", where=str(path)),
            next_step=f"rm {path}, then: luthier workup --resume --run-dir {run.path}",
        )
    return answers


def own_predictions(run: RunFolder, split: str) -> Predictions:
    """The predictions of a split, which are of its rows, of a task with one label per row.

    Raises:
        RunFolderError: when they are of another task, or of other rows.
    """
    answers = run.predictions(split)
    _check_rows(run, answers, split)
    return answers


def own_answers(run: RunFolder, split: str) -> AnyPredictions:
    """The predictions of a split, which are of its rows, of whatever task.

    Raises:
        RunFolderError: when they are of other rows, as after a file was copied over another.
    """
    answers = run.answers(split)
    _check_rows(run, answers, split)
    return answers


def _check_rows(run: RunFolder, answers: AnyPredictions, split: str) -> None:
    if not belongs_to(answers, run.splits, split):
        raise RunFolderError(
            Problem(f"these are not the {split} rows", where=str(run.predictions_path(split))),
            next_step=f"luthier evaluate {run.path}",
        )
