"""The digest that names a set of weights, and of the arrays that went into them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import torch


def digest_of_tensors(state: Mapping[str, torch.Tensor]) -> str:
    """Hex sha256 over the tensors in the order of their names: name, dtype, shape and bytes.

    The device and the memory layout of a tensor do not matter; every bit of its value does.

    Args:
        state: name -> tensor, for example `model.state_dict()`.
    """
    import torch

    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def digest_of_arrays(arrays: Iterable[npt.NDArray[Any]]) -> str:
    """Hex sha256 over arrays in the order given: dtype, shape and bytes."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data.cast("B"))
    return digest.hexdigest()
