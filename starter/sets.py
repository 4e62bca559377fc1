"""The six evaluation sets as texts and label numbers, with every row that was left out counted.

Given test files are used whole. Where no validation file is given, 15 % of the training file become
one; where there is one file only, it is shared out 70/15/15 (fixed seed, label by label, rows with
the same text together). A training row whose text stands in the validation or test rows, and a
validation row whose text stands in the test rows, is left out (`text_key` says which texts are the
same). `trec_sst_en` holds two tasks, question types and sentiment, as its source says: they are two
parts of one set.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from luthier.errors import InputError, Problem
from luthier.kit.text_key import is_blank, text_key
from luthier.records import IntArray

SPLIT_SEED = 42
HELD_OUT = 0.15
MOST_VALIDATION_ROWS = 2000
"""Choices are made on so many validation rows at most: enough to tell settings apart, and cheap."""

Pairs = list[tuple[str, str]]
"""(text, label) of each row."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Rows of one split: n texts, and int64 [n] indices into the label names."""

    texts: tuple[str, ...]
    labels: IntArray

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.texts)

    def take(self, positions: IntArray) -> Part:
        """The rows at these positions, in this order."""
        return Part(tuple(self.texts[i] for i in positions), self.labels[positions])


@dataclass(frozen=True, eq=False)
class LabelledSet:
    """One evaluation set, or one part of one.

    Args:
        name: what the tables call it.
        language: `zh` or `en`.
        label_names: K names; labels are indices into them.
        train: rows to learn from.
        validation: rows to choose settings on.
        test: rows to judge on.
        removed: why rows were left out -> how many.
        max_length: longest input of the models in tokens; TF-IDF reads whole texts.
    """

    name: str
    language: Literal["zh", "en"]
    label_names: tuple[str, ...]
    train: Part
    validation: Part
    test: Part
    removed: dict[str, int]
    max_length: int = 128

    @cached_property
    def digest(self) -> str:
        """Hex sha256 of every text and label in use, and of where texts are cut."""
        digest = hashlib.sha256(f"{self.label_names} {self.max_length}".encode())
        for part in (self.train, self.validation, self.test):
            digest.update(json.dumps([part.texts, part.labels.tolist()]).encode())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a set lies and how it is read."""

    folder: str
    language: Literal["zh", "en"]
    files: tuple[str, ...]
    read: Callable[[Path], Pairs]
    max_length: int = 128


def _json_lines(path: Path) -> Pairs:
    lines = path.read_text(encoding="utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line.strip()]
    return [(row["sentence"], str(row["label"])) for row in rows]


def _csv(text_column: str, label_column: str) -> Callable[[Path], Pairs]:
    def read(path: Path) -> Pairs:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [(row[text_column], row[label_column]) for row in csv.DictReader(file)]

    return read


def _text_tab_label(path: Path) -> Pairs:
    lines = path.read_text(encoding="utf-8").split("\n")
    pairs = [line.rstrip("\r").rpartition("\t") for line in lines if line.strip()]
    return [(text, label) for text, _, label in pairs]


def _label_space_text(encoding: str) -> Callable[[Path], Pairs]:
    def read(path: Path) -> Pairs:
        lines = path.read_bytes().decode(encoding).split("\n")
        pairs = [line.strip().partition(" ") for line in lines if line.strip()]
        return [(text, label) for label, _, text in pairs]

    return read


_CLUE = ("train.json", "dev.json", "test_public.json")
_SOURCES = {
    "cic_zh": _Source("cic_zh", "zh", _CLUE, _json_lines),
    "tnews_zh": _Source("tnews_zh", "zh", _CLUE, _json_lines),
    "hotel_reviews_zh": _Source(
        "hotel_reviews_zh",
        "zh",
        ("ChnSentiCorp_htl_all.csv",),
        _csv("review", "label"),
        max_length=256,  # a third of the reviews is longer than 128 characters, a ninth than 256
    ),
    "thucnews_titles_zh": _Source(
        "thucnews_titles_zh", "zh", ("train.txt", "dev.txt", "test.txt"), _text_tab_label
    ),
    "banking77_en": _Source(
        "banking77_en", "en", ("train.csv", "test.csv"), _csv("text", "category")
    ),
    "trec_en": _Source(
        "trec_sst_en", "en", ("trec_train.txt", "trec_test.txt"), _label_space_text("latin-1")
    ),
    "sst2_en": _Source(
        "trec_sst_en",
        "en",
        ("sst2_train.txt", "sst2_dev.txt", "sst2_test.txt"),
        _label_space_text("utf-8"),  # its accents are UTF-8, those of TREC latin-1
    ),
}
PARTS = {
    "cic_zh": ("cic_zh",),
    "tnews_zh": ("tnews_zh",),
    "hotel_reviews_zh": ("hotel_reviews_zh",),
    "thucnews_titles_zh": ("thucnews_titles_zh",),
    "banking77_en": ("banking77_en",),
    "trec_sst_en": ("trec_en", "sst2_en"),
}
"""The six sets -> their parts. Both parts stand in the tables; a verdict on the set is on the mean
of the parts."""
SET_OF = {part: name for name, parts in PARTS.items() for part in parts}


@cache
def load_set(name: str, folder: Path) -> LabelledSet:
    """Read one set or part under `folder`, share it out and take the repeated texts out.

    Raises:
        InputError: when a file of it is not there.
    """
    source = _SOURCES[name]
    paths = [folder / source.folder / file for file in source.files]
    missing = [Problem("there is no such file", where=str(path)) for path in paths]
    if absent := [p for p, path in zip(missing, paths, strict=True) if not path.is_file()]:
        raise InputError(absent, next_step="give the folder of the evaluation sets with --data")
    files = [source.read(path) for path in paths]
    removed = {"blank": sum(is_blank(text) for file in files for text, _ in file)}
    files = [[pair for pair in file if not is_blank(pair[0])] for file in files]
    train, validation, test = _three(files)
    train, validation = _without_repeated(train, validation, test, removed)
    names = tuple(sorted({label for part in (train, validation, test) for _, label in part}))
    whole = LabelledSet(
        name=name,
        language=source.language,
        label_names=names,
        train=_numbered(train, names),
        validation=_numbered(validation, names),
        test=_numbered(test, names),
        removed=removed,
        max_length=source.max_length,
    )
    return _smaller_validation(whole)


def _three(files: Sequence[Pairs]) -> tuple[Pairs, Pairs, Pairs]:
    """Training, validation and test rows of one, two or three files."""
    if len(files) == 3:
        return files[0], files[1], files[2]
    if len(files) == 2:
        train, validation = _shared_out(files[0], ("validation",))
        return train, validation, files[1]
    train, validation, test = _shared_out(files[0], ("validation", "test"))
    return train, validation, test


def _shared_out(pairs: Pairs, held: Sequence[str]) -> list[Pairs]:
    """The rows of training and of each held-out split, 15 % of every label, one text together.

    On its own, so that the published figures keep their rows when Luthier's split changes.
    """
    by_label: dict[str, dict[str, list[tuple[str, str]]]] = {}
    label_of: dict[str, str] = {}
    for text, label in pairs:
        key = text_key(text)
        own = by_label.setdefault(label_of.setdefault(key, label), {})
        own.setdefault(key, []).append((text, label))
    splits: list[Pairs] = [[] for _ in range(1 + len(held))]
    for texts in by_label.values():
        keys = sorted(texts, key=_shuffled)
        quota = round(HELD_OUT * len(keys))
        for place, key in enumerate(keys):
            at = place // quota + 1 if quota else 0
            splits[at if at <= len(held) else 0] += texts[key]
    return splits


def _shuffled(key: str) -> bytes:
    return hashlib.sha256(f"{SPLIT_SEED} {key}".encode()).digest()


def _without_repeated(
    train: Pairs, validation: Pairs, test: Pairs, removed: dict[str, int]
) -> tuple[Pairs, Pairs]:
    judged = {text_key(text) for text, _ in test}
    kept_validation = [pair for pair in validation if text_key(pair[0]) not in judged]
    chosen_on = {text_key(text) for text, _ in kept_validation}
    keys = [text_key(text) for text, _ in train]
    removed["validation_rows_in_test"] = len(validation) - len(kept_validation)
    removed["train_rows_in_test"] = sum(key in judged for key in keys)
    removed["train_rows_in_validation"] = sum(k in chosen_on and k not in judged for k in keys)
    known = judged | chosen_on
    return [p for p, key in zip(train, keys, strict=True) if key not in known], kept_validation


def _numbered(pairs: Pairs, names: Sequence[str]) -> Part:
    index = {name: i for i, name in enumerate(names)}
    labels = np.array([index[label] for _, label in pairs], dtype=np.int64)
    return Part(tuple(text for text, _ in pairs), labels)


def _smaller_validation(whole: LabelledSet) -> LabelledSet:
    rows = len(whole.validation)
    kept = np.random.default_rng(SPLIT_SEED).permutation(rows)[:MOST_VALIDATION_ROWS]
    whole.removed["validation_rows_not_needed"] = rows - len(kept)
    return replace(whole, validation=whole.validation.take(np.sort(kept)))


def drawn(train: Part, per_label: int | None, seed: int) -> Part:
    """All training rows, or at most `per_label` of each label, drawn by the seed."""
    if per_label is None:
        return train
    order = np.random.default_rng([seed, per_label]).permutation(len(train))
    labels = train.labels[order]
    kept = [order[labels == label][:per_label] for label in np.unique(labels)]
    return train.take(np.sort(np.concatenate(kept)))
