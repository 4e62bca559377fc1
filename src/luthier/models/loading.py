"""Load pretrained weights: safetensors only, float32, no weight of the encoder left to chance."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from luthier.errors import ModelError, Problem
from luthier.machine_errors import machine_error
from luthier.models.fitting import apply_dropouts, check_length, check_pooling
from luthier.models.layers import head_names
from luthier.models.pooled import PooledClassifier, PooledConfig, is_decoder
from luthier.models.quiet import quiet
from luthier.models.strategies import apply_strategy
from luthier.records import ModelSource
from luthier.settings import ModelSettings

ProblemType = Literal["single_label_classification", "multi_label_classification", "regression"]
OWN_HEAD_DROPOUT = 0.1
"""Dropout before a head of ours; BERT's."""
_LIBRARY_ERRORS = (
    OSError,
    ValueError,
    ImportError,
    KeyError,
    AttributeError,
    TypeError,
    RuntimeError,
    SafetensorError,
)


def load_tokenizer(source: ModelSource) -> PreTrainedTokenizerBase:
    """The tokenizer of this model, with no padding or truncation of its own.

    Raises:
        ModelError: when it cannot be loaded, or knows more tokens than the model.
    """
    with explained(source, "the tokenizer"), quiet():
        tokenizer = AutoTokenizer.from_pretrained(
            source.path, trust_remote_code=source.trust_remote_code
        )
        config = _config(source)
    forget_defaults(tokenizer)
    tokenizer.padding_side = "right"
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    known = getattr(config.get_text_config(), "vocab_size", None)
    if known is not None and len(tokenizer) > known:
        raise ModelError(
            Problem(
                f"the tokenizer has {len(tokenizer)} tokens but the model only {known}: "
                "they do not belong together",
                where=source.path,
            ),
            next_step="give the folder of a complete model",
        )
    return tokenizer


def forget_defaults(tokenizer: PreTrainedTokenizerBase) -> None:
    """Drop the padding and truncation that some tokenizer.json files switch on for every call."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        backend.no_padding()
        backend.no_truncation()


def load_classifier(
    source: ModelSource,
    label_names: Sequence[str],
    settings: ModelSettings,
    max_length: int,
    problem_type: ProblemType = "single_label_classification",
) -> PreTrainedModel:
    """The pretrained encoder with a fresh head for these labels, float32, in training mode.

    The head is drawn from torch's random state, also where the checkpoint holds a head already.
    What `model.strategy` does not train has `requires_grad` off.

    Args:
        source: where the model lies.
        label_names: in their final order; they become `id2label`.
        settings: dropout where it differs from the model's own, pooling, and what is trained.
        max_length: longest input in tokens that it must read.
        problem_type: what the outputs mean; a model for numbers has a head of ours.

    Raises:
        ModelError: when it cannot be loaded, or weights of the encoder are missing.
        SettingsError: when a dropout, the pooling, the strategy or the length does not fit it.
        MissingExtraError: when LoRA is wanted and peft is not installed.
    """
    with explained(source, "the model"), quiet():
        config = _config(source)
        check_pooling(config, settings)
        own_head = settings.pooling != "auto" or problem_type == "regression"
        apply_dropouts(config, source, settings, own_head=own_head)
        labels = {
            "id2label": dict(enumerate(label_names)),
            "label2id": {name: index for index, name in enumerate(label_names)},
            "problem_type": problem_type,
        }
        load = _with_own_head if own_head else _with_stock_head
        model = load(source, config, settings, labels)
    check_length(model, max_length)
    apply_strategy(model, settings)
    trained: PreTrainedModel = model.train()
    return trained


def _with_stock_head(
    source: ModelSource,
    config: PreTrainedConfig,
    _settings: ModelSettings,
    labels: Mapping[str, Any],
) -> PreTrainedModel:
    for name, value in labels.items():
        setattr(config, name, value)
    if config.pad_token_id is None:
        config.pad_token_id = _first_id(config.eos_token_id)
    model, report = AutoModelForSequenceClassification.from_pretrained(
        source.path,
        config=config,
        trust_remote_code=source.trust_remote_code,
        use_safetensors=True,
        dtype=torch.float32,
        ignore_mismatched_sizes=True,
        output_loading_info=True,
    )
    _check_encoder(model, report, source)
    _renew_head(model, config, report)
    classifier: PreTrainedModel = model
    return classifier


def _with_own_head(
    source: ModelSource,
    config: PreTrainedConfig,
    settings: ModelSettings,
    labels: Mapping[str, Any],
) -> PreTrainedModel:
    pooling: str = settings.pooling
    if pooling == "auto":
        pooling = "last" if is_decoder(config) else "mean"
    dropout = settings.classifier_dropout
    pad = config.pad_token_id
    whole = PooledConfig(
        encoder=config,
        pooling=pooling,
        batch_norm=settings.batch_norm,
        classifier_dropout=OWN_HEAD_DROPOUT if dropout is None else dropout,
        pad_token_id=_first_id(config.eos_token_id) if pad is None else pad,
        **labels,
    )
    return PooledClassifier(whole, _pretrained_encoder(source, config))


def _pretrained_encoder(source: ModelSource, config: PreTrainedConfig) -> PreTrainedModel:
    model, report = AutoModel.from_pretrained(
        source.path,
        config=config,
        trust_remote_code=source.trust_remote_code,
        use_safetensors=True,
        dtype=torch.float32,
        output_loading_info=True,
    )
    _check_encoder(model, report, source)
    encoder: PreTrainedModel = model
    return encoder


def load_encoder(source: ModelSource, max_length: int) -> PreTrainedModel:
    """The pretrained encoder without a head, float32, in evaluation mode.

    Raises:
        ModelError: when it cannot be loaded.
        SettingsError: when it cannot read `max_length` tokens.
    """
    with explained(source, "the model"), quiet():
        encoder = _pretrained_encoder(source, _config(source))
    check_length(encoder, max_length)
    ready: PreTrainedModel = encoder.eval()
    return ready


def _config(source: ModelSource) -> PreTrainedConfig:
    config: PreTrainedConfig = AutoConfig.from_pretrained(
        source.path, trust_remote_code=source.trust_remote_code
    )
    return config


@contextlib.contextmanager
def explained(source: ModelSource, what: str) -> Iterator[None]:
    """Raise what the libraries raise inside the block as one ModelError.

    Raises:
        ModelError: naming the folder and the library's reason.
        MachineError: when the system refused to read it.
    """
    try:
        yield
    except _LIBRARY_ERRORS as error:
        refused = machine_error(error, at=Path(source.path))
        if refused is not None:
            raise refused from error
        reason = next((line for line in str(error).splitlines() if line.strip()), "no reason given")
        code = "trust_remote_code" in str(error)
        raise ModelError(
            Problem(
                f"{what} cannot be loaded ({type(error).__name__}: {reason.strip().rstrip('.')})",
                where=source.path,
            ),
            next_step="set model.trust_remote_code to true if you trust the author's code"
            if code
            else "check that the folder is complete, or name another model",
        ) from error


def _first_id(value: int | list[int] | None) -> int | None:
    return value[0] if isinstance(value, list) else value


def _check_encoder(model: PreTrainedModel, report: dict[str, Any], source: ModelSource) -> None:
    """Only the head may be new; the pooler of BERT belongs to the head (`tanh` of one token)."""
    new = set(report["missing_keys"]) | {str(entry[0]) for entry in report["mismatched_keys"]}
    lost = sorted(n for n in new - head_names(model) if "pooler" not in n)
    if lost:
        shown = ", ".join(lost[:3]) + (f" and {len(lost) - 3} more" if len(lost) > 3 else "")
        raise ModelError(
            Problem(
                f"weights of the encoder are missing or have another shape: {shown}",
                where=source.path,
            ),
            next_step="give the folder of a complete model of this architecture",
        )


def _renew_head(model: PreTrainedModel, config: PreTrainedConfig, report: dict[str, Any]) -> None:
    new = set(report["missing_keys"]) | {str(entry[0]) for entry in report["mismatched_keys"]}
    loaded = head_names(model) - new
    if loaded:  # a head for other labels must not be the start of this one
        fresh = AutoModelForSequenceClassification.from_config(config).state_dict()
        model.load_state_dict({name: fresh[name] for name in loaded}, strict=False)
