"""What a teacher says about the training rows, and what they are taught then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from luthier.records.data import IntArray
from luthier.records.evaluation import Predictions


@dataclass(frozen=True, slots=True)
class TeacherOpinions:
    """A teacher's opinion on each training row, to be mixed into its label.

    A row is taught (1 - alpha) * its label + alpha * the opinion (Hinton et al. 2015, Distilling
    the knowledge in a neural network). A teacher that did not see the row doubts a wrong label.

    Args:
        probabilities: float32 [m, K], rows sum to 1.
        places: int64 [n], which of them is about each training row; -1 where none is.
        alpha: part of the opinion, above 0 and at most 1.
    """

    probabilities: npt.NDArray[np.float32]
    places: IntArray
    alpha: float

    @classmethod
    def about(cls, row_ids: IntArray, said: Predictions, alpha: float) -> TeacherOpinions:
        """What is said about these rows, int64 [n]; nothing where `said` does not hold one."""
        order = np.argsort(said.row_ids, kind="stable")
        found = np.searchsorted(said.row_ids, row_ids, sorter=order).clip(max=len(order) - 1)
        places = np.where(said.row_ids[order[found]] == row_ids, order[found], -1)
        return cls(said.probabilities.astype(np.float32), places.astype(np.int64), alpha)

    def shares(self, rows: IntArray, labels: IntArray) -> npt.NDArray[np.float32]:
        """float32 [b, K]: what training rows are taught, the label alone where nothing is said.

        Args:
            rows: int64 [b], positions of the rows.
            labels: int64 [b], their labels.
        """
        taught = np.zeros((len(rows), self.probabilities.shape[1]), dtype=np.float32)
        places = self.places[rows]
        known = places >= 0
        taught[known] = self.alpha * self.probabilities[places[known]]
        taught[np.arange(len(rows)), labels] += np.where(known, 1 - self.alpha, 1.0)
        return taught
