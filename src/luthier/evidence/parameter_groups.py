"""Parameters by group, told from their names: embeddings, layers, adapters, head, the rest."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from luthier.records import Role

_WRAPPERS = re.compile(r"^(?:(?:module|_orig_mod|base_model\.model)\.)+")
_LAYER = re.compile(r"(?:^|[._])(?:layers?|h|blocks?)\.(\d+)\.")
_ADAPTER = re.compile(r"(?:^|[._])(?:lora|adapters?|ia3|prompt)(?:[._]|$)")
_EMBEDDING = re.compile(r"embed|(?:^|\.)w[tp]e\.")
_HEAD = re.compile(r"^(?:classifier|classification_head|score|head|lm_head|logits)(?:\.|$)")

_LAYER_NAME = re.compile(r"layer -?\d+")
NAMES = ("embeddings", "layer", "pooler", "head", "adapter", "adapters", "other")
"""Names of groups and roles that do not depend on the model."""


@dataclass(frozen=True, slots=True)
class Group:
    """Tensors that belong together, by their names in the model."""

    name: str
    role: Role
    tensors: dict[str, torch.nn.Parameter]


def plain_name(name: str) -> str:
    """The name without what wrappers (DDP, torch.compile, PEFT) put before and into it."""
    name = _WRAPPERS.sub("", name)
    return name.replace(".base_layer.", ".").replace(".modules_to_save.default.", ".")


def groups_of(model: torch.nn.Module) -> tuple[Group, ...]:
    """Every parameter of the model once, in the order in which the groups first occur."""
    found: dict[str, Group] = {}
    is_head = _head_rule(model)
    for name, parameter in model.named_parameters():
        group, role = _place(plain_name(name), in_head=is_head(plain_name(name)))
        found.setdefault(group, Group(group, role, {})).tensors[name] = parameter
    return tuple(found.values())


def names_meant(groups: Sequence[Group], meant: Sequence[str]) -> set[str]:
    """Names of the tensors in groups that are named in `meant`, by name or role; `all` is all.

    `layer -1` is the last layer. A pooler goes with the head.
    """
    layers = [group.name for group in groups if group.role == "layer"]
    wanted = set(meant)
    wanted |= {name for i, name in enumerate(layers) if f"layer {i - len(layers)}" in wanted}
    wanted |= {"pooler"} if "head" in wanted else set()
    chosen = [g for g in groups if wanted & {"all", g.name, g.role}]
    return {name for group in chosen for name in group.tensors}


def is_group_name(name: object) -> bool:
    """Whether some model has a group or role of this name; `layer 3` and `layer -1` are names."""
    return isinstance(name, str) and (
        name in ("all", *NAMES) or _LAYER_NAME.fullmatch(name) is not None
    )


def _place(name: str, *, in_head: bool) -> tuple[str, Role]:
    if _ADAPTER.search(name):
        return "adapters", "adapter"
    if in_head:
        return "head", "head"
    layer = _LAYER.search(name)
    if layer:
        return f"layer {layer.group(1)}", "layer"
    if _EMBEDDING.search(name):
        return "embeddings", "embeddings"
    return ("pooler", "other") if "pooler" in name else ("other", "other")


def _head_rule(model: torch.nn.Module) -> Callable[[str], bool]:
    """Which plain names belong to the head.

    In a Hugging Face model: all outside the encoder (`base_model_prefix`). Elsewhere: what is named
    like a head, or else the last module that has parameters.
    """
    names = [plain_name(name) for name, _ in model.named_parameters()]
    prefix = getattr(model, "base_model_prefix", "")
    encoder = f"{prefix}."
    if isinstance(prefix, str) and prefix and any(name.startswith(encoder) for name in names):
        return lambda name: not name.startswith(encoder)
    last = names[-1].rpartition(".")[0] if names else ""
    head = {name for name in names if _HEAD.match(name)}
    head = head or {name for name in names if name.rpartition(".")[0] == last}
    return head.__contains__
