"""predict: what does the model answer?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from luthier.records import Engine, Predictions, Rows, Task
from luthier.settings import Settings

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def predict(  # noqa: PLR0913, PLR0917 - eight different things, no two of which belong together
    task: Task,
    engine: Engine,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Rows,
    label_names: Sequence[str],
    settings: Settings,
    digest: str,
) -> Predictions:
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
    """
    encoded = task.encode(rows, label_names, tokenizer, settings.text)
    logits = engine.logits(model, encoded, settings)
    answers: Predictions = task.answers(encoded, logits, label_names, digest)
    return answers
