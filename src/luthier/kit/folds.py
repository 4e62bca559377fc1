"""Folds for out-of-fold answers: labels in every fold where they can be, equal texts together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from luthier.kit.stratify import Cluster
from luthier.kit.stratify_groups import stratify_groups
from luthier.records import IntArray


def from_to(counts: Sequence[int]) -> str:
    """The least and the largest of the folds' counts; one number where they are the same.

    >>> from_to([120, 121, 120]), from_to([38, 38])
    ('120 to 121', '38')
    """
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def deal(units: Sequence[Cluster], folds: int, seed: int) -> dict[str, int]:
    """Unit key -> its fold, 1 to `folds`; every unit is whole, sizes and labels are fair.

    Args:
        units: rows that stay together.
        folds: at least 2.
        seed: another seed is another deal; the order of the units does not matter.
    """
    held = {str(number): 1 / folds for number in range(2, folds + 1)}
    return {key: int(name) for key, name in stratify_groups(units, held, "1", seed).items()}


def grouped_folds(keys: Sequence[str], labels: IntArray, folds: int, seed: int) -> IntArray:
    """int64 [n], the fold of each row, 0 to `folds` - 1; rows with one key are in one fold.

    Args:
        keys: n keys (`kit.text_key`).
        labels: int64 [n].
        folds: at least 2.
        seed: another seed is another deal; the order of the rows does not matter.
    """
    members: defaultdict[str, list[int]] = defaultdict(list)
    for position, key in enumerate(keys):
        members[key].append(position)
    units = [
        Cluster(key, tuple(str(labels[p]) for p in positions)) for key, positions in members.items()
    ]
    dealt = deal(units, folds, seed)
    fold = np.zeros(len(keys), dtype=np.int64)
    for key, positions in members.items():
        fold[positions] = dealt[key] - 1
    return fold
