"""Whether settings fit an architecture: its dropouts, its pooling, its longest input."""

from __future__ import annotations

import torch
from transformers import PreTrainedConfig, PreTrainedModel

from luthier.errors import Problem, SettingsError
from luthier.models.pooled import is_decoder
from luthier.records import ModelSource
from luthier.settings import ModelSettings

DROPOUTS = ("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout")


def apply_dropouts(
    config: PreTrainedConfig, source: ModelSource, settings: ModelSettings, *, own_head: bool
) -> None:
    """Set the dropouts that were asked for in the configuration.

    Raises:
        SettingsError: when this architecture has no such dropout.
    """
    asked = {name: getattr(settings, name) for name in DROPOUTS}
    if own_head:  # it has its own
        del asked["classifier_dropout"]
    problems = []
    for name, value in asked.items():
        if value is None:
            continue
        if hasattr(config, name):
            setattr(config, name, value)
            continue
        own = sorted(key for key in config.to_dict() if "drop" in key)
        problems.append(
            Problem(
                f"{config.model_type} models have no {name} (its own dropouts: "
                f"{', '.join(own) or 'none'})",
                where=f"model.{name}",
                hint="leave it out to keep the model's own",
            )
        )
    if problems:
        raise SettingsError(
            problems, next_step=f"change these settings, or the model {source.name}"
        )


def check_pooling(config: PreTrainedConfig, settings: ModelSettings) -> None:
    """The first token must have seen the text.

    Raises:
        SettingsError: when it has not.
    """
    if settings.pooling == "cls" and is_decoder(config):
        raise SettingsError(
            Problem(
                f"the first token of a {config.model_type} model sees nothing of the text",
                where="model.pooling",
            ),
            next_step="--model.pooling mean, or leave it out: auto takes the last token",
        )


def check_length(model: PreTrainedModel, max_length: int) -> None:
    """The model must have a position for each token.

    Raises:
        SettingsError: when it has not.
    """
    longest = [
        # Models of the RoBERTa family count positions from the padding index on.
        module.num_embeddings - (0 if module.padding_idx is None else module.padding_idx + 1)
        for name, module in model.named_modules()
        if name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding)
    ]
    if longest and max_length > min(longest):
        raise SettingsError(
            Problem(
                f"is {max_length}, but this model reads at most {min(longest)} tokens",
                where="text.max_length",
            ),
            next_step=f"--text.max_length {min(longest)}",
        )
