"""Values that pass from load to split. No torch here."""

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
            files to predict may have, is "" or None. Where the file has them: `text_pair` (str, the
            second of two texts; `text` then holds both, a line end between them), `id`, `group`,
            `annotator` (str) and `time` (str, ISO 8601 of one length, so that it sorts as text).
        locations: n strings `file:line`, for messages.
        given_split: n split names where the files gave them, else None.
        source: where the rows came from.
        label_titles: label as written in the file -> its name for people, if a column holds one.
        file_columns: the files' own columns by their own names, n cells each; only where they are
            written again: of files to predict, and of those whose cleaned copy was asked for.
        dropped: the rows that lack a text or a label, where a cleaned copy was asked for.
    """

    ids: IntArray
    columns: Mapping[str, Sequence[Any]]
    locations: Sequence[str]
    given_split: Sequence[SplitName | None]
    source: Source
    label_titles: Mapping[str, str] = field(default_factory=dict)
    file_columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    dropped: Rows | None = None

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
        label_counts: label -> rows that have it, most frequent first; empty for numbers.
        duplicate_clusters: row ids that share one normalised text, clusters of two and more.
        conflicting_clusters: the duplicate clusters that are not all labelled alike.
        empty_rows: row ids whose text is empty or only whitespace.
        length_characters: quantiles of the text length in characters ("min","p50","p95","max").
        scripts: share of characters by kind ("han", "latin", "other"), 0 to 1.
        notes: what was noticed on the way.
        alike_clusters: row ids whose texts are equal or nearly so, clusters of two and more.
        agreement: of the people who labelled, where a column names them and items have two labels.
        numbers: quantiles of the numbers to estimate (as of the length); empty for labels.
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
    numbers: Mapping[str, float] = field(default_factory=dict)


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
