"""Texts to token ids: cut at their head or tail, from both, or read in windows.

The tokenizer itself cuts heads and tails, so that plain transformers does the same with the
tokenizer that ships. The other two ways are made here from its uncut answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Literal

import numpy as np

from luthier.errors import Problem, SettingsError
from luthier.kit.normalise import normaliser_of
from luthier.kit.text_pairs import texts_apart
from luthier.records import Encoded, IntArray, Rows, Targets
from luthier.settings import TextSettings

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TEXTS_AT_ONCE = 1000
"""Texts per call of the tokenizer: enough for its threads, little memory."""

HEAD_SHARE = 0.25
"""Part of a head_tail cut that is head: 128 of 510 tokens in Sun et al. 2019, section 5.3.1."""

CUT_SIDES: Mapping[str, Literal["left", "right"]] = {"head": "right", "tail": "left"}
"""Way of cutting -> the side that the tokenizer cuts off."""

Inputs = Mapping[str, list[int]]


@dataclass(frozen=True, slots=True)
class _Read:
    """What the model reads of one text: its sequences, and counts over the uncut text."""

    sequences: Sequence[Inputs]
    full_length: int
    covered: int
    unknown: int


def encode_texts(
    rows: Rows, targets: Targets, tokenizer: PreTrainedTokenizerBase, text: TextSettings
) -> Encoded:
    """Token ids of the columns `text` and, where there is one, `text_pair`.

    Args:
        rows: n rows.
        targets: n targets, as `Encoded` has them.
        tokenizer: the model's.
        text: longest input and what is read of longer texts.

    Raises:
        SettingsError: when windows leave no room, or two texts are to be read in windows.
    """
    chunks = [_Chunk.of(read) for read in _read_all(rows, tokenizer, text)]
    names = list(chunks[0].flat) if chunks else []
    flat = {name: _joined([chunk.flat[name] for chunk in chunks]) for name in names}
    ends = _ends(_joined([chunk.lengths for chunk in chunks]))
    last = _ends(_joined([chunk.sequences for chunk in chunks]))
    windows = text.long_texts == "windows"
    return Encoded(
        row_ids=rows.ids,
        targets=targets,
        flat=flat,
        offsets=ends[last],
        full_lengths=_joined([chunk.full_lengths for chunk in chunks]),
        unknown_tokens=_joined([chunk.unknown for chunk in chunks]),
        window_offsets=ends if windows else None,
        covered_lengths=_joined([chunk.covered for chunk in chunks]) if windows else None,
    )


@dataclass(frozen=True, slots=True)
class _Chunk:
    """What the model reads of some texts, as arrays: a list takes over four times the memory.

    Args:
        flat: input name -> values of all sequences.
        lengths: of each sequence.
        sequences: how many each text has.
        full_lengths: tokens of each uncut text.
        covered: of them, how many the sequences hold together.
        unknown: of them, how many the vocabulary does not know.
    """

    flat: Mapping[str, IntArray]
    lengths: IntArray
    sequences: IntArray
    full_lengths: IntArray
    covered: IntArray
    unknown: IntArray

    @classmethod
    def of(cls, read: Sequence[_Read]) -> _Chunk:
        sequences = [sequence for one in read for sequence in one.sequences]
        return cls(
            {name: _flatten([one[name] for one in sequences]) for name in sequences[0]},
            np.array([len(one["input_ids"]) for one in sequences], dtype=np.int64),
            np.array([len(one.sequences) for one in read], dtype=np.int64),
            np.array([one.full_length for one in read], dtype=np.int64),
            np.array([one.covered for one in read], dtype=np.int64),
            np.array([one.unknown for one in read], dtype=np.int64),
        )


def _joined(parts: Sequence[IntArray]) -> IntArray:
    return np.concatenate([np.empty(0, dtype=np.int64), *parts])


def _ends(counts: IntArray) -> IntArray:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _read_all(
    rows: Rows, tokenizer: PreTrainedTokenizerBase, text: TextSettings
) -> Iterator[list[_Read]]:
    clean = normaliser_of(text)
    first, second = texts_apart(rows)
    texts, pairs = clean.all(first), None if second is None else clean.all(second)
    read = _cut_by_tokenizer if text.long_texts in CUT_SIDES else _cut_here
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        some = slice(start, start + TEXTS_AT_ONCE)
        pair = None if pairs is None else pairs[some]
        yield list(read(tokenizer, texts[some], pair, text))


def _cut_by_tokenizer(
    tokenizer: PreTrainedTokenizerBase,
    texts: list[str],
    pairs: list[str] | None,
    text: TextSettings,
) -> Iterator[_Read]:
    """Cut what is too long as plain transformers does with `truncation=True`."""
    whole = _tokenize(tokenizer, texts, pairs)
    lengths = [len(ids) for ids in whole["input_ids"]]
    too_long = [i for i, length in enumerate(lengths) if length > text.max_length]
    cut: Mapping[str, list[list[int]]] = {}
    if too_long:
        side, tokenizer.truncation_side = tokenizer.truncation_side, CUT_SIDES[text.long_texts]
        try:
            some = None if pairs is None else [pairs[i] for i in too_long]
            cut = _tokenize(tokenizer, [texts[i] for i in too_long], some, text.max_length)
        finally:
            tokenizer.truncation_side = side
    place = {i: k for k, i in enumerate(too_long)}
    for i, length in enumerate(lengths):
        chosen, at = (cut, place[i]) if i in place else (whole, i)
        row = {name: chosen[name][at] for name in whole}
        ids = row["input_ids"]
        yield _Read([row], length, len(ids), ids.count(tokenizer.unk_token_id))


def _cut_here(
    tokenizer: PreTrainedTokenizerBase,
    texts: list[str],
    pairs: list[str] | None,
    text: TextSettings,
) -> Iterator[_Read]:
    """Read head and tail, or windows, each with the special tokens of a whole text."""
    if pairs is not None:
        raise SettingsError(
            Problem(f"{text.long_texts} cannot read two texts together", where="text.long_texts"),
            next_step="--text.long_texts head",
        )
    before, after = _special_tokens(tokenizer)
    room = _room_for_text(text, before + after)
    whole = _tokenize(tokenizer, texts, None)
    for i, ids in enumerate(whole["input_ids"]):
        row = {name: whole[name][i] for name in whole}
        body = len(ids) - before - after
        if body <= room:
            parts = [(0, body)]
        elif text.long_texts == "windows":
            parts = _windows(body, room, text.stride, text.max_windows)
        else:
            head = round(HEAD_SHARE * room)
            kept = [*range(before + head), *range(len(ids) - after - (room - head), len(ids))]
            sequence = {name: [values[p] for p in kept] for name, values in row.items()}
            unknown = sequence["input_ids"].count(tokenizer.unk_token_id)
            yield _Read([sequence], len(ids), len(kept), unknown)
            continue
        sequences = [
            {
                name: values[:before]
                + values[before + start : before + end]
                + values[len(ids) - after :]
                for name, values in row.items()
            }
            for start, end in parts
        ]
        seen = parts[-1][1]
        unknown = ids[before : before + seen].count(tokenizer.unk_token_id)
        yield _Read(sequences, len(ids), before + seen + after, unknown)


def _room_for_text(text: TextSettings, special_tokens: int) -> int:
    room = text.max_length - special_tokens
    if text.long_texts == "windows" and room <= text.stride:
        raise SettingsError(
            Problem(
                f"is {text.stride}, but a window of text.max_length {text.max_length} holds only "
                f"{room} tokens of text",
                where="text.stride",
            ),
            next_step=f"--text.stride {max(0, room // 4)}",
        )
    return room


def _windows(body: int, room: int, stride: int, most: int) -> list[tuple[int, int]]:
    """Start and end of each window over `body` tokens; neighbours share `stride` tokens.

    >>> _windows(10, 4, 1, 8)
    [(0, 4), (3, 7), (6, 10)]
    """
    parts = [(0, min(room, body))]
    while parts[-1][1] < body and len(parts) < most:
        start = parts[-1][1] - stride
        parts.append((start, min(start + room, body)))
    return parts


def _special_tokens(tokenizer: PreTrainedTokenizerBase) -> tuple[int, int]:
    """How many special tokens stand before and after a text."""
    plain = tokenizer("a", add_special_tokens=False)["input_ids"]
    framed = tokenizer("a")["input_ids"]
    for before in range(len(framed) - len(plain) + 1):
        if framed[before : before + len(plain)] == plain:
            return before, len(framed) - len(plain) - before
    raise SettingsError(
        Problem("this model's tokenizer changes a text with its place", where="text.long_texts"),
        next_step="--text.long_texts head",
    )


def _tokenize(
    tokenizer: PreTrainedTokenizerBase,
    texts: list[str],
    pairs: list[str] | None,
    max_length: int | None = None,
) -> Mapping[str, list[list[int]]]:
    answer: Mapping[str, list[list[int]]] = tokenizer(
        texts,
        pairs,
        truncation=max_length is not None,
        max_length=max_length,
        padding=False,
        return_attention_mask=False,
        verbose=False,
    )
    return answer


def _flatten(rows: list[list[int]]) -> IntArray:
    count = sum(len(row) for row in rows)
    return np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=count)
