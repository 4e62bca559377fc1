"""What a pretrained model is, read without its weights."""

from __future__ import annotations

from dataclasses import dataclass

from luthier.records import ModelSource

NO_LIMIT = 1_000_000  # tokenizers say "no limit" with absurdly large numbers
ROBERTA_LIKE = (
    "roberta",
    "xlm-roberta",
    "camembert",
    "longformer",
    "xlm-roberta-xl",
    "data2vec-text",
)


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Size and reach of a pretrained model.

    Args:
        parameters: parameters of the encoder, the head left out.
        longest_input: tokens it can read at most, special tokens included.
        layers: in its list of layers; 0 where it has none.
        decoder: whether each token sees only those before it.
    """

    parameters: int
    longest_input: int
    layers: int = 0
    decoder: bool = False


def describe_model(source: ModelSource) -> ModelFacts:
    """Parameters and longest input, from the configuration alone (weights are not read)."""
    import torch
    from transformers import AutoConfig, AutoModel

    from luthier.models.layers import layer_list
    from luthier.models.loading import explained, load_tokenizer
    from luthier.models.pooled import is_decoder
    from luthier.models.quiet import quiet

    with explained(source, "the model"), quiet(), torch.device("meta"):
        config = AutoConfig.from_pretrained(source.path, trust_remote_code=source.trust_remote_code)
        model = AutoModel.from_config(config, trust_remote_code=source.trust_remote_code)
    limits = [NO_LIMIT, int(min(load_tokenizer(source).model_max_length, NO_LIMIT))]
    positions = getattr(config, "max_position_embeddings", None)
    if positions:
        # RoBERTa-like models count positions from the padding index on, so two are not usable.
        offset = (config.pad_token_id or 0) + 1 if config.model_type in ROBERTA_LIKE else 0
        limits.append(int(positions) - offset)
    parameters = sum(p.numel() for p in model.parameters())
    return ModelFacts(parameters, min(limits), layer_list(model)[1], is_decoder(config))
