"""Two encoded sets of rows as one."""

from __future__ import annotations

import numpy as np

from luthier.records import Encoded, IntArray


def join_encoded(one: Encoded, other: Encoded) -> Encoded:
    """The rows of both, in this order; both encoded by the same settings."""
    end = one.offsets[-1]
    windows, covered = None, None
    if one.window_offsets is not None and other.window_offsets is not None:
        windows = _chained(one.window_offsets, other.window_offsets, end)
    if one.covered_lengths is not None and other.covered_lengths is not None:
        covered = np.concatenate([one.covered_lengths, other.covered_lengths])
    return Encoded(
        row_ids=np.concatenate([one.row_ids, other.row_ids]),
        targets=np.concatenate([one.targets, other.targets]),
        flat={name: np.concatenate([one.flat[name], other.flat[name]]) for name in one.flat},
        offsets=_chained(one.offsets, other.offsets, end),
        full_lengths=np.concatenate([one.full_lengths, other.full_lengths]),
        unknown_tokens=np.concatenate([one.unknown_tokens, other.unknown_tokens]),
        window_offsets=windows,
        covered_lengths=covered,
    )


def _chained(one: IntArray, other: IntArray, end: int) -> IntArray:
    return np.concatenate([one, other[1:] + end])
