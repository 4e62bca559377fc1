"""encode: what does the model really see?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from luthier.records import SPLIT_NAMES, Encoded, Note, Rows, SplitName, Splits, Task

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

UNKNOWN_SHARE_WORTH_SAYING = 0.01


def encode(
    rows: Rows,
    splits: Splits,
    task: Task,
    label_names: Sequence[str],
    tokenizer: PreTrainedTokenizerBase,
    max_length: int,
) -> tuple[dict[SplitName, Encoded], tuple[Note, ...]]:
    """Turn the rows of each split into token ids.

    Args:
        rows: all rows.
        splits: which row belongs to which split.
        task: says how a row becomes inputs and a target.
        label_names: in their final order.
        tokenizer: the model's.
        max_length: longest input in tokens, special tokens included.

    Returns:
        Each split that has rows, and how many rows were cut and how many tokens are unknown.
    """
    position = {int(row_id): i for i, row_id in enumerate(rows.ids)}
    encoded: dict[SplitName, Encoded] = {}
    notes: list[Note] = []
    for split in SPLIT_NAMES:
        ids = splits.ids_of(split)
        if not len(ids):
            continue
        at = [position[int(row_id)] for row_id in ids]
        encoded[split] = task.encode(rows.take(at), label_names, tokenizer, max_length)
        notes.extend(_notes(split, encoded[split], max_length))
    return encoded, tuple(notes)


def _notes(split: SplitName, encoded: Encoded, max_length: int) -> list[Note]:
    notes = []
    cut = int(encoded.truncated.sum())
    if cut:
        lost = encoded.full_lengths[encoded.truncated] - encoded.lengths[encoded.truncated]
        message = (
            f"{cut} of {len(encoded)} {split} rows are longer than {max_length} tokens and were "
            f"cut; the median one loses {int(np.median(lost))} tokens"
        )
        notes.append(Note("cut", message))
    facts = encoded.facts(max_length)
    if facts.unknown_tokens > UNKNOWN_SHARE_WORTH_SAYING * facts.tokens:
        share = facts.unknown_tokens / facts.tokens
        message = (
            f"{share:.1%} of the tokens in {split} are unknown to this model's vocabulary; "
            f"they occur in {facts.rows_with_unknown} of {facts.rows} rows"
        )
        notes.append(Note("warning", message))
    return notes
