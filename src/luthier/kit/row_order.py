"""Whether answers stand beside the rows that they were given for.

Answers that were written beside other rows (a sampler that goes by length, rows that were sorted or
dropped on one side only, a header that was counted) are as right as chance, and yet hold each label
as often as it occurs. A few rows too far up or down, or upside down, can be proved: moved back,
the answers are right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest, chi2_contingency

from luthier.records import Finding, IntArray, Predictions, Standing

LEAST_ROWS = 40
"""Fewer say nothing about their order."""
FARTHEST = 5
"""Rows by which answers are moved up and down to see whether they are right there."""
GAIN, P = 0.2, 1e-4
"""Accuracy that a move must win, and its largest probability by chance, all moves together."""
MORE = 0.02
"""Accuracy by which one explanation must be better than another."""
DEPENDS = 0.01
"""Below this probability by chance answers and labels of the same rows go together."""
UNLIKE = 0.15
"""Total variation between the shares of the labels answered and true from which they differ."""


@dataclass(frozen=True, slots=True)
class RowOrder:
    """What the answers show of their order.

    Args:
        moved: by how many rows they stand too low, above 0, or too high; None where no move helps.
        turned: whether they stand upside down.
        accuracy: as they stand, and moved or turned.
        independent: whether nothing shows that they go with the labels of their rows, though each
            label is answered about as often as it occurs. False where there are too few rows.
        together: whether they surely go with the labels of their rows.
    """

    moved: int | None
    turned: bool
    accuracy: tuple[float, float]
    independent: bool
    together: bool

    @property
    def proved(self) -> bool:
        """Whether the answers are right where they are moved to."""
        return self.moved is not None or self.turned

    def explains_more(self, finding: Finding) -> bool:
        """Whether it makes more answers right than the other order of labels of `label_order`."""
        return self.proved and self.accuracy[1] > finding.measured["accuracy_reordered"] + MORE


def row_order(test: Predictions) -> RowOrder:
    """Compare answers with the labels of their rows and of the rows nearby.

    Independence is Pearson's chi-squared test of the table of labels and answers; a move is judged
    by an exact binomial test against the accuracy of independent labels, times the moves tried
    (Bonferroni).
    """
    known = test.labels >= 0
    truth, answer = test.labels[known], test.predicted[known]
    n, k = len(truth), len(test.label_names)
    right = float((truth == answer).mean()) if n else 0.0
    nothing = RowOrder(None, False, (right, right), False, False)
    if n < LEAST_ROWS or len(np.unique(truth)) < 2 or len(np.unique(answer)) < 2:
        return nothing
    shares = [np.bincount(one, minlength=k) / n for one in (truth, answer)]
    chance = float(shares[0] @ shares[1])
    moves = list(_moved(truth, answer))
    for move, (labels, answers) in moves:
        hits = int((labels == answers).sum())
        p = binomtest(hits, len(labels), chance, alternative="greater").pvalue * len(moves)
        if p < P and hits / len(labels) >= right + GAIN:
            return RowOrder(move or None, not move, (right, hits / len(labels)), False, False)
    table = np.zeros((k, k))
    np.add.at(table, (truth, answer), 1)
    table = table[table.sum(1) > 0][:, table.sum(0) > 0]
    by_chance = float(chi2_contingency(table).pvalue)
    together = by_chance < DEPENDS
    alike = float(np.abs(shares[0] - shares[1]).sum()) / 2 < UNLIKE
    return RowOrder(None, False, (right, right), not together and alike, together)


def how_moved(order: RowOrder) -> str:
    """Where the answers of a proved order stand, and what moving them back wins."""
    before, after = order.accuracy
    if order.moved is None:
        return f"they stand upside down: turned, {after:.0%} are right instead of {before:.0%}"
    if order.moved > 0:
        return (
            f"they stand too far down by {order.moved}: moved up, {after:.0%} are right instead of "
            f"{before:.0%}"
        )
    moved = -order.moved
    return (
        f"they stand too far up by {moved}: moved down, {after:.0%} are right instead of "
        f"{before:.0%}"
    )


def why_beside_others(
    order: RowOrder, elsewhere: bool, reproduced: bool, suffers: bool
) -> tuple[Standing, str, float]:
    """Whether it is the cause of bad test answers: how it stands, why, and its rank among those.

    Args:
        order: what the answers show.
        elsewhere: whether the model gives the recorded answers, to other rows.
        reproduced: whether the model gives the recorded answers to these rows.
        suffers: whether test is surely worse, with answers as sure as before and no other reason.
    """
    if order.proved:
        return "found", how_moved(order), 10
    if elsewhere:
        return "found", "the model gives these very answers, to other rows", 10
    if reproduced or order.together:
        return "ruled_out", "the answers go with the labels of their rows", 0
    if order.independent and suffers:
        because = "each label is answered about as often as it occurs, but not on the rows it is of"
        return "likely", because, 7
    because = "too few rows to see it, or labels are not answered as often as they occur"
    return "possible", because, 0


def _moved(truth: IntArray, answer: IntArray) -> Iterator[tuple[int, tuple[IntArray, IntArray]]]:
    """Rows that the answers are too low (0: upside down), and labels and answers moved so."""
    for move in range(1, FARTHEST + 1):
        yield move, (truth[:-move], answer[move:])
        yield -move, (truth[move:], answer[:-move])
    yield 0, (truth, answer[::-1])
