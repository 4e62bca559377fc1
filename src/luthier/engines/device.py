"""Which device and how many threads, and moving rows onto the device."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from transformers import PreTrainedModel

from luthier.errors import Problem, TrainingError
from luthier.kit.batching import pad
from luthier.records import Encoded, IntArray


def best_device() -> torch.device:
    """A CUDA device, else Apple's, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


@contextlib.contextmanager
def cpu_threads(count: int) -> Iterator[int]:
    """Use so many CPU threads inside the block; 0 keeps torch's own choice, which is all cores.

    Yields:
        The number of threads in use.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield count or before
    finally:
        torch.set_num_threads(before)


def inputs_of(
    model: PreTrainedModel, encoded: Encoded, positions: IntArray, device: torch.device
) -> dict[str, torch.Tensor]:
    """Padded inputs of these rows on the device, int64 [b, longest row] each."""
    padding = {"input_ids": int(getattr(model.config, "pad_token_id", None) or 0)}
    arrays = pad(encoded, positions, padding)
    return {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}


@contextlib.contextmanager
def memory_explained() -> Iterator[None]:
    """Say what to change when the accelerator's memory runs out.

    Raises:
        TrainingError: in place of torch's own error.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise TrainingError(
            Problem("the accelerator has too little memory", where="train.max_tokens_per_batch"),
            next_step="halve train.max_tokens_per_batch, and go on with --resume",
        ) from error
