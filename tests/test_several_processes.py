"""Several processes train one model: as one process would, and none is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from luthier.engines.local import LocalEngine
from luthier.errors import TrainingError
from luthier.records import Evaluated, Event, Saved, Stepped, Stopped, TrainJob
from tiny_models import tiny_job

ENGINE = LocalEngine()
Way = dict[str, int | bool]
TWO: Way = {"num_processes": 2}
SHARED: Way = {**TWO, "fsdp": True}
each_way = pytest.mark.parametrize("way", [TWO, SHARED], ids=["whole models", "shares"])
NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


def job_in(folder: Path, model: dict[str, object] | None = None, **train: object) -> TrainJob:
    settings = {"num_train_epochs": 2, "per_device_train_batch_size": 16, "threads": 1, **train}
    job = tiny_job(folder, train_rows=96, **settings)
    changed = job.settings.model.model_copy(update={**NO_DROPOUT, **(model or {})})
    return replace(job, settings=job.settings.model_copy(update={"model": changed}))


def of_kind(events: list[Event], kind: type) -> list:
    return [event for event in events if isinstance(event, kind)]


def followers_of(pid: int) -> list[int]:
    done = subprocess.run(
        ["pgrep", "-f", "luthier.engines.follower", "-P", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return [int(line) for line in done.stdout.split()]


def assert_learned_alike(one: list[Event], other: list[Event]) -> None:
    for alone, shared in zip(of_kind(one, Stepped), of_kind(other, Stepped), strict=True):
        assert (shared.rows, shared.tokens) == (alone.rows, alone.tokens)
        assert shared.loss == pytest.approx(alone.loss, rel=1e-4)
        assert shared.grad_norm == pytest.approx(alone.grad_norm, rel=1e-3)
    alone, shared = of_kind(one, Evaluated)[-1], of_kind(other, Evaluated)[-1]
    assert shared.validation["loss"] == pytest.approx(alone.validation["loss"], rel=1e-3)


@pytest.mark.slow
def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    one = list(ENGINE.train(job_in(tmp_path / "one")))
    two = list(ENGINE.train(job_in(tmp_path / "two", **TWO)))
    assert_learned_alike(one, two)
    assert followers_of(os.getpid()) == []


@pytest.mark.slow
def test_two_processes_begin_with_a_frozen_lower_half_as_one_does(tmp_path: Path) -> None:
    one = list(ENGINE.train(job_in(tmp_path / "one", freeze_epochs=1)))
    two = list(ENGINE.train(job_in(tmp_path / "two", freeze_epochs=1, **TWO)))
    assert_learned_alike(one, two)


@pytest.mark.slow
def test_what_is_shared_is_resumed_to_the_same_end(tmp_path: Path) -> None:
    whole = list(ENGINE.train(job_in(tmp_path / "whole", save_steps=2, **TWO)))
    asked = iter([*[False] * 4, *[True] * 50])
    job = replace(job_in(tmp_path / "cut", save_steps=2, **TWO), should_stop=lambda: next(asked))
    first = list(ENGINE.train(job))
    assert of_kind(first, Stopped)[0].reason == "interrupted"
    rest = list(ENGINE.train(replace(job, resume=True, should_stop=lambda: False)))
    assert of_kind(rest, Saved)[-1].digest == of_kind(whole, Saved)[-1].digest


@pytest.mark.slow
@each_way
def test_early_stopping_ends_all_of_them(tmp_path: Path, way: Way) -> None:
    early = {"early_stopping_patience": 1, "early_stopping_threshold": 1.0, "num_train_epochs": 9}
    events = list(ENGINE.train(job_in(tmp_path, **early, **way)))
    assert of_kind(events, Stopped)[0].reason == "early_stopping"
    assert followers_of(os.getpid()) == []


@pytest.mark.slow
@each_way
def test_an_abandoned_training_leaves_no_process(tmp_path: Path, way: Way) -> None:
    events = ENGINE.train(job_in(tmp_path, **way))
    while not isinstance(next(events), Stepped):
        pass
    assert len(followers_of(os.getpid())) == 1
    events.close()
    assert followers_of(os.getpid()) == []


@pytest.mark.slow
@each_way
def test_a_process_that_dies_is_one_clear_error(tmp_path: Path, way: Way) -> None:
    events = ENGINE.train(job_in(tmp_path, num_train_epochs=50, **way))
    while not isinstance(next(events), Stepped):
        pass
    os.kill(followers_of(os.getpid())[0], signal.SIGKILL)
    with pytest.raises(TrainingError, match=r"process 2 of 2 ended before training did"):
        list(events)
    assert followers_of(os.getpid()) == []


CODE = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_several_processes import ENGINE, Stepped, job_in
for event in ENGINE.train(job_in(Path({folder!r}), num_train_epochs=500, **{way!r})):
    if isinstance(event, Stepped):
        print(event.step, flush=True)
"""


@pytest.mark.slow
@each_way
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_the_others_end_when_the_first_is_killed_or_stopped(
    tmp_path: Path, way: Way, how: signal.Signals
) -> None:
    code = CODE.format(tests=str(Path(__file__).parent), folder=str(tmp_path), way=way)
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as first:
        assert first.stdout is not None
        first.stdout.readline()
        followers = followers_of(first.pid)
        assert len(followers) == 1
        if how == signal.SIGINT:
            os.killpg(first.pid, how)  # Ctrl-C reaches all of them
        else:
            first.kill()
    until = time.monotonic() + 20
    while Path(f"/proc/{followers[0]}").exists() and time.monotonic() < until:
        time.sleep(0.1)
    assert not Path(f"/proc/{followers[0]}").exists()
