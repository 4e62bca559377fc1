"""Which numbers an optimizer steps, and how many they are."""

from __future__ import annotations

import numpy as np
from transformers import PreTrainedModel

from luthier.models.used_rows import train_used_rows
from luthier.records import TrainJob


def counted_and_reduced(model: PreTrainedModel, job: TrainJob) -> tuple[int, int]:
    """Count the parameters that are trained and all of them, then leave out unused embeddings.

    Args:
        model: on its device, with the weights that training goes on from; changed in place.
        job: its training and validation rows are all that the model reads from here on.

    Returns:
        As the strategy names them, before rows of the token embeddings were left out.
    """
    parameters = list(model.parameters())
    trained = sum(p.numel() for p in parameters if p.requires_grad)
    read = [np.unique(job.encoded[part].flat["input_ids"]) for part in ("train", "validation")]
    train_used_rows(model, np.concatenate(read).astype(np.int64))
    return trained, sum(p.numel() for p in parameters)
