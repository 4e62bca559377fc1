"""Start the other processes of a training, and end them with it, whatever happens."""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import IO, Any

import torch
import torch.distributed as dist

from luthier.engines.group import ALONE, PATIENCE, Alone, Group
from luthier.errors import Problem, SettingsError, TrainingError
from luthier.records import TrainJob
from luthier.records.training import nothing_watched

NO_STEP = 0
"""Said in place of the number of the next step: training has ended."""
HOST = "127.0.0.1"
SECONDS_TO_END = 30.0
_CHECK_SECONDS = 0.05


def threads_of_each(job: TrainJob, device: torch.device) -> int:
    """CPU threads of each process: on the CPU they share those that one process would take.

    0 where one process takes torch's own choice.
    """
    settings = job.settings.train
    if settings.num_processes == 1 or device.type != "cpu":
        return settings.threads
    return max(1, (settings.threads or torch.get_num_threads()) // settings.num_processes)


@contextlib.contextmanager
def several(job: TrainJob, device: torch.device, threads: int) -> Iterator[Alone]:
    """The group of all processes that train this job; this one leads it.

    Args:
        job: what is trained.
        device: of this process.
        threads: CPU threads of each process.

    Raises:
        SettingsError: when so many processes cannot train here.
        TrainingError: when one of them ends before training does.
    """
    size = job.settings.train.num_processes
    if size == 1:
        yield ALONE
        return
    _check_possible(size, device)
    store = opened_store(0, first=True)
    with contextlib.ExitStack() as stack:
        said = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(1, size)]
        followers = [_start(stream) for stream in said]
        stack.callback(_end, followers)
        bare = replace(job, should_stop=_never, watch=nothing_watched)
        for rank, follower in enumerate(followers, 1):
            _hand_over(follower, (bare, rank, size, store.port, threads, device.type))
        try:
            _wait_for_all(store, followers)
            join(store, 0, size, device)
            stack.callback(dist.destroy_process_group)
            yield group_of(job, 0, size, device)
        except (RuntimeError, _EndedError) as error:
            explained = _explained(followers, said)
            if explained is None:
                raise
            raise explained from error
        for follower in followers:
            with contextlib.suppress(subprocess.TimeoutExpired):
                follower.wait(SECONDS_TO_END)


def opened_store(port: int, *, first: bool) -> Any:
    """Where the processes find each other; the first one opens it, at a free port."""
    kind: Any = vars(dist)["TCPStore"]  # torch does not name it among its exports
    return kind(HOST, port, is_master=first, wait_for_workers=False, timeout=PATIENCE)


def join(store: Any, rank: int, size: int, device: torch.device) -> None:
    """Enter torch's process group; waits for all others."""
    backend = "nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=PATIENCE)


def group_of(job: TrainJob, rank: int, size: int, device: torch.device) -> Alone:
    """The place of a process among those that train this job; torch's process group is there.

    Raises:
        SettingsError: when this torch cannot share a model out.
    """
    if not job.settings.train.fsdp:
        return Group(rank, size, device)
    from luthier.engines.sharded import Sharded  # what it imports takes long

    return Sharded(rank, size, device)


def ready_key(rank: int) -> str:
    """Under which a process says that it can join."""
    return f"luthier/{rank}"


class _EndedError(Exception):
    """One of the other processes has ended."""


def _never() -> bool:
    return False


def _check_possible(size: int, device: torch.device) -> None:
    what = ""
    if not dist.is_available() or device.type not in ("cpu", "cuda"):
        what = f"is {size}, but several processes cannot train on this machine's {device.type}"
    elif device.type == "cuda" and torch.cuda.device_count() < size:
        what = f"is {size}, but there are {torch.cuda.device_count()} GPUs"
    if what:
        most = torch.cuda.device_count() if device.type == "cuda" else 1
        raise SettingsError(
            Problem(what, where="train.num_processes"),
            next_step=f"--train.num_processes {most}",
        )


def _start(stderr: IO[bytes]) -> subprocess.Popen[bytes]:
    paths = os.pathsep.join(path for path in sys.path if path)
    return subprocess.Popen(
        [sys.executable, "-m", "luthier.engines.follower"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        env={**os.environ, "PYTHONPATH": paths},
    )


def _hand_over(follower: subprocess.Popen[bytes], what: object) -> None:
    assert follower.stdin is not None  # noqa: S101 - for the type checker
    with contextlib.suppress(OSError), follower.stdin as stream:  # it may have ended already
        pickle.dump(what, stream)


def _wait_for_all(store: Any, followers: list[subprocess.Popen[bytes]]) -> None:
    keys = [ready_key(rank) for rank in range(1, len(followers) + 1)]
    while not store.check(keys):
        if any(follower.poll() is not None for follower in followers):
            raise _EndedError
        time.sleep(_CHECK_SECONDS)


def _explained(
    followers: list[subprocess.Popen[bytes]], said: Sequence[IO[bytes]]
) -> TrainingError | None:
    """What the first process that ended said last; None where all still run."""
    until = time.monotonic() + 1.0  # the broken connection may be seen before the end
    while all(follower.poll() is None for follower in followers) and time.monotonic() < until:
        time.sleep(_CHECK_SECONDS)
    for rank, (follower, stream) in enumerate(zip(followers, said, strict=True), 1):
        if follower.poll() is None:
            continue
        stream.seek(0)
        lines = stream.read().decode(errors="replace").strip().splitlines()
        last = lines[-1] if lines else f"exit status {follower.returncode}"
        return TrainingError(
            Problem(
                f"process {rank + 1} of {len(followers) + 1} ended before training did: {last}",
                where="train.num_processes",
            ),
            next_step="go on with luthier workup --resume, or train with one process: "
            "--train.num_processes 1",
        )
    return None


def _end(followers: list[subprocess.Popen[bytes]]) -> None:
    for follower in followers:
        if follower.poll() is None:
            follower.kill()
        follower.wait()
