"""predict: what does the model answer?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from luthier.kit.normalise import normaliser_of
from luthier.kit.pool_answers import in_place, joined
from luthier.kit.text_key import is_empty
from luthier.records import (
    AnyPredictions,
    Encoded,
    FloatArray,
    IntArray,
    Note,
    PredictedRows,
    Rows,
    Task,
)
from luthier.settings import Settings, TextSettings

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PLACES_SHOWN = 5
ROWS_AT_ONCE = 20_000
"""Rows are encoded and answered in windows of so many, sorted by length inside: the memory for
tokens stays the same however many rows there are."""


class Answering(Protocol):
    """Whoever runs the model: an engine, or an exported graph."""

    def logits(self, model: Any, encoded: Encoded, settings: Settings, /) -> FloatArray:
        """float64 [n, K] in the order of `encoded`."""
        ...


def predict(  # noqa: PLR0913, PLR0917 - nine different things, no two of which belong together
    task: Task,
    engine: Answering,
    model: PreTrainedModel | None,
    tokenizer: PreTrainedTokenizerBase,
    rows: Rows,
    label_names: Sequence[str],
    settings: Settings,
    digest: str,
    thresholds: Sequence[float] = (),
) -> PredictedRows:
    """Answers to rows, in their order, by the same encoding as in training.

    A row without text keeps its place and has no answer.

    Args:
        task: encodes rows and turns logits into answers.
        engine: where the model runs.
        model: the shipped model; None where the engine holds it.
        tokenizer: the tokenizer that belongs to it.
        rows: labels may be missing; the loss is NaN there.
        label_names: K names, in the order of the model's outputs.
        settings: `text` and what the engine reads.
        digest: digest of the model's weights.
        thresholds: from which probability each label is answered, where the task has such.
    """
    texts = rows.columns["text"]
    answered = np.array([not is_empty(text) for text in texts], dtype=bool)
    asked = np.flatnonzero(answered)
    answers: list[AnyPredictions] = []
    lost = np.zeros(len(rows), dtype=np.int64)
    for start in range(0, max(1, len(asked)), ROWS_AT_ONCE):
        window = asked[start : start + ROWS_AT_ONCE]
        encoded = task.encode(rows.take(window), label_names, tokenizer, settings.text)
        logits = engine.logits(model, encoded, settings)
        answers.append(task.answers(encoded, logits, label_names, digest, thresholds))
        lost[window] = encoded.lost_tokens
    whole: AnyPredictions | None = joined(answers)  # type: ignore[type-var]
    assert whole is not None  # noqa: S101 - one model has one set of labels
    if not answered.all():
        whole = in_place(whole, asked, rows.ids)  # type: ignore[type-var]
    return PredictedRows(rows, whole, answered, lost, _notes(rows, lost, settings.text))


def _notes(rows: Rows, lost: IntArray, text: TextSettings) -> tuple[Note, ...]:
    notes = []
    clean = normaliser_of(text)
    if clean:
        notes.append(Note("chosen", f"texts were cleaned as in training: {clean}"))
    cut = np.flatnonzero(lost)
    if len(cut):
        places = ", ".join(rows.locations[int(position)] for position in cut[:PLACES_SHOWN])
        more = f" and {len(cut) - PLACES_SHOWN:,} more" if len(cut) > PLACES_SHOWN else ""
        message = (
            "texts longer than the model reads "
            f"({text.max_length} tokens, {text.long_texts}), which were cut: {len(cut):,} of "
            f"{len(rows):,} ({places}{more})"
        )
        notes.append(Note("cut", message))
    return tuple(notes)
