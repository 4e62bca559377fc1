"""Where a parameter stands in a model: below, in or above its layers, whatever the architecture."""

from __future__ import annotations

from torch import nn
from transformers import PreTrainedModel


def encoder_prefix(model: PreTrainedModel) -> str:
    """How the names of the encoder's parameters begin (`bert.`); empty for an encoder alone."""
    prefix: str = model.base_model_prefix
    return f"{prefix}." if prefix and hasattr(model, prefix) else ""


def layer_list(model: PreTrainedModel) -> tuple[str, int]:
    """Name of the list that holds the layers (`bert.encoder.layer.`), and how many it holds.

    A model that uses one layer several times (ALBERT) holds it once. ("", 0) where there is none.
    """
    prefix = encoder_prefix(model)
    lists = [
        (f"{name}.", len(module))
        for name, module in model.named_modules()
        if isinstance(module, nn.ModuleList) and name.startswith(prefix)
    ]
    wanted = getattr(model.config.get_text_config(), "num_hidden_layers", None)
    if not lists:
        return "", 0
    return next(((name, count) for name, count in lists if count == wanted), lists[0])


def depth_of_parameters(model: PreTrainedModel) -> tuple[dict[str, int], int]:
    """How deep each parameter stands.

    Returns:
        Parameter name -> 0 for embeddings, 1 for the first layer up to `top` for the last one and
        what follows it in the encoder, `top` + 1 for the head (BERT's pooler is part of it); and
        `top`, the number of layers (1 where a model has no list of layers).
    """
    prefix = encoder_prefix(model)
    layers, top = layer_list(model)
    depths: dict[str, int] = {}
    below = True
    for name, _ in model.named_parameters():
        if not name.startswith(prefix) or "pooler" in name:
            depths[name] = max(top, 1) + 1
        elif layers and name.startswith(layers):
            below = False
            depths[name] = int(name.removeprefix(layers).partition(".")[0]) + 1
        elif "embed" in name or (below and layers):
            depths[name] = 0
        else:
            depths[name] = max(top, 1)
    return depths, max(top, 1)


def head_names(model: PreTrainedModel) -> set[str]:
    """Names in the state of a classifier that do not belong to its encoder."""
    prefix = encoder_prefix(model)
    return {name for name in model.state_dict() if prefix and not name.startswith(prefix)}
