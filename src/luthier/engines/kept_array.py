"""Arrays that took long to compute, kept on disk for the next run that needs the same."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from luthier.kit.user_cache import cache_folder, why_no_room
from luthier.run_folder import atomic_path

Kind = type[np.floating[Any]]
Array = np.ndarray[Any, Any]


class NotKeptError(Exception):
    """Says why the computing was given up."""


@dataclass(frozen=True, slots=True)
class KeptArray:
    """What is kept.

    Args:
        path: of the file.
        values: memory-mapped; None where nothing can be kept.
        before: whether an earlier run computed it.
        why: in words, where nothing is kept.
        full: whether it is for want of room.
    """

    path: Path
    values: Array | None
    before: bool = False
    why: str = ""
    full: bool = False


def kept_array(
    key: str,
    shape: tuple[int, int],
    kinds: Sequence[Kind],
    limit: int,
    fill: Callable[[Array, Kind], None],
) -> KeptArray:
    """Find the array of this key, or compute it.

    Args:
        key: says all that decides the values.
        shape: of the array.
        kinds: of its numbers, tried in this order.
        limit: bytes that all such files may take together.
        fill: writes the values; raises OverflowError where one does not fit the kind of number,
            and `NotKeptError` to give up.

    Raises:
        OSError: when the file cannot be written.
    """
    folder = cache_folder("trunks")
    path = folder / f"{key}.npy"
    values = _found(path, shape)
    if values is not None:
        os.utime(path)
        return KeptArray(path, values, before=True)
    for kind in kinds:
        if full := why_no_room(folder, np.dtype(kind).itemsize * shape[0] * shape[1], limit):
            return KeptArray(path, None, why=full, full=True)
        try:
            _write(path, kind, shape, fill)
        except OverflowError:  # a value does not fit the kind of number
            continue
        except NotKeptError as given_up:
            return KeptArray(path, None, why=str(given_up))
        return KeptArray(path, _found(path, shape))
    return KeptArray(path, None, why="not all of them are finite")


def as_kind(values: Array, kind: Kind) -> Array:
    """The values as numbers of this kind.

    Raises:
        OverflowError: when one of them is too large, or not finite.
    """
    with np.errstate(over="ignore"):
        array = values.astype(kind)
    if not np.isfinite(array).all():
        raise OverflowError
    return array


def _found(path: Path, shape: tuple[int, int]) -> Array | None:
    if not path.exists():
        return None
    try:
        values: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError):  # cut off by a crash of the machine: made again
        return None
    return values if values.shape == shape else None


def _write(
    path: Path, kind: Kind, shape: tuple[int, int], fill: Callable[[Array, Kind], None]
) -> None:
    with atomic_path(path) as temporary:
        values = np.lib.format.open_memmap(temporary, "w+", dtype=kind, shape=shape)
        if hasattr(os, "posix_fallocate"):  # room is reserved: a full disk is an error, no crash
            with temporary.open("r+b") as stream:
                os.posix_fallocate(stream.fileno(), 0, temporary.stat().st_size)
        fill(values, kind)
        values.flush()
