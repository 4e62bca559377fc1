"""Changed copies of training rows: to learn from only, never near validation or test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from luthier.kit.augment import Fill, changed_text, read_synonyms
from luthier.kit.join_encoded import join_encoded
from luthier.kit.text_key import text_key
from luthier.kit.text_pairs import texts_apart
from luthier.records import Encoded, ModelSource, Note, Rows, Splits, Task
from luthier.settings import AugmentSettings, Settings

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def with_changed_copies(  # noqa: PLR0913, PLR0917 - what encode needs, and the model
    train: Encoded,
    rows: Rows,
    splits: Splits,
    task: Task,
    label_names: Sequence[str],
    tokenizer: PreTrainedTokenizerBase,
    settings: Settings,
    source: ModelSource,
) -> tuple[Encoded, tuple[Note, ...]]:
    """The training rows with `augment.copies` changed copies of each, and what was done.

    Copies have negative row ids, -1 - id of the row they come from: nothing that is measured,
    judged or shown ever takes one for a row of the file. A copy that says what a validation or
    test row says is left out.

    Args:
        train: the encoded training rows.
        rows: all rows.
        splits: which of them are training rows.
        task: encodes the copies as it encoded the rows.
        label_names: in their final order.
        tokenizer: the model's.
        settings: the block `augment`, `text`, and `train.seed`.
        source: the pretrained model, which fills gaps for the change `masked`.

    Raises:
        ModelError: when it cannot fill gaps.
        InputError: when the file of synonyms cannot be used.
    """
    augment = settings.augment
    if augment.change == "none":
        return train, ()
    fill: Fill | None = None
    if augment.change == "masked":
        from luthier.models.fill_mask import MaskFiller

        fill = MaskFiller(source)
    copies, left_out = _copies(rows, splits, augment, settings.train.seed, fill)
    share = f"{augment.share:.0%} of the words, seed {settings.train.seed}"
    message = (
        f"{len(copies):,} changed copies of training rows were added to learn from "
        f"({augment.change}, {share}); none to validation or test"
    )
    notes = [Note("chosen", message)]
    if left_out:
        what = f"{left_out:,} of them were left out: they say what a validation or test row says"
        notes.append(Note("dropped", what))
    if not len(copies):
        return train, tuple(notes)
    encoded = task.encode(copies, label_names, tokenizer, settings.text)
    return join_encoded(train, encoded), tuple(notes)


def _copies(
    rows: Rows, splits: Splits, settings: AugmentSettings, seed: int, fill: Fill | None
) -> tuple[Rows, int]:
    synonyms = read_synonyms(Path(settings.synonyms)) if settings.synonyms else {}
    split_of = dict(zip(splits.row_ids.tolist(), splits.names, strict=True))
    texts, firsts = rows.columns["text"], texts_apart(rows)[0]
    held = {
        text_key(text)
        for row, text in zip(rows.ids.tolist(), texts, strict=True)
        if split_of.get(row) in ("validation", "test")
    }
    positions: list[int] = []
    changed: list[str] = []
    left_out = 0
    for position, row in enumerate(rows.ids.tolist()):
        if split_of.get(row) != "train":
            continue
        random = np.random.default_rng([seed, row])  # the same copies whatever rows are beside
        own = {texts[position]}
        for _ in range(settings.copies):
            first = changed_text(firsts[position], settings, synonyms, random, fill)
            if first is None or (text := first + texts[position][len(firsts[position]) :]) in own:
                continue
            own.add(text)
            if text_key(text) in held:
                left_out += 1
                continue
            positions.append(position)
            changed.append(text)
    taken = rows.take(positions)
    columns: dict[str, Any] = {**taken.columns, "text": changed}
    copies = Rows(
        ids=-1 - taken.ids,
        columns=columns,
        locations=taken.locations,
        given_split=taken.given_split,
        source=taken.source,
        label_titles=taken.label_titles,
    )
    return copies, left_out
