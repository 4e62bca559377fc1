"""Folds for out-of-fold answers: labels in every fold where they can be, equal texts together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from luthier.kit.stratify import Cluster
from luthier.kit.stratify_groups import stratify_groups
from luthier.records import IntArray


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
    held = {str(number): 1 / folds for number in range(1, folds)}
    chosen = stratify_groups(units, held, "0", seed)
    fold = np.zeros(len(keys), dtype=np.int64)
    for key, positions in members.items():
        fold[positions] = int(chosen[key])
    return fold
