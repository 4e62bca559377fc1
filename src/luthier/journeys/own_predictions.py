"""Predictions are only used with the rows they were made for."""

from __future__ import annotations

import numpy as np

from luthier.errors import Problem, RunFolderError
from luthier.records import AnyPredictions, Predictions, Splits
from luthier.run_folder import RunFolder


def belongs_to(answers: AnyPredictions, splits: Splits, split: str) -> bool:
    """Whether predictions are of the rows of this split (of some of them, for training rows)."""
    rows = splits.row_ids[np.array(splits.names) == split]
    if split == "train":
        return bool(np.isin(answers.row_ids, rows).all())
    return bool(np.array_equal(np.sort(answers.row_ids), np.sort(rows)))


def own_predictions(run: RunFolder, split: str) -> Predictions:
    """The predictions of a split, which are of its rows.

    Raises:
        RunFolderError: when they are of other rows, as after a file was copied over another.
    """
    answers = run.predictions(split)
    if not belongs_to(answers, run.splits, split):
        raise RunFolderError(
            Problem(f"these are not the {split} rows", where=str(run.predictions_path(split))),
            next_step=f"luthier evaluate {run.path}",
        )
    return answers
