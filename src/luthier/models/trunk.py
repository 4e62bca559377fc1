"""The frozen lower part of a model: read once, and put back in place of its layers.

Whatever the architecture, the way is the same: for one forward pass the frozen layers are replaced
by stand-ins, of which the last gives what was read before. `proven_cut` shows on real rows that a
model takes this, and how little of the trunk's output its upper part looks at.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import nn
from transformers import PreTrainedModel

from luthier.models.layers import depth_of_parameters, encoder_prefix, layer_list
from luthier.models.pooled import PooledClassifier, pool

TOLERANCE = 1e-3
"""Largest change of a logit that a cut may make, as a share of their spread between texts."""

_REFUSALS = (RuntimeError, TypeError, AttributeError, ValueError, IndexError, KeyError)

Inputs = Mapping[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a model is cut into a frozen trunk and what is trained above it.

    Args:
        list_name: name of the list of layers (`bert.encoder.layer`).
        layers: how many of them, from the first, are frozen; at least one.
        way: what is kept of a text: the vectors of `all` its tokens, that of the `first`, or the
            `pooled` one.
        values: how many values a layer returns; 0 where it returns the hidden states alone.
        width: numbers in a vector; 0 until `proven_cut` has seen one.
    """

    list_name: str
    layers: int
    way: Literal["all", "first", "pooled"] = "all"
    values: int = 0
    width: int = 0


def frozen_trunk(model: PreTrainedModel) -> Cut | None:
    """The embeddings and the lowest layers, if none of their weights is trained; None if any is."""
    depths, _ = depth_of_parameters(model)
    name, count = layer_list(model)
    lowest = min((depths[n] for n, p in model.named_parameters() if p.requires_grad), default=0)
    layers = min(lowest - 1, count)
    return Cut(name.rstrip("."), layers) if name and layers >= 1 else None


def weights_of_trunk(model: PreTrainedModel, cut: Cut) -> dict[str, torch.Tensor]:
    """Name -> tensor of everything that decides what the trunk gives."""
    depths, _ = depth_of_parameters(model)
    buffers = {n: b for n, b in model.named_buffers() if n.startswith(encoder_prefix(model))}
    return {n: p for n, p in model.named_parameters() if depths[n] <= cut.layers} | buffers


def frozen_modules(model: PreTrainedModel, cut: Cut) -> tuple[nn.Module, ...]:
    """The modules of the frozen part; in evaluation mode their dropout is off."""
    depths, _ = depth_of_parameters(model)
    found = []
    for name, module in model.named_modules():
        own = [depth for n, depth in depths.items() if n.startswith(f"{name}.")]
        if own and max(own) <= cut.layers:
            found.append(module)
    encoder = getattr(model, model.base_model_prefix, model)
    # GPT-2's dropout behind the embeddings has no weights
    return (*found, *(child for child in encoder.children() if isinstance(child, nn.Dropout)))


class _StandIn(nn.Module):
    """In the place of a layer: hands on what came in, or gives what was kept."""

    stands_for: nn.Module
    gives: torch.Tensor | None
    values: int

    def __init__(self, layer: nn.Module, gives: torch.Tensor | None, values: int) -> None:
        super().__init__()
        # not by assignment, which would make the layer a part of this module
        self.__dict__.update(stands_for=layer, gives=gives, values=values)

    def __getattr__(self, name: str) -> Any:
        """What a model asks its layers for, such as their kind of attention."""
        return getattr(self.__dict__["stands_for"], name)

    def forward(self, *given: Any, **named: Any) -> Any:
        """The hidden states, in the form in which the layer returns them."""
        hidden = given[0] if given else named["hidden_states"]
        hidden = hidden if self.gives is None else self.gives
        return (hidden, *([None] * (self.values - 1))) if self.values else hidden


@contextlib.contextmanager
def _replaced(
    model: PreTrainedModel, cut: Cut, places: range, gives: torch.Tensor | None
) -> Iterator[None]:
    """Put stand-ins in these places of the list of layers; the last gives what is given."""
    layers: dict[str, Any] = model.get_submodule(cut.list_name)._modules
    own = dict(layers)
    try:
        for place in places:
            value = gives if place == places[-1] else None
            layers[str(place)] = _StandIn(own[str(place)], value, cut.values)
        yield
    finally:
        layers.update(own)


def what_it_gives(model: PreTrainedModel, cut: Cut, inputs: Inputs) -> torch.Tensor:
    """Float [s, l, width]: the output of the last frozen layer; the layers above do not run."""
    seen: list[Any] = []
    layers = model.get_submodule(cut.list_name)
    last = layers.get_submodule(str(cut.layers - 1))
    handle = last.register_forward_hook(lambda _layer, _given, output: seen.append(output))
    above = range(cut.layers, len(list(layers.children())))
    try:
        with _replaced(model, cut, above, None):
            model(**inputs)
    finally:
        handle.remove()
    hidden: torch.Tensor = seen[-1][0] if cut.values else seen[-1]
    return hidden


def kept_part(
    model: PreTrainedModel, cut: Cut, hidden: torch.Tensor, mask: torch.Tensor
) -> torch.Tensor:
    """What is kept of the trunk's output: float [tokens, width], or [s, width] for one vector."""
    if cut.way == "first":
        return hidden[:, 0]
    if cut.way == "pooled":
        return pool(hidden, mask, model.config.pooling)
    return hidden[mask.bool()]


def logits_above(
    model: PreTrainedModel, cut: Cut, kept: torch.Tensor, inputs: Inputs
) -> torch.Tensor:
    """Logits [s, K] from what was kept; the trunk does not run.

    Args:
        model: the whole model.
        cut: where it is cut.
        kept: float [s, l, width], or [s, 1, width] for one vector.
        inputs: the padded inputs, int64 [s, l] each; for one vector their first place is taken.
    """
    if cut.way != "all":
        inputs = {name: values[:, :1] for name, values in inputs.items()}
    with _replaced(model, cut, range(cut.layers), kept):
        logits: torch.Tensor = model(**inputs).logits
    return logits


def proven_cut(model: PreTrainedModel, cut: Cut, inputs: Inputs) -> Cut | None:
    """The cut that keeps least and still gives the same logits, found by trying on real texts.

    Args:
        model: in evaluation mode.
        cut: of this model.
        inputs: padded inputs of a few texts of different lengths.

    Returns:
        None where this architecture does not take stand-ins for its layers.
    """
    with torch.inference_mode():
        try:
            expected, values = _seen_whole(model, cut, inputs)
            cut = replace(cut, values=values)
            hidden = what_it_gives(model, cut, inputs)
        except _REFUSALS:
            return None
        spread = float((expected - expected.mean(0)).abs().max())
        ways: list[Literal["all", "first", "pooled"]] = ["all"]
        if cut.layers == len(list(model.get_submodule(cut.list_name).children())):
            ways = ["pooled" if isinstance(model, PooledClassifier) else "first", "all"]
        for way in ways:
            tried = replace(cut, way=way, width=hidden.shape[-1])
            mask = inputs["attention_mask"]
            kept = hidden if way == "all" else kept_part(model, tried, hidden, mask)[:, None]
            try:
                change = (logits_above(model, tried, kept, inputs) - expected).abs().max()
            except _REFUSALS:
                continue
            if float(change) < TOLERANCE * spread:
                return tried
    return None


def _seen_whole(model: PreTrainedModel, cut: Cut, inputs: Inputs) -> tuple[torch.Tensor, int]:
    """Logits of the whole model, and how many values a layer returns (0: hidden states alone)."""
    seen: list[Any] = []
    first = model.get_submodule(cut.list_name).get_submodule("0")
    handle = first.register_forward_hook(lambda _layer, _given, output: seen.append(output))
    try:
        logits: torch.Tensor = model(**inputs).logits
    finally:
        handle.remove()
    return logits, len(seen[-1]) if isinstance(seen[-1], tuple) else 0
