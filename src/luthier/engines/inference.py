"""Forward passes in evaluation mode, in batches of like length."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from transformers import PreTrainedModel

from luthier.engines.device import inputs_of
from luthier.kit.batching import parts_within
from luthier.records import Encoded, FloatArray


def logits_of(
    model: PreTrainedModel, encoded: Encoded, max_tokens: int, device: torch.device
) -> FloatArray:
    """float64 [n, K] in the order of `encoded`. The model is left in evaluation mode."""

    def read(inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        logits: torch.Tensor = model(**inputs).logits
        return logits

    return _in_batches(model, encoded, max_tokens, device, read)


def features_of(
    encoder: PreTrainedModel, encoded: Encoded, max_tokens: int, device: torch.device
) -> FloatArray:
    """float64 [n, width]: last hidden state, mean over the tokens of a row without padding."""

    def read(inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        hidden: torch.Tensor = encoder(**inputs).last_hidden_state
        mask = inputs["attention_mask"][:, :, None].to(hidden.dtype)
        return (hidden * mask).sum(1) / mask.sum(1)

    return _in_batches(encoder, encoded, max_tokens, device, read)


def _in_batches(
    model: PreTrainedModel,
    encoded: Encoded,
    max_tokens: int,
    device: torch.device,
    read: Callable[[dict[str, torch.Tensor]], torch.Tensor],
) -> FloatArray:
    model.eval()
    answers: FloatArray | None = None
    with torch.inference_mode():
        for part in parts_within(np.arange(len(encoded)), encoded.lengths, max_tokens):
            values = read(inputs_of(model, encoded, part, device)).double().cpu().numpy()
            if answers is None:
                answers = np.empty((len(encoded), values.shape[1]))
            answers[part] = values
    return np.empty((0, 0)) if answers is None else answers
