"""Which device and how many threads, determinism, and what is left behind."""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Iterator

import torch

from luthier.errors import Problem, TrainingError


def best_device() -> torch.device:
    """A CUDA device, else Apple's, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def computes_in_bfloat16(device: torch.device) -> bool:
    """Whether a device has instructions for bfloat16; where it has none, it is slower than 32 bits.

    AMX or AVX-512 BF16 on a processor, and NVIDIA's cards from Ampere on.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    names = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(bool(getattr(torch.cpu, name, bool)()) for name in names)


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


@contextlib.contextmanager
def determinism(wanted: bool) -> Iterator[None]:
    """Use only algorithms that give the same result every time; what was set before comes back.

    Raises:
        TrainingError: when the model needs an operation that has no such algorithm here.
    """
    if not wanted:
        yield
        return
    before = torch.are_deterministic_algorithms_enabled()
    benchmark = torch.backends.cudnn.benchmark
    # cuBLAS reads it when it is first used; torch says what to do when that was earlier
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    try:
        yield
    except RuntimeError as error:
        if "deterministic" not in str(error):
            raise
        raise TrainingError(
            Problem(str(error).splitlines()[0], where="train.full_determinism"),
            next_step="--train.full_determinism false",
        ) from error
    finally:
        torch.use_deterministic_algorithms(before)
        torch.backends.cudnn.benchmark = benchmark


def free_memory() -> None:
    """Give back what a finished run held, on the accelerator too."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether torch could not get memory, on an accelerator or on the CPU."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


@contextlib.contextmanager
def memory_explained() -> Iterator[None]:
    """Say what to change when the memory is too small for a single row.

    Raises:
        TrainingError: in place of torch's own error.
    """
    try:
        yield
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise TrainingError(
            Problem("the memory is too small even for one row at a time", where="text.max_length"),
            next_step="a shorter text.max_length, a smaller model, or model.strategy lora",
        ) from error
