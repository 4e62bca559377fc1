"""Texts that say nearly the same: MinHash finds candidates, exact Jaccard decides.

Two texts are alike by the share of character n-grams that they have in common (Jaccard): 5
characters long, 3 where most characters are Chinese, Japanese or Korean. n-grams that stand in
more than one text in twenty are left out first: a signature or a greeting makes no copy. Time and
memory grow with the number of characters and rows, not with the number of pairs.

Sources: Broder (1997), On the resemblance and containment of documents; banding after Leskovec,
Rajaraman & Ullman, Mining of Massive Datasets, chapter 3.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from luthier.kit.shingles import Shingles, common_shingles, shingles
from luthier.kit.text_key import text_key
from luthier.records import FloatArray, IntArray

LEAST_SHINGLES = 5
"""Texts with fewer n-grams of their own are compared by their key only: one letter is too much."""

HASHES = 64
"""Hash functions where they are enough: 16 bands of 4 at the usual limit of 0.8."""
SURE = 0.999
"""With at least this probability two texts that are just alike enough become a candidate."""
MOST_BANDS = 96
"""Bands of 2 hash functions at low limits: enough down to a limit of 0.27, below it some are missed
(at 0.2 two in a hundred)."""
MIX = (1 << 32, 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 1 << 17)
"""Odd factors and shifts that make one number of the hashes of a band."""

NEIGHBOURS = 3
"""Candidates of a text within one bucket: so many that follow it, and the first of the bucket."""

SLACK = 0.2
"""Candidates whose hashes agree less than the limit minus this are not worth counting: four
standard deviations of the estimate from 64 hashes at 0.8, three at 0.5."""

MOST_SHARE = 0.05
"""A cluster that holds more of the rows is a chain of texts, each like the next, not one text."""

CHUNK = 20_000
"""Texts, or pairs of texts, in work at once; bounds the memory."""

UintArray = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class AlikeTexts:
    """Which texts are equal or nearly so.

    Args:
        clusters: positions of texts that are alike, clusters of two and more, in order of their
            first position; texts with one key are always in one cluster.
        jaccard: share of common n-grams from which two texts are alike.
        compared: different texts that were compared by their n-grams.
        too_short: different texts that were too short for that, and compared by their key only.
        broken_up: clusters that were chains, and were cut where texts are less alike.
    """

    clusters: tuple[tuple[int, ...], ...]
    jaccard: float
    compared: int
    too_short: int
    broken_up: int


def alike_texts(texts: Sequence[str], jaccard: float) -> AlikeTexts:
    """Cluster texts that are alike by `jaccard` or more, directly or over others between them.

    Args:
        texts: n texts.
        jaccard: above 0 to 1; at 1 only texts with the same key are alike (`text_key`).
    """
    keys: dict[str, int] = {}
    unit = np.fromiter(
        (keys.setdefault(text_key(text), len(keys)) for text in texts), np.int64, len(texts)
    )
    different = list(keys)
    del keys
    if jaccard >= 1:
        return AlikeTexts(_clusters(unit), jaccard, 0, len(different), 0)
    common = common_shingles(different)
    bands, in_band = bands_for(jaccard)
    eligible, signatures = _signatures(different, common, bands * in_band)
    pairs, likeness = _confirmed(different, common, eligible, signatures, jaccard)
    del signatures
    joined, broken_up = _joined(unit, pairs, likeness, jaccard)
    compared = len(eligible)
    return AlikeTexts(
        _clusters(joined[unit]), jaccard, compared, len(different) - compared, broken_up
    )


def bands_for(jaccard: float) -> tuple[int, int]:
    """Bands, and hash functions in each, so that texts alike by `jaccard` become candidates.

    Two texts agree in a band of r hashes with probability s^r, in at least one of b bands with
    1 - (1 - s^r)^b (Leskovec, Rajaraman & Ullman, chapter 3.4). Of the choices that reach `SURE`
    at the limit the largest r is taken: it gives the fewest candidates that are not alike.

    >>> bands_for(0.8), bands_for(0.7), bands_for(0.5), bands_for(0.3)
    ((16, 4), (21, 3), (32, 2), (74, 2))
    """
    for in_band in (4, 3, 2):
        bands = HASHES // in_band
        if 1 - (1 - jaccard**in_band) ** bands >= SURE:
            return bands, in_band
    needed = math.ceil(math.log(1 - SURE) / math.log1p(-(jaccard**2)))
    return min(needed, MOST_BANDS), 2


def _signatures(
    keys: Sequence[str], common: npt.NDArray[np.uint32], count: int
) -> tuple[IntArray, npt.NDArray[np.uint32]]:
    """Positions [m] of keys with enough n-grams; MinHash signatures uint32 [m, count]."""
    rng = np.random.default_rng(20_251_121)
    factors = rng.integers(2**63, size=count, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    shifts = rng.integers(2**63, size=count, dtype=np.uint64)
    eligible, signatures = [np.empty(0, np.int64)], [np.empty((0, count), np.uint32)]
    for start in range(0, len(keys), CHUNK):
        part = shingles(keys[start : start + CHUNK], common)
        enough = np.flatnonzero(part.counts >= LEAST_SHINGLES)
        if not len(enough):
            continue
        part = part.take(enough)
        values = part.hashes.astype(np.uint64)
        found = np.empty((len(enough), count), np.uint32)
        for column, (factor, shift) in enumerate(zip(factors, shifts, strict=True)):
            hashed = ((values * factor + shift) >> np.uint64(32)).astype(np.uint32)
            found[:, column] = np.minimum.reduceat(hashed, part.offsets[:-1])
        eligible.append(enough + start)
        signatures.append(found)
    return np.concatenate(eligible), np.concatenate(signatures)


def _candidates(signatures: npt.NDArray[np.uint32], jaccard: float) -> IntArray:
    """Pairs of rows int64 [p, 2], each once, first below second, whose signatures agree enough."""
    n = len(signatures)
    bands, in_band = bands_for(jaccard)
    found = [np.empty(0, np.int64)]
    for band in range(bands):
        part = signatures[:, band * in_band : (band + 1) * in_band].astype(np.uint64)
        bucket = np.zeros(n, np.uint64)
        for column, factor in zip(part.T, MIX, strict=False):
            bucket ^= column * np.uint64(factor)
        order = np.argsort(bucket, kind="stable")
        for first, second in _within_buckets(bucket[order]):
            a, b = order[first], order[second]
            found.append(np.minimum(a, b) * n + np.maximum(a, b))
        codes = np.sort(np.concatenate(found))  # np.unique is 4 times slower
        found = [codes[np.concatenate([[True], codes[1:] != codes[:-1]])[: len(codes)]]]
    a, b = np.divmod(found[0], max(1, n))
    keep = [np.empty(0, dtype=bool)]
    for start in range(0, len(a), CHUNK):
        chunk = slice(start, start + CHUNK)
        agree = (signatures[a[chunk]] == signatures[b[chunk]]).mean(axis=1)
        keep.append(agree >= jaccard - SLACK)
    kept = np.concatenate(keep)
    return np.column_stack([a[kept], b[kept]])


def _within_buckets(bucket: UintArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Places in the sorted buckets that are compared: each with the next ones, and the first."""
    for distance in range(1, NEIGHBOURS + 1):
        first = np.flatnonzero(bucket[:-distance] == bucket[distance:])
        yield first, first + distance
    begins = np.flatnonzero(np.concatenate([[True], bucket[1:] != bucket[:-1]]))
    heads = np.repeat(begins, np.diff(np.append(begins, len(bucket))))
    far = np.flatnonzero(np.arange(len(bucket)) - heads > NEIGHBOURS)
    yield heads[far], far


def _confirmed(
    keys: Sequence[str],
    common: npt.NDArray[np.uint32],
    eligible: IntArray,
    signatures: npt.NDArray[np.uint32],
    jaccard: float,
) -> tuple[IntArray, FloatArray]:
    """Pairs of key positions int64 [p, 2] whose exact Jaccard reaches the limit, and it [p]."""
    if len(eligible) < 2:
        return np.empty((0, 2), np.int64), np.empty(0)
    pairs = eligible[_candidates(signatures, jaccard)]
    kept, values = [np.empty((0, 2), np.int64)], [np.empty(0)]
    for start in range(0, len(pairs), CHUNK):
        some = pairs[start : start + CHUNK]
        rows, places = np.unique(some, return_inverse=True)
        sets = shingles([keys[row] for row in rows], common)
        likeness = _jaccard(sets, places.reshape(some.shape))
        close = likeness >= jaccard
        kept.append(some[close])
        values.append(likeness[close])
    return np.concatenate(kept), np.concatenate(values)


def _jaccard(sets: Shingles, pairs: IntArray) -> FloatArray:
    """Common n-grams by all n-grams of each pair, float64 [p]."""
    first, second = sets.take(pairs[:, 0]), sets.take(pairs[:, 1])
    marked = np.sort(
        np.concatenate(
            [np.repeat(np.arange(len(pairs)), side.counts) << 32 | side.hashes.astype(np.int64)
             for side in (first, second)]
        )
    )  # fmt: skip
    twice = marked[1:][marked[1:] == marked[:-1]] >> 32
    both = np.bincount(twice, minlength=len(pairs))
    return np.asarray(both / (first.counts + second.counts - both))


def _joined(
    unit: IntArray, pairs: IntArray, likeness: FloatArray, jaccard: float
) -> tuple[IntArray, int]:
    """Component of each key, chains cut; and how many chains there were."""
    n = int(unit.max()) + 1 if len(unit) else 0
    most = max(20, MOST_SHARE * len(unit))
    rows = np.bincount(unit, minlength=n)
    component, broken_up = _components(n, pairs), 0
    for stricter in ((1 + jaccard) / 2, np.inf):
        chains = np.bincount(component, weights=rows) > most
        chains &= np.bincount(component) > 1  # equal texts, however many, are no chain
        broken_up = broken_up or int(chains.sum())
        kept = ~chains[component[pairs[:, 0]]] | (likeness >= stricter)
        pairs, likeness = pairs[kept], likeness[kept]
        component = _components(n, pairs)
    return component, broken_up


def _components(n: int, pairs: IntArray) -> IntArray:
    """Number of the component of each of n nodes, int64 [n]."""
    ones = np.ones(len(pairs), np.int8)
    graph = sparse.coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _clusters(of: IntArray) -> tuple[tuple[int, ...], ...]:
    """Positions by cluster number, clusters of two and more, in order of their first position."""
    order = np.argsort(of, kind="stable")
    begins = np.flatnonzero(np.concatenate([[True], of[order][1:] != of[order][:-1]]))
    sizes = np.diff(np.append(begins, len(order)))
    found = [
        tuple(order[begin : begin + size].tolist())
        for begin, size in zip(begins[sizes > 1].tolist(), sizes[sizes > 1].tolist(), strict=True)
    ]
    return tuple(sorted(found))
