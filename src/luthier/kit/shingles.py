"""Character n-grams of many texts at once, as hashed sets in flat arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from luthier.records import BoolArray, IntArray

LONG, SHORT = 5, 3
"""Characters of an n-gram, and where most characters are Chinese, Japanese or Korean: one of those
says as much as two or three letters."""

TOO_COMMON = 0.05
"""Share of texts above which an n-gram is boiler-plate, and in how many texts at least."""
TOO_COMMON_TEXTS = 20
SAMPLE = 20_000
"""Texts that common n-grams are counted on."""

_PRIME = np.uint64(0x100000001B3)
_MIX = np.uint64(0xFF51AFD7ED558CCD)


@dataclass(frozen=True, slots=True)
class Shingles:
    """Sets of hashed n-grams: text i owns `hashes[offsets[i]:offsets[i + 1]]`, sorted, each once.

    Args:
        hashes: uint32 [m]; two n-grams share one by chance once in 4 thousand million.
        offsets: int64 [n + 1].
    """

    hashes: npt.NDArray[np.uint32]
    offsets: IntArray

    @property
    def counts(self) -> IntArray:
        """n-grams of each text, int64 [n]."""
        return np.diff(self.offsets)

    def take(self, positions: IntArray) -> Shingles:
        """The sets at these positions, int64 [k], in this order; repeats are fine."""
        counts = self.counts[positions]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        places = np.arange(offsets[-1]) - np.repeat(offsets[:-1] - self.offsets[positions], counts)
        return Shingles(self.hashes[places], offsets)


def shingles(texts: Sequence[str], without: npt.NDArray[np.uint32] | None = None) -> Shingles:
    """The set of n-grams of each text.

    Args:
        texts: n texts; normalise them first.
        without: uint32, sorted: n-grams to leave out.
    """
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    row = np.repeat(np.arange(len(texts)), lengths)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(codes))
    wide = np.bincount(row, weights=_is_wide(codes), minlength=len(texts)) * 2 >= lengths
    size = np.where(wide, SHORT, LONG)[row]
    padded = np.concatenate([codes, np.zeros(LONG, np.uint32)]).astype(np.uint64)
    hashed = np.zeros(len(codes), np.uint64)
    for place in range(LONG):
        following = hashed * _PRIME + padded[place : place + len(codes)] + np.uint64(1)
        hashed = np.where(place < size, following, hashed)
    hashed ^= hashed >> np.uint64(33)
    grams = (hashed * _MIX >> np.uint64(32))[left >= size]
    own = row[left >= size]
    if without is not None and len(without):
        at = np.minimum(np.searchsorted(without, grams), len(without) - 1)
        kept = without[at] != grams
        grams, own = grams[kept], own[kept]
    marked = np.sort(own.astype(np.uint64) << np.uint64(32) | grams)  # np.unique is 4 times slower
    marked = marked[np.concatenate([[True], marked[1:] != marked[:-1]])[: len(marked)]]
    counts = np.bincount((marked >> np.uint64(32)).astype(np.int64), minlength=len(texts))
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Shingles((marked & np.uint64(0xFFFFFFFF)).astype(np.uint32), offsets)


def common_shingles(texts: Sequence[str]) -> npt.NDArray[np.uint32]:
    """n-grams of boiler-plate, uint32, sorted: in more than `TOO_COMMON` of the texts.

    They are counted on `SAMPLE` texts spread evenly over all.
    """
    sample = texts[:: max(1, -(-len(texts) // SAMPLE))]
    if not len(sample):
        return np.empty(0, np.uint32)
    values, counts = np.unique(shingles(sample).hashes, return_counts=True)
    common = counts > max(TOO_COMMON_TEXTS, TOO_COMMON * len(sample))
    return np.asarray(values[common])


def _is_wide(codes: npt.NDArray[np.uint32]) -> BoolArray:
    """Whether a character is of a Chinese, Japanese or Korean script."""
    return np.asarray(
        ((codes >= 0x2E80) & (codes <= 0x9FFF))
        | ((codes >= 0xAC00) & (codes <= 0xD7AF))
        | ((codes >= 0xF900) & (codes <= 0xFAFF))
        | (codes >= 0x20000)
    )


NGRAMS = (1, 2, 3, 5)
"""Lengths of the n-grams that a linear model reads: five letters are about a word."""


def ngram_counts(texts: Sequence[str], buckets: int) -> sparse.csr_array:
    """How often each hashed n-gram stands in each text, float64 [n, buckets]."""
    lowered = [f" {text.lower()} " for text in texts]
    codes = np.frombuffer("".join(lowered).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    lengths = np.fromiter(map(len, lowered), np.int64, len(lowered))
    row = np.repeat(np.arange(len(lowered)), lengths)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(codes))
    padded = np.concatenate([codes, np.zeros(max(NGRAMS), np.uint32)]).astype(np.uint64)
    hashed = np.zeros(len(codes), np.uint64)
    rows, columns = [], []
    for size in range(1, max(NGRAMS) + 1):
        hashed = hashed * _PRIME + padded[size - 1 : size - 1 + len(codes)] + np.uint64(1)
        if size in NGRAMS:
            mixed = (hashed ^ hashed >> np.uint64(33)) * _MIX >> np.uint64(32)
            whole = left >= size
            rows.append(row[whole])
            columns.append((mixed[whole] % np.uint64(buckets)).astype(np.int64))
    at, column = np.concatenate(rows), np.concatenate(columns)
    counts = sparse.coo_array((np.ones(len(at)), (at, column)), shape=(len(lowered), buckets))
    return sparse.csr_array(counts)
