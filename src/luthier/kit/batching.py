"""Which rows go together: length-bucketed steps, parts within a token budget, padded arrays.

Everything here is a function of its arguments: the order of an epoch depends on (seed, epoch) only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from luthier.records import Encoded, IntArray

BATCHES_PER_CHUNK = 50
"""Rows are sorted by length within chunks of so many batches at most: little padding."""
LEAST_CHUNKS = 4
"""An epoch has so many chunks at least, so the same rows do not meet in every epoch."""


def steps_per_epoch(rows: int, batch_size: int) -> int:
    """Batches of an epoch: the mean batch holds at most `batch_size` rows."""
    return -(-rows // batch_size)


def training_batches(
    lengths: IntArray, batch_size: int, seed: int, epoch: int
) -> tuple[IntArray, ...]:
    """The batches of one epoch: every row once, rows of like length together, in random order.

    Each holds about the same number of tokens, so many short rows or few long ones. So every step
    costs the same time and memory, and little of it is padding.

    Args:
        lengths: int64 [n], tokens per row.
        batch_size: rows per batch, on average.
        seed: seed of the run.
        epoch: 0-based.

    Returns:
        Row positions, one int64 array per batch; as many as `steps_per_epoch` says.
    """
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(lengths))
    count = steps_per_epoch(len(lengths), batch_size)
    chunks = max(1, min(LEAST_CHUNKS, count), -(-count // BATCHES_PER_CHUNK))
    batches: list[IntArray] = []
    rows_until, batches_until = (
        [whole * number // chunks for number in range(chunks + 1)] for whole in (len(order), count)
    )
    for number in range(chunks):
        part = order[rows_until[number] : rows_until[number + 1]]
        ordered = part[np.argsort(lengths[part], kind="stable")]
        own = batches_until[number + 1] - batches_until[number]
        batches += np.split(ordered, _equal_tokens(lengths[ordered], own))
    return tuple(batches[i] for i in random.permutation(len(batches)))


def _equal_tokens(lengths: IntArray, count: int) -> IntArray:
    """Where to cut rows into `count` batches of like cost, a row at least in each.

    Args:
        lengths: int64 [n], ascending, at least `count` of them.
        count: batches wanted.

    Returns:
        int64 [count - 1], ascending positions.
    """
    tokens = np.cumsum(lengths)
    wanted = tokens[-1] * np.arange(1, count) / count
    cuts = np.searchsorted(tokens, wanted) + 1
    first = np.arange(1, count)
    # a row longer than a batch leaves its neighbours none: each takes the next row then
    cuts = np.maximum.accumulate(cuts - first) + first
    cuts = np.minimum(cuts, len(lengths) - count + first)
    result: IntArray = np.maximum(cuts, first)
    return result


def parts_within(
    positions: IntArray, lengths: IntArray, max_tokens: int, max_rows: int | None = None
) -> tuple[IntArray, ...]:
    """Cut rows into parts of at most `max_tokens` padded tokens each, longest rows first.

    A single row longer than the budget is a part of its own.

    Args:
        positions: int64 [b], rows to share out.
        lengths: int64 [n], tokens per row, of all rows.
        max_tokens: rows x longest row, at most.
        max_rows: rows of a part, at most; None sets no limit.
    """
    ordered = positions[np.argsort(-lengths[positions], kind="stable")]
    parts: list[IntArray] = []
    start = 0
    while start < len(ordered):
        fitting = max(1, max_tokens // max(1, int(lengths[ordered[start]])))
        fitting = min(fitting, max_rows or fitting)
        parts.append(ordered[start : start + fitting])
        start += fitting
    return tuple(parts)


def padding_share(batches: Sequence[IntArray], lengths: IntArray) -> float:
    """Share of padded tokens among all tokens the batches hold, 0 to 1."""
    padded = sum(len(batch) * int(lengths[batch].max()) for batch in batches)
    return 1.0 - sum(int(lengths[batch].sum()) for batch in batches) / padded if padded else 0.0


def pad(encoded: Encoded, positions: IntArray, fill: Mapping[str, int]) -> dict[str, IntArray]:
    """Right-padded inputs of these rows (of their windows), with their `attention_mask`.

    Args:
        encoded: the rows.
        positions: int64 [b].
        fill: input name -> value in the padded places; 0 for a name that is missing.

    Returns:
        Input name -> int64 [s, longest sequence], in the order of `Encoded.sequences`.
    """
    starts, lengths, _ = encoded.sequences(positions)
    columns = np.arange(int(lengths.max()))
    mask = columns < lengths[:, None]
    at = np.where(mask, starts[:, None] + columns, 0)
    inputs = {
        name: np.where(mask, values[at], fill.get(name, 0)) for name, values in encoded.flat.items()
    }
    return {**inputs, "attention_mask": mask.astype(np.int64)}


def padded_tokens(encoded: Encoded, positions: IntArray) -> int:
    """Tokens in the padded inputs of these rows."""
    _, lengths, _ = encoded.sequences(positions)
    return len(lengths) * int(lengths.max())
