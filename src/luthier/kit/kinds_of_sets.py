"""Sets of labels as if each different set were one label."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from luthier.records import IntArray, LabelSetPredictions


class Kinds(NamedTuple):
    """Number of the set of each row, int64 [n], true and answered; and the labels of each set."""

    truth: IntArray
    predicted: IntArray
    names: tuple[str, ...]


def kinds_of_sets(answers: LabelSetPredictions) -> Kinds:
    """The sets that occur, numbered; of the rows whose labels are known."""
    known = answers.known
    both = np.vstack([answers.labels[known], answers.predicted[known]])
    sets, of_rows = np.unique(both, axis=0, return_inverse=True)
    truth, predicted = np.split(of_rows.reshape(-1), 2)
    labels = np.array(answers.label_names)
    return Kinds(truth, predicted, tuple(", ".join(labels[own == 1].tolist()) for own in sets))
