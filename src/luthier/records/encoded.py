"""What the model really sees of the rows. No torch here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from luthier.records.data import BoolArray, IntArray, Targets


@dataclass(frozen=True, slots=True)
class EncodedFacts:
    """What encoding one split came to (`encoding.json`): counts over all its rows.

    Args:
        rows: rows of the split.
        tokens: tokens after truncation, special tokens included.
        unknown_tokens: tokens that the vocabulary does not know.
        rows_with_unknown: rows that hold at least one of them.
        truncated_rows: rows that were cut.
        lost_tokens: tokens that were cut off.
        max_length: longest input in tokens.
    """

    rows: int
    tokens: int
    unknown_tokens: int
    rows_with_unknown: int
    truncated_rows: int
    lost_tokens: int
    max_length: int


@dataclass(frozen=True, slots=True)
class RowLengths:
    """How long every encoded row is, and what the model does not see of it (`lengths.parquet`).

    Args:
        row_ids: int64 [n], of all splits.
        tokens: int64 [n], tokens of the uncut row, special tokens included.
        lost: int64 [n], how many of them the model does not see.
    """

    row_ids: IntArray
    tokens: IntArray
    lost: IntArray

    @classmethod
    def of(cls, parts: Sequence[Encoded]) -> RowLengths:
        """Those of every encoded split."""
        return cls(
            np.concatenate([part.row_ids for part in parts]),
            np.concatenate([part.full_lengths for part in parts]),
            np.concatenate([part.lost_tokens for part in parts]),
        )


@dataclass(frozen=True, slots=True)
class Encoded:
    """What the model really sees of one split: ragged token ids in flat arrays.

    Args:
        row_ids: int64 [n].
        targets: int64 [n], index into the label names, -1 where there is no target; or int64
            [n, K] of 0 and 1, a row of -1 where there is none; or float64 [n], NaN where none is.
        flat: input name (`input_ids`, ...) -> int64 [sum of lengths].
        offsets: int64 [n + 1]; row i owns `flat[name][offsets[i]:offsets[i + 1]]`.
        full_lengths: int64 [n], tokens the row would have had without truncation.
        unknown_tokens: int64 [n], tokens that the vocabulary does not know.
        window_offsets: int64 [w + 1], where the windows of long texts begin in `flat`: every
            offset of a row is one of them. None where each row is read at once.
        covered_lengths: int64 [n], how many tokens of the uncut row the windows hold together;
            None where that is the row's length.
    """

    row_ids: IntArray
    targets: Targets
    flat: Mapping[str, IntArray]
    offsets: IntArray
    full_lengths: IntArray
    unknown_tokens: IntArray
    window_offsets: IntArray | None = None
    covered_lengths: IntArray | None = None

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.row_ids)

    def take(self, positions: IntArray) -> Encoded:
        """The rows at these positions, int64 [m], in this order."""
        lengths = self.lengths[positions]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        places = _places(self.offsets[positions], lengths)
        windows = None
        if self.window_offsets is not None:
            starts, counts = self._windows_of_rows()
            own = _places(starts[positions], counts[positions])
            sizes = np.diff(self.window_offsets)[own]
            windows = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        covered = self.covered_lengths
        return Encoded(
            row_ids=self.row_ids[positions],
            targets=self.targets[positions],
            flat={name: values[places] for name, values in self.flat.items()},
            offsets=offsets,
            full_lengths=self.full_lengths[positions],
            unknown_tokens=self.unknown_tokens[positions],
            window_offsets=windows,
            covered_lengths=None if covered is None else covered[positions],
        )

    def with_few_windows(self, most: int, seed: tuple[int, ...]) -> Encoded:
        """The same rows with at most `most` windows each, drawn by the seed, in their order."""
        if self.window_offsets is None:
            return self
        starts, counts = self._windows_of_rows()
        owner = np.repeat(np.arange(len(self)), counts)
        drawn = np.lexsort((np.random.default_rng(seed).random(len(owner)), owner))
        place = np.arange(len(owner)) - np.repeat(starts, counts)
        own = np.sort(drawn[place < most])
        sizes = np.diff(self.window_offsets)[own]
        taken = _places(self.window_offsets[own], sizes)
        windows = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        last = np.cumsum(np.minimum(counts, most))
        return replace(
            self,
            flat={name: values[taken] for name, values in self.flat.items()},
            offsets=windows[np.concatenate([[0], last])],
            window_offsets=windows,
        )

    @property
    def bounds(self) -> IntArray:
        """Where each sequence that the model reads begins in `flat`, and the end, int64 [s + 1]."""
        return self.offsets if self.window_offsets is None else self.window_offsets

    def sequences(self, positions: IntArray) -> tuple[IntArray, IntArray, IntArray]:
        """What the model reads of these rows, int64 [m]: their windows, or the rows themselves.

        Returns:
            Start in `flat` and length of each sequence, int64 [s] each, and the place in
            `positions` of the row it belongs to, int64 [s], ascending.
        """
        if self.window_offsets is None:
            return self.offsets[positions], self.lengths[positions], np.arange(len(positions))
        starts, counts = self._windows_of_rows()
        own = _places(starts[positions], counts[positions])
        sizes = np.diff(self.window_offsets)[own]
        return (
            self.window_offsets[own],
            sizes,
            np.repeat(np.arange(len(positions)), counts[positions]),
        )

    def _windows_of_rows(self) -> tuple[IntArray, IntArray]:
        """First window and number of windows of each row, int64 [n] each."""
        bounds = np.searchsorted(np.asarray(self.window_offsets), self.offsets).astype(np.int64)
        return bounds[:-1], np.diff(bounds)

    def sample(self, most: int, seed: int) -> Encoded:
        """At most `most` rows, chosen by the seed, in row order; all rows when there are fewer."""
        if len(self) <= most:
            return self
        chosen = np.random.default_rng(seed).choice(len(self), most, replace=False)
        return self.take(np.sort(chosen))

    def facts(self, max_length: int) -> EncodedFacts:
        """The counts of this split."""
        return EncodedFacts(
            rows=len(self),
            tokens=int(self.lengths.sum()),
            unknown_tokens=int(self.unknown_tokens.sum()),
            rows_with_unknown=int((self.unknown_tokens > 0).sum()),
            truncated_rows=int(self.truncated.sum()),
            lost_tokens=int(self.lost_tokens.sum()),
            max_length=max_length,
        )

    @property
    def lengths(self) -> IntArray:
        """Tokens per row as the model reads it, all windows together, int64 [n]."""
        return np.diff(self.offsets)

    @property
    def lost_tokens(self) -> IntArray:
        """Tokens of each row that the model does not see, int64 [n]."""
        covered = self.lengths if self.covered_lengths is None else self.covered_lengths
        return self.full_lengths - covered

    @property
    def truncated(self) -> BoolArray:
        """Whether a row was cut, bool [n]."""
        return self.lost_tokens > 0


def _places(starts: IntArray, lengths: IntArray) -> IntArray:
    """Every index of the ranges that begin at `starts` and have these lengths, in turn."""
    ends = np.cumsum(lengths)
    before: IntArray = np.repeat(starts - (ends - lengths), lengths)
    return np.arange(int(ends[-1]) if len(ends) else 0) + before
