"""The mean vectors of texts by a pretrained encoder, read once and kept on disk.

The simple rival on frozen features reads them, and so does a head alone that is trained on the mean
of all tokens: whichever comes first computes them for both, and for every further run.
"""

from __future__ import annotations

import hashlib
import json

import numpy as np
import torch
import transformers
from transformers import PreTrainedModel

from luthier.engines.inference import features_of
from luthier.engines.kept_array import Array, Kind, as_kind, kept_array
from luthier.kit.digest import digest_of_arrays, digest_of_tensors
from luthier.records import Encoded, FloatArray, IntArray
from luthier.settings import Settings

FORMAT = 1
"""Counts up when what is kept changes its meaning."""
KINDS: tuple[Kind, ...] = (np.float32,)
_NOT_OF_THE_ENCODER = ("id2label", "label2id", "problem_type", "_name_or_path", "architectures")


def kept_means(
    encoder: PreTrainedModel, rows: Encoded, settings: Settings, device: torch.device
) -> FloatArray:
    """float64 [n, width], the mean vector of each row; kept if there is room.

    Args:
        encoder: without a head, on `device`.
        rows: n rows.
        settings: the room there is, and what is in memory at once.
        device: where the encoder lies.
    """
    limit = int(settings.train.trunk_cache_gb * 1e9)
    shape = (len(rows), int(encoder.config.get_text_config().hidden_size))
    read: list[FloatArray] = []

    def fill(store: Array, kind: Kind) -> None:
        read.append(features_of(encoder, rows, settings, device))
        store[:] = as_kind(read[0], kind)

    found = None
    if limit:
        try:
            found = kept_array(means_key(encoder, rows), shape, KINDS, limit, fill).values
        except OSError:  # nothing is lost but the time of the next run
            found = None
    if found is not None:
        return np.asarray(found, dtype=np.float64)
    return read[0] if read else features_of(encoder, rows, settings, device)


def means_key(encoder: PreTrainedModel, rows: Encoded) -> str:
    """Of all that decides the means: weights, architecture, rows, library."""
    config = {
        name: value
        for name, value in encoder.config.to_dict().items()
        if name not in _NOT_OF_THE_ENCODER and "drop" not in name
    }
    weights = {
        name: tensor
        for name, tensor in (*encoder.named_parameters(), *encoder.named_buffers())
        if not name.startswith("pooler.")
    }
    parts = [
        "means",
        FORMAT,
        transformers.__version__,
        torch.__version__,
        json.dumps(config, sort_keys=True, default=str),
        digest_of_tensors(weights),
        digest_of_rows(rows),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]


def digest_of_rows(rows: Encoded) -> str:
    """Of the row ids and of all that a model reads of the rows."""
    flat = [rows.flat[name] for name in sorted(rows.flat)]
    windows: list[IntArray] = [] if rows.window_offsets is None else [rows.window_offsets]
    return digest_of_arrays([rows.row_ids, rows.offsets, *windows, *flat])
