"""Shares compared like with like: on the same rows, or label by label."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import binomtest

from luthier.kit.intervals import Z95, percentile_interval
from luthier.records import BoolArray, Figure


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided exact p-value that two paired shares are equal (McNemar 1947, exact binomial).

    Args:
        only_first: rows that only the first has right.
        only_second: rows that only the second has right.

    >>> round(mcnemar(1, 9), 4)
    0.0215
    """
    n = only_first + only_second
    return float(binomtest(only_first, n, 0.5).pvalue) if n else 1.0


def paired_shares(only_first: int, only_second: int, n: int) -> Figure:
    """First share minus second on the same n rows, with its 95 % interval.

    Source: Bonett & Price (2012), J. Educ. Behav. Stat. 37, 479-488: Wald's interval after half a
    row was added to each of the four cells. An interval of some width even where no row differs.

    Args:
        only_first: rows that only the first has right.
        only_second: rows that only the second has right.
        n: all rows.
    """
    p, q = (only_first + 1) / (n + 2), (only_second + 1) / (n + 2)
    half = Z95 * math.sqrt((p + q - (p - q) ** 2) / (n + 2))
    value = (only_first - only_second) / n if n else 0.0
    low, high = min(value, p - q - half), max(value, p - q + half)
    return Figure(value, max(-1.0, low), min(1.0, high), n, "bonett-price")


def difference_within(
    right: BoolArray, in_first: BoolArray, strata: Sequence[object]
) -> Figure | None:
    """Share of right rows in the first set minus that in the second, label by label.

    The differences within the labels are averaged with the weights of Mantel & Haenszel (1959);
    the 95 % interval is Wald's with the variance of Sato (1989), Biometrics 45, 1323-1324, which
    holds for many small strata too. Labels with rows in one set only say nothing and drop out.

    Args:
        right: bool [n].
        in_first: bool [n]; the other rows are the second set.
        strata: n labels.

    Returns:
        The difference with `n` the rows that count, or None where no label has rows in both sets.
    """
    _, stratum = np.unique(np.asarray(strata, dtype=object).astype(str), return_inverse=True)
    shape = int(stratum.max()) + 1 if len(stratum) else 0
    n1, n2 = (np.bincount(stratum[side], minlength=shape) for side in (in_first, ~in_first))
    both = (n1 > 0) & (n2 > 0)
    if not both.any():
        return None
    a, c = (
        np.bincount(stratum[side & right], minlength=shape)[both] for side in (in_first, ~in_first)
    )
    n1, n2 = n1[both], n2[both]
    total = n1 + n2
    weight = float((n1 * n2 / total).sum())
    value = float(((a * n2 - c * n1) / total).sum()) / weight
    p = (c * n1**2 - a * n2**2 + n1 * n2 * (n2 - n1) / 2) / total**2
    q = (a * (n2 - c) + c * (n1 - a)) / total / 2
    half = Z95 * math.sqrt(max(0.0, value * float(p.sum()) + float(q.sum()))) / weight
    ends = max(-1.0, value - half), min(1.0, value + half)
    return Figure(value, *ends, int(total.sum()), "mantel-haenszel")


def share_without(right: BoolArray, doubtful: BoolArray, *, seed: int = 0) -> Figure:
    """Share of right rows over all minus that over the rows that are not doubtful.

    The 95 % interval is the percentile bootstrap over rows (Efron & Tibshirani 1993), drawn from
    the four kinds of row that there are. Needs a row that is not doubtful.

    Args:
        right: bool [n].
        doubtful: bool [n].
        seed: seed of the bootstrap.
    """
    n = len(right)
    kinds = np.bincount(2 * doubtful + right, minlength=4)
    drawn = np.random.default_rng(seed).multinomial(n, kinds / n, size=2000)
    drawn = np.vstack([kinds, drawn[drawn[:, :2].sum(axis=1) > 0]])
    inflation = (drawn[:, 1] + drawn[:, 3]) / n - drawn[:, 1] / drawn[:, :2].sum(axis=1)
    return Figure(float(inflation[0]), *percentile_interval(inflation[1:]), n)
