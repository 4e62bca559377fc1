"""Random streams that depend on a seed and a place only, never on what ran before.

Each optimizer step draws its dropout from the stream of (seed, step). So a run that goes on after a
crash needs no saved generator state, and nothing a caller draws between two events can change it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
import torch


def seed_of(seed: int, *place: int) -> int:
    """A 63-bit seed for one place of a run: well mixed, so neighbouring places are unrelated.

    >>> seed_of(42, 7) == seed_of(42, 7), seed_of(42, 7) == seed_of(42, 8)
    (True, False)
    """
    return int(np.random.SeedSequence([seed, *place]).generate_state(1, np.uint64)[0] >> 1)


@contextlib.contextmanager
def random_stream(seed: int, *place: int, device: torch.device | None = None) -> Iterator[None]:
    """Run a block on the torch random stream of (seed, place); the caller's state comes back after.

    Args:
        seed: the seed of the run.
        place: where in the run, for example the optimizer step.
        device: the accelerator whose generator is used too; the CPU's always is.
    """
    if device is None or device.type == "cpu":
        # torch.manual_seed takes a picture of the call stack, to seed accelerators later
        before = torch.get_rng_state()
        torch.default_generator.manual_seed(seed_of(seed, *place))
        try:
            yield
        finally:
            torch.set_rng_state(before)
        return
    with torch.random.fork_rng([device.index or 0], device_type=device.type):
        torch.manual_seed(seed_of(seed, *place))
        yield
