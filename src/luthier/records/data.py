"""Values that pass from load to encode. No torch here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from luthier.records.figure import Figure

SplitName = Literal["train", "validation", "test"]
SPLIT_NAMES: tuple[SplitName, ...] = ("train", "validation", "test")

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Targets = npt.NDArray[Any]
"""int64 [n] (one label), int64 [n, K] of 0 and 1 (several) or float64 [n] (a number)."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was guessed, cut, dropped, skipped or chosen; always shown, never silent.

    Args:
        kind: `guessed`, `dropped`, `cut`, `chosen`, `skipped` or `warning`.
        message: one sentence in plain words, with the number of rows it touches.
    """

    kind: Literal["guessed", "dropped", "cut", "chosen", "skipped", "warning"]
    message: str


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file that was read: `sha256` of its bytes, its rows, and the split it stands for."""

    path: str
    sha256: str
    rows: int
    encoding: str
    format: str
    split: SplitName | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where the rows came from (`source.json`).

    Args:
        path: file or folder as the user gave it.
        files: every file read.
        rows: number of rows kept over all files.
        columns: canonical column name (`text`, `label`, ...) -> name in the file.
        notes: what was guessed or dropped.
    """

    path: str
    files: tuple[SourceFile, ...]
    rows: int
    columns: Mapping[str, str]
    notes: tuple[Note, ...] = ()

    @property
    def has_own_splits(self) -> bool:
        """Whether the files themselves say which rows are train, validation and test."""
        return any(file.split is not None for file in self.files)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a data set, column by column.

    Args:
        ids: int64 [n], the position of a row among all rows read; stays with its row.
        columns: canonical name -> n values. A task's columns: `text` (str); and its target, which
            is `label` (str, one label), `labels` (tuple of different str, those that apply, maybe
            none) or `number` (finite float, a regression target). A missing target, which only
            files to predict may have, is "" or None. Where the file has them: `text_pair` (str,
            read together with `text`), `id`, `group`, `annotator` (str) and `time` (str, ISO 8601
            of one length, so that it sorts as text).
        locations: n strings `file:line`, for messages.
        given_split: n split names where the files gave them, else None.
        source: where the rows came from.
        label_titles: label as written in the file -> its name for people, if a column holds one.
        file_columns: of a file to predict, its own columns by their own names, n cells each.
    """

    ids: IntArray
    columns: Mapping[str, Sequence[Any]]
    locations: Sequence[str]
    given_split: Sequence[SplitName | None]
    source: Source
    label_titles: Mapping[str, str] = field(default_factory=dict)
    file_columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.ids)

    def take(self, positions: Sequence[int] | IntArray) -> Rows:
        """The rows at these positions (not ids), in this order."""
        at = [int(p) for p in positions]
        return Rows(
            ids=self.ids[at],
            columns={name: [values[p] for p in at] for name, values in self.columns.items()},
            locations=[self.locations[p] for p in at],
            given_split=[self.given_split[p] for p in at],
            source=self.source,
            label_titles=self.label_titles,
            file_columns={n: [v[p] for p in at] for n, v in self.file_columns.items()},
        )

    def only(self, ids: IntArray) -> Rows:
        """The rows with these ids, in their present order; itself where that is all of them."""
        kept = np.isin(self.ids, ids)
        return self if kept.all() else self.take(np.flatnonzero(kept))


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far people agree who labelled the same items.

    Args:
        items: items that have labels of two people or more.
        annotators: people who gave labels.
        alpha: Krippendorff's alpha with its interval; 1 is full agreement, 0 what chance gives.
        kappas: Cohen's kappa of each two people with enough items in common (`li and wang`).
    """

    items: int
    annotators: int
    alpha: Figure
    kappas: Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class Audit:
    """What the data look like before anything is learned: measured values, no verdicts.

    Args:
        rows: number of rows.
        label_counts: label -> rows, most frequent first; empty for tasks without labels.
        duplicate_clusters: row ids that share one normalised text, clusters of two and more.
        conflicting_clusters: the duplicate clusters that carry more than one label.
        empty_rows: row ids whose text is empty or only whitespace.
        length_characters: quantiles of the text length in characters ("min","p50","p95","max").
        scripts: share of characters by kind ("han", "latin", "other"), 0 to 1.
        notes: what was noticed on the way.
        alike_clusters: row ids whose texts are equal or nearly so, clusters of two and more.
        agreement: of the people who labelled, where a column names them and items have two labels.
    """

    rows: int
    label_counts: Mapping[str, int]
    duplicate_clusters: tuple[tuple[int, ...], ...]
    conflicting_clusters: tuple[tuple[int, ...], ...]
    empty_rows: tuple[int, ...]
    length_characters: Mapping[str, float]
    scripts: Mapping[str, float]
    notes: tuple[Note, ...] = ()
    alike_clusters: tuple[tuple[int, ...], ...] = ()
    agreement: Agreement | None = None


@dataclass(frozen=True, slots=True)
class Splits:
    """Which row may be learned from, chosen on, and finally judged on (`splits.parquet`).

    Args:
        row_ids: int64 [n].
        names: n split names, in the order of `row_ids`.
        method: `stratified`, `grouped` (whole groups), `time`, or `given`; `given+stratified` and
            so on where a part was missing.
        seed: the seed of the random part.
        notes: what was decided on the way.
    """

    row_ids: IntArray
    names: tuple[SplitName, ...]
    method: str
    seed: int
    notes: tuple[Note, ...] = ()

    def ids_of(self, split: SplitName) -> IntArray:
        """The row ids of one split, int64, in row order."""
        mask = np.fromiter(
            (name == split for name in self.names), dtype=bool, count=len(self.names)
        )
        chosen: IntArray = self.row_ids[mask]
        return chosen

    def counts(self) -> dict[str, int]:
        """Split name -> number of rows."""
        return {split: len(self.ids_of(split)) for split in SPLIT_NAMES}


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
