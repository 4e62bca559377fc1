"""How mixed whole numbers are."""

from __future__ import annotations

import numpy as np

from luthier.records import IntArray


def entropy_of(kinds: IntArray) -> float:
    """Entropy of the shares of each value, in nats, plug-in (Cover & Thomas 2006, chapter 2).

    Args:
        kinds: int64 [n], none below 0; 0.0 for n = 0.

    >>> round(entropy_of(np.array([0, 1, 0, 1])), 3)
    0.693
    """
    shares = np.bincount(kinds) / max(1, len(kinds))
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum())
