"""An encoder with a head of ours: pooled tokens, optional batch norm, one linear layer.

transformers has no such model, so its type is one that plain transformers refuses to load rather
than give it a random head. Importing this file lets this process load it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import SequenceClassifierOutput
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
)

MODEL_TYPE = "luthier_pooled"


class PooledConfig(PreTrainedConfig):
    """What the head is, and the configuration of the encoder.

    Args:
        encoder: of the encoder, or its values.
        pooling: `cls`, `last`, `mean` or `max` over the tokens of a text.
        batch_norm: whether the pooled vector is batch-normalised.
        classifier_dropout: before the linear layer, 0 to 1.
        kwargs: labels and what else every configuration holds.
    """

    model_type = MODEL_TYPE

    def __init__(
        self,
        encoder: PreTrainedConfig | dict[str, Any] | None = None,  # transformers makes empty ones
        pooling: str = "mean",
        batch_norm: bool = False,
        classifier_dropout: float = 0.1,
        **kwargs: Any,
    ) -> None:
        if isinstance(encoder, dict):
            values = dict(encoder)
            encoder = AutoConfig.for_model(values.pop("model_type"), **values)
        self.encoder = encoder
        self.pooling = pooling
        self.batch_norm = batch_norm
        self.classifier_dropout = classifier_dropout
        super().__init__(**kwargs)

    def to_dict(self) -> dict[str, Any]:
        """The values, the encoder's inside."""
        values: dict[str, Any] = super().to_dict()
        if isinstance(self.encoder, PreTrainedConfig):
            values["encoder"] = self.encoder.to_dict()
        return values


class PooledClassifier(PreTrainedModel):
    """Logits of an encoder's pooled tokens, `output_shift + output_scale * logits`.

    Shift and scale are 0 and 1, but for a task whose answers are numbers.
    """

    config_class = PooledConfig
    base_model_prefix = "encoder"
    _supports_sdpa = True

    def __init__(self, config: PooledConfig, encoder: PreTrainedModel | None = None) -> None:
        super().__init__(config)
        if encoder is None:  # its configuration may name the precision it was once stored in
            encoder = AutoModel.from_config(config.encoder, dtype=torch.get_default_dtype())
        self.encoder = encoder
        if getattr(self.encoder, "pooler", None) is not None:
            self.encoder.pooler = None
        width: int = self.encoder.config.get_text_config().hidden_size
        outputs = len(config.id2label or {})
        # none of these names may be one of the encoder's: loading would mix them up
        self.head_norm = nn.BatchNorm1d(width) if config.batch_norm else None
        self.dropout = nn.Dropout(config.classifier_dropout)
        self.classifier = nn.Linear(width, outputs)
        nn.init.normal_(self.classifier.weight, std=0.02)
        nn.init.zeros_(self.classifier.bias)
        self.register_buffer("output_shift", torch.zeros(outputs))
        self.register_buffer("output_scale", torch.ones(outputs))
        self.post_init()  # type: ignore[no-untyped-call]

    def init_weights(self) -> None:
        """Nothing is drawn here: the encoder may be pretrained, and the head is drawn above."""
        self.tie_weights(recompute_mapping=False)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **inputs: torch.Tensor
    ) -> SequenceClassifierOutput:
        """Logits [b, K] of padded inputs [b, longest]."""
        hidden = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, **inputs
        ).last_hidden_state
        pooled = pool(hidden, attention_mask, self.config.pooling)
        if self.head_norm is not None:
            pooled = _normalised(self.head_norm, pooled)
        logits = self.classifier(self.dropout(pooled))
        return SequenceClassifierOutput(logits=self.output_shift + self.output_scale * logits)


def pool(hidden: torch.Tensor, attention_mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """One vector per text from those of its tokens; padding never counts.

    Args:
        hidden: float [b, l, width], right-padded.
        attention_mask: int64 [b, l], 1 at a token and 0 at padding.
        pooling: `cls` (first token), `last`, `mean` or `max`.

    Returns:
        Float [b, width].
    """
    mask = attention_mask[:, :, None].to(hidden.dtype)
    match pooling:
        case "cls":
            return hidden[:, 0]
        case "last":
            last = attention_mask.sum(1) - 1
            return hidden[torch.arange(len(hidden), device=hidden.device), last]
        case "mean":
            return (hidden * mask).sum(1) / mask.sum(1)
        case "max":
            return hidden.masked_fill(mask == 0, -torch.inf).max(1).values
    raise ValueError(pooling)


def is_decoder(config: PreTrainedConfig) -> bool:
    """Whether each token sees only those before it, as in GPT-2 and Qwen."""
    kind = config.model_type
    return (
        kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and kind not in MODEL_FOR_MASKED_LM_MAPPING_NAMES
    )


def _normalised(norm: nn.BatchNorm1d, pooled: torch.Tensor) -> torch.Tensor:
    """Batch norm; a batch of one text has no spread of its own and takes the running figures."""
    if norm.training and len(pooled) == 1:
        return nn.functional.batch_norm(
            pooled, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps
        )
    normalised: torch.Tensor = norm(pooled)
    return normalised


AutoConfig.register(MODEL_TYPE, PooledConfig, exist_ok=True)
AutoModelForSequenceClassification.register(PooledConfig, PooledClassifier, exist_ok=True)
