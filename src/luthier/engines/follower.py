"""A process that computes its share of each step of a training that another process leads.

`python -m luthier.engines.follower`, with what `several` writes to its standard input. It ends when
it is told that training has, and when the connection to the first process breaks.
"""

from __future__ import annotations

import pickle
import signal
import sys

import torch
import torch.distributed as dist

from luthier.engines import checkpoint as disk
from luthier.engines.device import cpu_threads, determinism
from luthier.engines.group import Group
from luthier.engines.prepare import prepare
from luthier.engines.several import NO_STEP, join, opened_store, ready_key
from luthier.records import TrainJob


def main() -> None:
    """Follow."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the first one decides
    # written by the process that started this one, of its own objects
    job, rank, size, port, threads, kind = pickle.load(sys.stdin.buffer)  # noqa: S301
    device = torch.device(kind, rank) if kind == "cuda" else torch.device(kind)
    store = opened_store(port, first=False)
    store.set(ready_key(rank), "")
    join(store, rank, size, device)
    with determinism(job.settings.train.full_determinism), cpu_threads(threads):
        _follow(job, device, Group(rank, size, device))
    dist.destroy_process_group()


def _follow(job: TrainJob, device: torch.device, group: Group) -> None:
    resumed = job.resume and disk.has(job.checkpoints, "last")
    state = disk.read_state(job.checkpoints) if resumed else None
    stepper = prepare(job, device, state, group).stepper
    while (step := group.hear(NO_STEP)) != NO_STEP:
        stepper(step)


if __name__ == "__main__":
    main()
