"""predict: what does the model answer?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from luthier.kit.normalise import normaliser_of
from luthier.records import Encoded, Engine, Note, PredictedRows, Rows, Task
from luthier.settings import Settings, TextSettings

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PLACES_SHOWN = 5


def predict(  # noqa: PLR0913, PLR0917 - nine different things, no two of which belong together
    task: Task,
    engine: Engine,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Rows,
    label_names: Sequence[str],
    settings: Settings,
    digest: str,
    thresholds: Sequence[float] = (),
) -> PredictedRows:
    """Answers to rows, in their order, by the same encoding as in training.

    Args:
        task: encodes rows and turns logits into answers.
        engine: where the model runs.
        model: the shipped model.
        tokenizer: the tokenizer that belongs to it.
        rows: labels may be missing; the loss is NaN there.
        label_names: K names, in the order of the model's outputs.
        settings: `text` and what the engine reads.
        digest: digest of the model's weights.
        thresholds: from which probability each label is answered, where the task has such.
    """
    encoded = task.encode(rows, label_names, tokenizer, settings.text)
    logits = engine.logits(model, encoded, settings)
    answers = task.answers(encoded, logits, label_names, digest, thresholds)
    return PredictedRows(rows, answers, encoded.lost_tokens, _notes(rows, encoded, settings.text))


def _notes(rows: Rows, encoded: Encoded, text: TextSettings) -> tuple[Note, ...]:
    notes = []
    clean = normaliser_of(text)
    if clean:
        notes.append(Note("chosen", f"texts were cleaned as in training: {clean}"))
    cut = np.flatnonzero(encoded.truncated)
    if len(cut):
        places = ", ".join(rows.locations[int(position)] for position in cut[:PLACES_SHOWN])
        more = f" and {len(cut) - PLACES_SHOWN:,} more" if len(cut) > PLACES_SHOWN else ""
        message = (
            f"{len(cut):,} of {len(rows):,} texts are longer than the model reads "
            f"({text.max_length} tokens, {text.long_texts}) and were cut: {places}{more}"
        )
        notes.append(Note("cut", message))
    return tuple(notes)
