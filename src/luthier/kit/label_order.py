"""Whether answers become right when the labels are put in another order.

Any confusion matrix has a best permutation, and on few rows or at chance it always gains something.
So the permutation is found on one half of the rows and tested on the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import binom

from luthier.kit.intervals import wilson
from luthier.records import IntArray

HALVINGS = 11
"""Random halvings; their p-values are joined, so that no single halving decides."""

LEAST_GAIN = 2
"""Rows of the first half that a changed cycle must gain, so that chance swaps are not carried."""


@dataclass(frozen=True, slots=True)
class LabelOrder:
    """What another order of the labels gains.

    Args:
        mapping: answered label -> label it should be, for those that change; found on all rows.
        p: probability of such a gain by chance, 0 to 1.
        gain: mean gain in accuracy on the half that the order was not found on.
        gain_where_changed: the same among the rows that were answered with a label that changes.
        accuracy: of the answers as they are, with its 95 % interval.
        reordered: of the answers in the other order, on all rows.
        rows: rows with a known label.
    """

    mapping: dict[int, int]
    p: float
    gain: float
    gain_where_changed: float
    accuracy: tuple[float, float, float]
    reordered: float
    rows: int


def label_order(truth: IntArray, answer: IntArray, label_count: int, seed: int = 0) -> LabelOrder:
    """Look for an order of the labels that makes the answers right.

    The order is the assignment with most right rows (Kuhn 1955) on half of the rows, stratified by
    label; on the other half the rows that become right are held against those that become wrong by
    an exact one-sided sign test. The p-values of 11 halvings are joined as twice their median
    (Meinshausen, Meier & Buehlmann 2009, J. Am. Stat. Assoc. 104, 1671-1681), which is valid for
    any dependence among them.

    Args:
        truth: int64 [n], true label, 0 to K - 1.
        answer: int64 [n], answered label.
        label_count: K.
        seed: of the halvings.
    """
    n = len(truth)
    rng = np.random.default_rng(seed)
    ps, gains, local = [], [], []
    for _ in range(HALVINGS):
        first = _half(truth, rng)
        order = _best_order(truth[first], answer[first], label_count)
        better, worse = _changes(truth[~first], answer[~first], order)
        ps.append(float(binom.sf(better - 1, better + worse, 0.5)) if better else 1.0)
        gains.append((better - worse) / max(1, int((~first).sum())))
        touched = int((order != np.arange(label_count))[answer[~first]].sum())
        local.append((better - worse) / max(1, touched))
    order = _best_order(truth, answer, label_count)
    right = int((truth == answer).sum())
    return LabelOrder(
        mapping={int(i): int(order[i]) for i in np.flatnonzero(order != np.arange(label_count))},
        p=min(1.0, 2 * float(np.median(ps))),
        gain=float(np.mean(gains)),
        gain_where_changed=float(np.mean(local)),
        accuracy=(right / max(1, n), *wilson(right, n)),
        reordered=float((order[answer] == truth).mean()) if n else 0.0,
        rows=n,
    )


def _half(truth: IntArray, rng: np.random.Generator) -> np.ndarray:
    """Bool [n]: every second row of each label, in random order."""
    shuffled = rng.permutation(len(truth))
    by_label = shuffled[np.argsort(truth[shuffled], kind="stable")]
    chosen = np.zeros(len(truth), dtype=bool)
    chosen[by_label[::2]] = True
    return chosen


def _best_order(truth: IntArray, answer: IntArray, label_count: int) -> IntArray:
    """int64 [K]: the label that each answered label should be; cycles that gain little are kept."""
    matrix = np.zeros((label_count, label_count), dtype=np.int64)  # [answered, true]
    np.add.at(matrix, (answer, truth), 1)
    # staying is worth a hair more: labels without rows must not be moved about
    _, order = linear_sum_assignment(matrix + 1e-6 * np.eye(label_count), maximize=True)
    kept = np.arange(label_count)
    for cycle in _cycles(order):
        gain = int((matrix[cycle, order[cycle]] - matrix[cycle, cycle]).sum())
        if gain >= LEAST_GAIN:
            kept[cycle] = order[cycle]
    return kept


def _cycles(order: IntArray) -> list[IntArray]:
    seen = np.zeros(len(order), dtype=bool)
    cycles = []
    for start in range(len(order)):
        if seen[start]:
            continue
        members = [start]
        seen[start] = True
        while not seen[order[members[-1]]]:
            members.append(int(order[members[-1]]))
            seen[members[-1]] = True
        if len(members) > 1:
            cycles.append(np.array(members))
    return cycles


def _changes(truth: IntArray, answer: IntArray, order: IntArray) -> tuple[int, int]:
    """Rows that become right, and rows that become wrong."""
    before, after = answer == truth, order[answer] == truth
    return int((after & ~before).sum()), int((before & ~after).sum())
