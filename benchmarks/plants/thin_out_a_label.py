"""Leave one label only a few rows."""

from __future__ import annotations

import numpy as np

from grammar import make_rows
from luthier.kit.label_tally import LabelTally
from standin import Course, train
from trials import Trial, fresh_rows, script_of, shares

TRAIN_ROWS_PER_TEST_ROW = 4


def plant(seed: int, *, test_rows: int) -> Trial:
    """One of four labels keeps `test_rows` test rows, as many for validation, and four times as
    many for training: its share is the same everywhere.

    The fault is there when the label's true F1 (on fresh rows) could not be told to +-0.10 with so
    many test rows, or is really 10 points below the accuracy; it is absent when neither holds.
    """
    rows = make_rows("mixed", script_of(seed), 2400, seed, noise=0.1)
    splits = shares(rows, seed)
    name = sorted(set(rows.columns["label"]))[seed % 4]
    keep = np.ones(len(rows), dtype=bool)
    is_label = np.array([label == name for label in rows.columns["label"]])
    for split, times in (("test", 1), ("validation", 1), ("train", TRAIN_ROWS_PER_TEST_ROW)):
        at = np.flatnonzero(is_label & np.isin(rows.ids, splits.ids_of(split)))
        keep[at[times * test_rows :]] = False
    thin = rows.take(np.flatnonzero(keep))
    fresh = fresh_rows("mixed", script_of(seed), 0.1)
    result = train(thin, splits, fresh, Course(seed=seed, floors=False))
    truth = _tally(result.fresh_predictions, name)
    few = LabelTally(
        name,
        *(round(x * test_rows / truth.support) for x in (truth.right, truth.support)),
        round(truth.predicted * test_rows / truth.support),
        0,
    )
    accuracy = float((result.fresh_predictions.labels == result.fresh_predictions.predicted).mean())
    there = few.half_width() > 0.10 or truth.f1 < accuracy - 0.10
    fault = frozenset({"minority_label_too_small"})
    return Trial(
        f"{test_rows} test rows of one label (true F1 {truth.f1:.2f})",
        {
            key: result.evidence[key]
            for key in ("rows", "splits", "test_predictions", "checkpoints")
        },
        present=fault if there else frozenset(),
        absent=frozenset({"conflicting_labels", "train_test_duplicates"})
        | (fault if not there else frozenset()),
    )


def _tally(predictions, name: str) -> LabelTally:  # noqa: ANN001
    index = predictions.label_names.index(name)
    truth, answer = predictions.labels == index, predictions.predicted == index
    return LabelTally(name, int((truth & answer).sum()), int(truth.sum()), int(answer.sum()), 0)
