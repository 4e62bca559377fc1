"""What ships: a folder that plain `transformers.pipeline` loads, with the labels' real names."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torch
from transformers import (
    AutoModelForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from luthier.errors import ModelError, Problem
from luthier.models.find import find_model
from luthier.models.loading import explained, forget_defaults, load_tokenizer
from luthier.models.pooled import PooledClassifier
from luthier.models.quiet import quiet
from luthier.run_folder import atomic_folder, recover_folder


def save_shipped(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    label_names: Sequence[str],
    max_length: int,
    folder: Path,
    cut_side: Literal["left", "right"] = "right",
) -> None:
    """Write a folder that plain transformers loads; it appears whole or not at all.

    `pipeline("text-classification", model=folder, truncation=True)` gives Luthier's labels.

    Args:
        model: the trained classifier.
        tokenizer: the one it was trained with.
        label_names: in the order of the logits.
        max_length: longest input in tokens; written as the tokenizer's own limit.
        folder: target; what is there is replaced.
        cut_side: the side that the tokenizer cuts off a longer text.
    """
    recover_folder(folder)
    model.config.id2label = dict(enumerate(label_names))
    model.config.label2id = {name: index for index, name in enumerate(label_names)}
    own_limit, own_side = tokenizer.model_max_length, tokenizer.truncation_side
    names = list(tokenizer.model_input_names)
    try:
        tokenizer.model_max_length = max_length
        tokenizer.truncation_side = cut_side
        tokenizer.model_input_names = inputs_taken(model, names)
        forget_defaults(tokenizer)
        with atomic_folder(folder) as temporary, quiet():
            model.save_pretrained(temporary)
            tokenizer.save_pretrained(temporary)
    finally:
        tokenizer.model_max_length, tokenizer.truncation_side = own_limit, own_side
        tokenizer.model_input_names = names


def inputs_taken(model: PreTrainedModel, names: Sequence[str]) -> list[str]:
    """Those of the tokenizer's inputs that this architecture takes."""
    inner = model.encoder if isinstance(model, PooledClassifier) else model
    taken = inspect.signature(inner.forward).parameters
    return [name for name in names if name in taken or "input_ids" not in taken]


def load_shipped(folder: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """What `save_shipped` wrote: the model in evaluation mode, and its tokenizer.

    Raises:
        ModelError: when the folder is no such model.
    """
    recover_folder(folder)
    source = find_model(str(folder.absolute()))
    tokenizer = load_tokenizer(source)
    with explained(source, "the model"), quiet():
        model, report = AutoModelForSequenceClassification.from_pretrained(
            source.path, use_safetensors=True, dtype=torch.float32, output_loading_info=True
        )
    if report["missing_keys"] or report["mismatched_keys"]:
        raise ModelError(
            Problem("is not a complete classifier: weights are missing", where=str(folder)),
            next_step="make it again from its run",
        )
    return model.eval(), tokenizer
