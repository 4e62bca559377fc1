"""The last layer of a model whose head looks at the first token alone, computed for that token.

BERT and its kin classify by the vector of the first token. The others that their last layer gives
are thrown away, and so need not be made: what one token asks of the layer is asked of the layer's
input itself. With `q` that token's query, `K x` and `V x` key and value of a token `x`, and `a` the
shares of attention,

    q . (K x) = (K' q) . x        and        sum a (V x) = V (sum a x),

so neither keys nor values are made for any token. A layer costs 12 width^2 multiplications a token,
this one 2 heads width: of a model with two layers half is saved, of one with twelve a twelfth. It
is the same function and has the same gradients, to rounding; `proven_first_token` sees to it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from luthier.models.layers import layer_list

TOLERANCE = 1e-4
"""Largest change of a logit, as a share of their spread between texts."""

_REFUSALS = (RuntimeError, TypeError, AttributeError, ValueError, IndexError, KeyError)


def proven_first_token(
    model: PreTrainedModel, inputs: Mapping[str, torch.Tensor]
) -> nn.Module | None:
    """The last layer, if it need only be computed for the first token; found by trying.

    Args:
        model: any classifier; left in the mode in which it came.
        inputs: padded inputs of a few texts of different lengths, int64 [s, l] each.

    Returns:
        What `first_token_only` takes. None where the head looks at other tokens too, or where the
        layer is not built like BERT's.
    """
    layer = last_layer(model)
    if layer is None:
        return None
    in_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            expected = model(**inputs).logits
            with first_token_only(layer):
                change = (model(**inputs).logits - expected).abs().max()
    except _REFUSALS:
        return None
    finally:
        model.train(in_training)
    spread = (expected - expected.mean(0)).abs().max()
    return layer if bool(change < TOLERANCE * spread) else None


def last_layer(model: PreTrainedModel) -> nn.Module | None:
    """The layer nearest to the head; None where the layers are not found."""
    name, count = layer_list(model)
    return model.get_submodule(f"{name}{count - 1}") if count else None


@contextlib.contextmanager
def first_token_only(layer: nn.Module | None) -> Iterator[None]:
    """Inside the block this layer gives the first token's vector only; None changes nothing."""
    if layer is None:
        yield
        return
    layer.forward = partial(_for_first_token, layer)
    try:
        yield
    finally:
        del layer.forward  # the class's own shows again


def _for_first_token(
    layer: Any,
    hidden_states: torch.Tensor,
    attention_mask: torch.Tensor | None = None,
    *_: Any,
    **__: Any,
) -> torch.Tensor:
    """Float [b, 1, width] of hidden states [b, l, width].

    Args:
        layer: built like `BertLayer`.
        hidden_states: float [b, l, width], what the layer below gave.
        attention_mask: [b, 1, 1 or l, l], True where a token is seen, or what is added to scores.
    """
    attention = layer.attention.self
    if not type(attention.key) is type(attention.value) is nn.Linear:
        raise TypeError("keys and values are not plain linear layers")
    first = hidden_states[:, :1]
    heads, size = attention.num_attention_heads, attention.attention_head_size
    key, key_bias = _by_head(attention.key, heads, size)
    value, value_bias = _by_head(attention.value, heads, size)
    query = attention.query(first).view(-1, heads, size) * size**-0.5
    wanted = torch.einsum("bhs,hsw->bhw", query, key)
    scores = wanted @ hidden_states.mT + (query * key_bias).sum(-1, keepdim=True)
    if attention_mask is not None:
        seen = attention_mask[:, :, 0]
        scores = (
            scores.masked_fill(~seen, -torch.inf) if seen.dtype == torch.bool else scores + seen
        )
    shares = nn.functional.dropout(
        scores.softmax(-1), attention.dropout.p, training=attention.training
    )
    mixed = torch.einsum("bhw,hsw->bhs", shares @ hidden_states, value)
    mixed = mixed + shares.sum(-1, keepdim=True) * value_bias
    attended = layer.attention.output(mixed.reshape(-1, 1, heads * size), first)
    answer: torch.Tensor = layer.feed_forward_chunk(attended)
    return answer


def _by_head(linear: nn.Linear, heads: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Weight [heads, size, width] and bias [heads, size]."""
    return linear.weight.view(heads, size, -1), linear.bias.view(heads, size)
