"""A process that computes its share of each step of a training that another process leads.

`python -m luthier.engines.follower`, with what `several` writes to its standard input. It ends when
it is told that training has, and when the connection to the first process breaks.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys

import torch
import torch.distributed as dist

from luthier.engines import checkpoint as disk
from luthier.engines.device import cpu_threads, determinism
from luthier.engines.group import Alone
from luthier.engines.prepare import prepare
from luthier.engines.several import NO_STEP, group_of, join, opened_store, ready_key
from luthier.errors import LuthierError
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
        try:
            _follow(job, device, group_of(job, rank, size, device))
        except LuthierError as error:  # the first process tells the last line that stands here
            sys.stderr.write(str(error).splitlines()[0])
            sys.stderr.flush()
            os._exit(1)
    dist.destroy_process_group()


def _follow(job: TrainJob, device: torch.device, group: Alone) -> None:
    resumed = job.resume and disk.has(job.checkpoints, "last")
    state = disk.read_state(job.checkpoints) if resumed else None
    ready = prepare(job, device, state, group)
    while (said := group.hear(NO_STEP)) != NO_STEP:
        if said > NO_STEP:
            ready.stepper(said)
        else:
            ready.held.answer(said, ready.optimizer)


if __name__ == "__main__":
    main()
