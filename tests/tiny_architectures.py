"""A tiny random-weight model of every architecture that the tests cover, saved as pretrained."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tiny_models import make_tiny_model

ENCODERS = (
    "bert",
    "roberta",
    "macbert",
    "modernbert",
    "deberta-v2",
    "electra",
    "distilbert",
    "albert",
    "xlm-roberta",
)
DECODERS = ("gpt2", "qwen2", "qwen3", "llama")
ARCHITECTURES = (*ENCODERS, *DECODERS)
LAYERS = 3


def make_architecture(name: str, folder: Path, texts: Iterable[str]) -> Path:
    """Write a random model of this architecture with three layers, and a character tokenizer."""
    import torch
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    make_tiny_model(folder, texts, hidden_size=16, layers=1)
    vocabulary = len(AutoTokenizer.from_pretrained(folder))
    config = _config(name, vocabulary + 8)  # some tokenizers add tokens of their own
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = AutoModel.from_config(config)
    logging.disable_progress_bar()
    model.save_pretrained(folder)
    return folder


def _config(name: str, vocab_size: int):
    from transformers import AutoConfig

    values = _SIZES.get(name, _USUAL_SIZES) | _SPECIAL.get(name, {})
    return AutoConfig.for_model(_TYPES.get(name, name), vocab_size=vocab_size, **values)


_TYPES = {"macbert": "bert"}  # MacBERT is BERT, trained in another way
_USUAL_SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 130,
}
_SIZES = {
    "distilbert": {
        "dim": 16,
        "n_layers": LAYERS,
        "n_heads": 2,
        "hidden_dim": 32,
        "max_position_embeddings": 130,
    },
    "gpt2": {"n_embd": 16, "n_layer": LAYERS, "n_head": 2, "n_positions": 130},
}
_SPECIAL = {
    "roberta": {"pad_token_id": 0},
    "xlm-roberta": {"pad_token_id": 0},
    "albert": {"pad_token_id": 0, "embedding_size": 8},
    "electra": {"embedding_size": 8},
    "modernbert": {
        "pad_token_id": 0,
        "bos_token_id": 2,
        "eos_token_id": 3,
        "cls_token_id": 2,
        "sep_token_id": 3,
        "local_attention": 16,
    },
    "deberta-v2": {"relative_attention": True, "pos_att_type": ["c2p", "p2c"]},
    "gpt2": {"bos_token_id": 2, "eos_token_id": 3},
    "qwen2": {"num_key_value_heads": 1, "eos_token_id": 3},
    "qwen3": {"num_key_value_heads": 1, "eos_token_id": 3, "head_dim": 8},
    "llama": {"num_key_value_heads": 1, "eos_token_id": 3},
}
