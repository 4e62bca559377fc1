"""Rows in, logits out: moving rows onto the device, and joining the windows of a long text."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from transformers import PreTrainedModel

from luthier.kit.batching import pad
from luthier.models.shipped import inputs_taken
from luthier.records import Encoded, IntArray
from luthier.settings import Settings

TRIED_ROWS = 6
"""Rows on which a shortcut through a model is proven."""


class Kept(Protocol):
    """Answers from what the frozen layers of a model gave before (`kept_trunk.KeptTrunk`)."""

    def logits(
        self, model: PreTrainedModel, encoded: Encoded, positions: IntArray, device: torch.device
    ) -> torch.Tensor:
        """Float [s, K], one for each sequence of these rows."""
        ...


def inputs_of(
    model: PreTrainedModel, encoded: Encoded, positions: IntArray, device: torch.device
) -> dict[str, torch.Tensor]:
    """Padded inputs of these rows on the device, int64 [s, longest sequence] each.

    What the tokenizer gives and this architecture does not take is left out.
    """
    padding = {"input_ids": int(getattr(model.config, "pad_token_id", None) or 0)}
    arrays = pad(encoded, positions, padding)
    taken = inputs_taken(model, list(arrays))
    return {
        name: torch.from_numpy(array).to(device) for name, array in arrays.items() if name in taken
    }


def inputs_to_try(
    model: PreTrainedModel, encoded: Encoded, device: torch.device
) -> dict[str, torch.Tensor]:
    """Padded inputs of a few rows, the shortest and the longest among them."""
    order = np.argsort(encoded.lengths, kind="stable")
    places = np.linspace(0, len(order) - 1, min(TRIED_ROWS, len(order))).astype(np.int64)
    return inputs_of(model, encoded, order[np.unique(places)], device)


def row_logits(
    model: PreTrainedModel,
    encoded: Encoded,
    positions: IntArray,
    device: torch.device,
    settings: Settings,
    kept: Kept | None = None,
) -> torch.Tensor:
    """Float [b, K] for these rows; the windows of a row are pooled as the settings say.

    With `kept` the frozen layers do not run: what they gave before takes their place.
    """
    if kept is not None:
        logits = kept.logits(model, encoded, positions, device)
    else:
        logits = model(**inputs_of(model, encoded, positions, device)).logits
    if encoded.window_offsets is None:
        return logits
    _, _, rows = encoded.sequences(positions)
    owner = torch.from_numpy(rows).to(device)
    return pool_windows(logits, owner, len(positions), settings.text.window_pooling)


def pool_windows(
    logits: torch.Tensor, owner: torch.Tensor, rows: int, pooling: str
) -> torch.Tensor:
    """Mean or largest logits over the windows of each row.

    Args:
        logits: float [s, K], one per window.
        owner: int64 [s], the row of each window, every row at least once.
        rows: b.
        pooling: `mean` or `max`.

    Returns:
        Float [b, K].
    """
    empty = torch.zeros(rows, logits.shape[1], dtype=logits.dtype, device=logits.device)
    places = owner[:, None].expand_as(logits)
    how = "amax" if pooling == "max" else "mean"
    return empty.scatter_reduce(0, places, logits, how, include_self=False)
