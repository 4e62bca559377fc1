"""Seeing what a plain PyTorch loop hands to `torch.nn.functional`'s losses, while it is watched.

The functions are replaced by ones that call the original and tell who listens; the loss modules
(`nn.CrossEntropyLoss`) and transformers' own losses go through them. A function that was imported
by name before (`from torch.nn.functional import cross_entropy`) is not seen.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import Any

import torch

from luthier.records import LossKind

Listener = Callable[[LossKind, str, torch.Tensor, torch.Tensor, Any, float], None]

KINDS: dict[str, LossKind] = {
    "cross_entropy": "cross_entropy",
    "nll_loss": "nll",
    "binary_cross_entropy_with_logits": "binary_with_logits",
    "binary_cross_entropy": "binary",
    "mse_loss": "mse",
}

_listeners: list[weakref.WeakMethod[Listener]] = []
_originals: dict[str, Callable[..., Any]] = {}


def listen(listener: Listener) -> None:
    """Tell `listener` kind, name, inputs, targets, loss and label smoothing of each loss taken.

    Args:
        listener: a method; it is forgotten by itself when its object is gone.
    """
    _listeners.append(weakref.WeakMethod(listener))
    if _originals:
        return
    for name, kind in KINDS.items():
        original = getattr(torch.nn.functional, name)
        _originals[name] = original
        setattr(torch.nn.functional, name, _heard(original, name, kind))


def forget(listener: Listener) -> None:
    """Stop telling; the original functions come back when nobody listens any more."""
    _listeners[:] = [held for held in _listeners if held() not in (None, listener)]
    if not _listeners:
        for name, original in _originals.items():
            setattr(torch.nn.functional, name, original)
        _originals.clear()


def _heard(original: Callable[..., Any], name: str, kind: LossKind) -> Callable[..., Any]:
    @functools.wraps(original)
    def loss(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        given = dict(zip(("input", "target"), args, strict=False)) | kwargs
        inputs, targets = given.get("input"), given.get("target")
        if not (isinstance(inputs, torch.Tensor) and isinstance(targets, torch.Tensor)):
            return result
        listening = tuple(_listeners) if inputs.requires_grad else ()  # not while evaluating
        smoothing = float(kwargs.get("label_smoothing", 0))
        for held in listening:
            if listener := held():
                listener(kind, name, inputs, targets, result, smoothing)
        return result

    return loss
