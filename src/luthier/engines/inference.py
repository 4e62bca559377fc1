"""Forward passes in evaluation mode, in batches of like length."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from transformers import PreTrainedModel

from luthier.engines.device import free_memory, is_out_of_memory
from luthier.engines.forward import Kept, inputs_of, inputs_to_try, pool_windows, row_logits
from luthier.kit.batching import parts_within
from luthier.models.first_token import first_token_only, proven_first_token
from luthier.records import Encoded, FloatArray, IntArray
from luthier.settings import Settings

TOKENS_AT_ONCE_ON_CPU = 2048
"""More do not stay in the caches of a processor: 8,192 took 13 % more time than 2,048, and 512
took 45 % more (BERT with three layers of width 256, two cores, docs/LOG.md)."""

ROWS_WORTH_A_PROOF = 64
"""Of fewer rows the whole last layer is read: to prove that less will do takes a dozen."""


def logits_of(
    model: PreTrainedModel,
    encoded: Encoded,
    settings: Settings,
    device: torch.device,
    kept: Kept | None = None,
) -> FloatArray:
    """float64 [n, K] in the order of `encoded`. The model is left in evaluation mode.

    With `kept` the frozen layers do not run: what they gave before takes their place.
    """
    layer = None
    if len(encoded) >= ROWS_WORTH_A_PROOF:
        layer = proven_first_token(model, inputs_to_try(model, encoded, device))

    def read(rows: IntArray) -> torch.Tensor:
        return row_logits(model, encoded, rows, device, settings, kept)

    with first_token_only(layer):
        return _in_batches(model, encoded, most_tokens(settings, device), read)


def features_of(
    encoder: PreTrainedModel, encoded: Encoded, settings: Settings, device: torch.device
) -> FloatArray:
    """float64 [n, width]: last hidden state, mean over the tokens of a row without padding.

    The windows of a long text count alike.
    """

    def read(rows: IntArray) -> torch.Tensor:
        inputs = inputs_of(encoder, encoded, rows, device)
        hidden: torch.Tensor = encoder(**inputs).last_hidden_state
        mask = inputs["attention_mask"][:, :, None].to(hidden.dtype)
        means = (hidden * mask).sum(1) / mask.sum(1)
        if encoded.window_offsets is None:
            return means
        owner = torch.from_numpy(encoded.sequences(rows)[2]).to(device)
        return pool_windows(means, owner, len(rows), "mean")

    return _in_batches(encoder, encoded, most_tokens(settings, device), read)


def most_tokens(settings: Settings, device: torch.device) -> int:
    """Most tokens in memory at once when no gradients are needed."""
    most = settings.train.max_tokens_per_batch
    return min(most, TOKENS_AT_ONCE_ON_CPU) if device.type == "cpu" else most


def _in_batches(
    model: PreTrainedModel,
    encoded: Encoded,
    max_tokens: int,
    read: Callable[[IntArray], torch.Tensor],
) -> FloatArray:
    """Read all rows, longest first; where the memory runs out, half as many at a time."""
    model.eval()
    answers: FloatArray | None = None
    waiting = list(parts_within(np.arange(len(encoded)), encoded.lengths, max_tokens))[::-1]
    with torch.inference_mode():
        while waiting:
            part = waiting[-1]
            try:
                values = read(part).double().cpu().numpy()
            except RuntimeError as error:
                if len(part) == 1 or not is_out_of_memory(error):
                    raise
                values = None
            if values is None:
                waiting = [half for whole in waiting for half in np.array_split(whole, 2)]
                waiting = [half for half in waiting if len(half)]
                free_memory()
                continue
            waiting.pop()
            if answers is None:
                answers = np.empty((len(encoded), values.shape[1]))
            answers[part] = values
    return np.empty((0, 0)) if answers is None else answers
