"""encode: what does the model really see?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from luthier.kit.normalise import normaliser_of
from luthier.kit.plural import plural
from luthier.records import SPLIT_NAMES, Encoded, Note, Rows, SplitName, Splits, Task
from luthier.settings import TextSettings

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

UNKNOWN_SHARE_WORTH_SAYING = 0.01
LABELS_SHOWN = 5


def encode(
    rows: Rows,
    splits: Splits,
    task: Task,
    label_names: Sequence[str],
    tokenizer: PreTrainedTokenizerBase,
    text: TextSettings,
) -> tuple[dict[SplitName, Encoded], tuple[Note, ...]]:
    """Turn the rows of each split into token ids.

    Args:
        rows: all rows.
        splits: which row belongs to which split.
        task: says how a row becomes inputs and a target.
        label_names: in their final order.
        tokenizer: the model's.
        text: longest input in tokens, and what is read of longer texts.

    Returns:
        Each split that has rows, and how many rows were cut and how many tokens are unknown.
    """
    position = {int(row_id): i for i, row_id in enumerate(rows.ids)}
    encoded: dict[SplitName, Encoded] = {}
    notes = _cleaned(rows, text)
    for split in SPLIT_NAMES:
        ids = splits.ids_of(split)
        if not len(ids):
            continue
        at = [position[int(row_id)] for row_id in ids]
        encoded[split] = task.encode(rows.take(at), label_names, tokenizer, text)
        notes.extend(_notes(split, encoded[split], label_names, text))
    return encoded, tuple(notes)


def _cleaned(rows: Rows, text: TextSettings) -> list[Note]:
    """What is done to the texts before they are read, and how many it changes."""
    clean = normaliser_of(text)
    if not clean:
        return []
    changed = sum(clean(one) != one for one in rows.columns.get("text", ()))
    message = (
        f"texts are cleaned before the model reads them, here and in prediction ({clean}): "
        f"{changed:,} of {len(rows):,} change"
    )
    return [Note("chosen", message)]


def _notes(
    split: SplitName, encoded: Encoded, label_names: Sequence[str], text: TextSettings
) -> list[Note]:
    notes = []
    if encoded.truncated.any():
        notes.append(Note("cut", _what_was_cut(split, encoded, label_names, text)))
    read = encoded.window_offsets
    if read is not None and len(read) - 1 > len(encoded):
        long = int((encoded.full_lengths > text.max_length).sum())
        message = (
            f"{long:,} of {len(encoded):,} {split} rows are longer than {text.max_length} tokens "
            f"and are read in windows: {len(read) - 1:,} windows in all"
        )
        notes.append(Note("chosen", message))
    facts = encoded.facts(text.max_length)
    if facts.unknown_tokens > UNKNOWN_SHARE_WORTH_SAYING * facts.tokens:
        share = facts.unknown_tokens / facts.tokens
        message = (
            f"{share:.1%} of the tokens in {split} are unknown to this model's vocabulary; "
            f"they occur in {facts.rows_with_unknown:,} of {facts.rows:,} rows"
        )
        notes.append(Note("warning", message))
    return notes


def _what_was_cut(
    split: SplitName, encoded: Encoded, label_names: Sequence[str], text: TextSettings
) -> str:
    cut, lost = encoded.truncated, encoded.lost_tokens
    covered = encoded.covered_lengths
    longest = text.max_length if covered is None else int(covered.max())
    kept = {"head": "", "tail": " at the head", "head_tail": " in the middle"}
    message = (
        f"{int(cut.sum()):,} of {len(encoded):,} {split} rows are longer than "
        f"{longest} tokens and were cut{kept.get(text.long_texts, ' at the tail')}; "
        f"the median one loses {int(np.median(lost[cut]))} tokens"
    )
    return message + _by_label(encoded, label_names)


def _percent(share: float) -> str:
    """`8%`; what is more than none never reads as 0."""
    return f"{share:.0%}" if share >= 0.005 else "<1%"


def _by_label(encoded: Encoded, label_names: Sequence[str]) -> str:
    """The labels that lose most, as share of their tokens; empty where rows have no one label."""
    targets = encoded.targets
    if targets.ndim != 1 or not np.issubdtype(targets.dtype, np.integer) or not label_names:
        return ""
    known = targets >= 0
    labels = len(label_names)
    lost = np.bincount(targets[known], encoded.lost_tokens[known], labels)
    tokens = np.bincount(targets[known], encoded.full_lengths[known], labels)
    share = lost / np.maximum(tokens, 1)
    worst = [i for i in np.argsort(-share, kind="stable").tolist() if share[i] > 0]
    shown = ", ".join(f"{label_names[i]!r} {_percent(share[i])}" for i in worst[:LABELS_SHOWN])
    left = len(worst) - LABELS_SHOWN
    more = f" and {left} more label{plural(left)}" if left > 0 else ""
    return f"; tokens lost by label: {shown}{more}" if shown else ""
