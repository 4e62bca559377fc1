"""Nothing is lost: a run that was killed goes on to the same weights and the same figures."""

import multiprocessing
import random
import time
from dataclasses import replace
from pathlib import Path

import pytest

from luthier.engines.checkpoint import read_checkpoint
from luthier.engines.local import LocalEngine
from luthier.errors import RunFolderError
from luthier.records import Evaluated, Event, Saved, Started, Stepped, Stopped, TrainJob
from luthier.run_folder import RunFolder
from luthier.stages.train import train
from tiny_models import tiny_job

SETTINGS = {
    "num_train_epochs": 4,
    "save_steps": 4,
    "metric_for_best_model": "loss",  # it improves from epoch to epoch, so `best/` is replaced
}


class _PowerCut(BaseException):
    """Stands for the end of the process: nothing may catch it."""


def job_in(folder: Path, resume: bool = False, **settings) -> TrainJob:
    return replace(tiny_job(folder, **{**SETTINGS, **settings}), resume=resume)


def go_on(folder: Path, **settings) -> list[Event]:
    return list(train(job_in(folder, True, **settings), LocalEngine(), RunFolder(folder)))


def figures(folder: Path) -> list[Event]:
    """The history without what may differ: when it was started, and how long things took."""
    timed = Stepped | Evaluated
    return [
        replace(event, seconds=0.0) if isinstance(event, timed) else event
        for event in RunFolder(folder).history
        if not isinstance(event, Started)
    ]


def digest_of_best(folder: Path) -> str:
    model, checkpoint = LocalEngine().best_model(job_in(folder))
    assert model.training is False
    return checkpoint.digest


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    list(train(job_in(folder), LocalEngine(), RunFolder(folder)))
    return folder


def assert_same_as(undisturbed: Path, folder: Path) -> None:
    assert digest_of_best(folder) == digest_of_best(undisturbed)
    assert figures(folder) == figures(undisturbed)
    assert {p.name for p in (folder / "checkpoints").iterdir()} == {"best", "last"}


def _train_and_say(folder: Path, said) -> None:
    for _ in train(job_in(folder, True), LocalEngine(), RunFolder(folder)):
        said.send_bytes(b".")


def _kill_while_training(folder: Path, after_events: int, after_seconds: float) -> bool:
    """Start or go on in another process and kill -9 it; False where it had ended before."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["luthier.engines.local"])
    listens, said = context.Pipe(duplex=False)
    process = context.Process(target=_train_and_say, args=(folder, said))
    process.start()
    said.close()
    try:
        for _ in range(after_events):
            listens.recv_bytes()
        time.sleep(after_seconds)
        process.kill()
    except EOFError:
        return False
    finally:
        process.join()
        listens.close()
    return process.exitcode == -9


@pytest.mark.parametrize("times", [2, pytest.param(10, marks=pytest.mark.slow)])
def test_a_run_that_was_killed_ends_like_an_undisturbed_one(tmp_path, undisturbed, times):
    chance = random.Random(times)
    for _ in range(times):
        assert _kill_while_training(tmp_path, chance.randint(1, 7), chance.uniform(0, 0.02))
    events = go_on(tmp_path)
    assert isinstance(events[0], Started)
    assert events[0].resumed_from_step is not None
    assert_same_as(undisturbed, tmp_path)


@pytest.mark.parametrize("renames", range(9))
def test_a_crash_at_any_rename_of_a_checkpoint_loses_nothing(
    tmp_path, undisturbed, monkeypatch, renames
):
    rename, done = Path.rename, []

    def cut_off(path: Path, target: Path) -> Path:
        if len(done) == renames:
            raise _PowerCut
        done.append(target)
        return rename(path, target)

    job = job_in(tmp_path)
    monkeypatch.setattr(Path, "rename", cut_off)
    with pytest.raises(_PowerCut):
        list(train(job, LocalEngine(), RunFolder(tmp_path)))
    monkeypatch.undo()
    go_on(tmp_path)
    assert_same_as(undisturbed, tmp_path)


@pytest.mark.parametrize("steps", [0, 3, 6, 9])
def test_an_interrupted_run_goes_on_to_the_same_end(tmp_path, undisturbed, steps):
    seen: list[Event] = []
    job = replace(
        job_in(tmp_path), should_stop=lambda: sum(isinstance(e, Stepped) for e in seen) >= steps
    )
    for event in train(job, LocalEngine(), RunFolder(tmp_path)):
        seen += [event]
    assert isinstance(seen[-1], Stopped)
    assert (seen[-1].reason, seen[-1].step) == ("interrupted", steps)
    events = go_on(tmp_path)
    assert isinstance(events[0], Started)
    assert events[0].resumed_from_step == steps
    assert digest_of_best(tmp_path) == digest_of_best(undisturbed)
    saved_there = Saved | Stopped  # it was saved where it was interrupted, and that is kept
    assert [e for e in figures(tmp_path) if not isinstance(e, saved_there)] == [
        e for e in figures(undisturbed) if not isinstance(e, saved_there)
    ]
    assert events[-1] == RunFolder(undisturbed).history[-1]


def test_a_run_that_has_ended_only_says_so_again(tmp_path):
    list(train(job_in(tmp_path), LocalEngine(), RunFolder(tmp_path)))
    history = RunFolder(tmp_path).history
    assert go_on(tmp_path) == [history[-1]]
    assert RunFolder(tmp_path).history == history


def test_without_a_last_checkpoint_it_starts_from_the_beginning(tmp_path, undisturbed):
    events = go_on(tmp_path)
    assert isinstance(events[0], Started)
    assert events[0].resumed_from_step is None
    assert_same_as(undisturbed, tmp_path)


def test_a_new_run_forgets_the_checkpoints_of_an_old_one(tmp_path, undisturbed):
    list(train(job_in(tmp_path, seed=7), LocalEngine(), RunFolder(tmp_path)))
    list(train(job_in(tmp_path), LocalEngine(), RunFolder(tmp_path)))
    assert_same_as(undisturbed, tmp_path)


def test_a_half_written_last_line_of_the_history_does_no_harm(tmp_path, undisturbed):
    events = train(job_in(tmp_path), LocalEngine(), RunFolder(tmp_path))
    while not isinstance(next(events), Saved):
        pass
    events.close()
    with RunFolder(tmp_path).history_path.open("a", encoding="utf-8") as stream:
        stream.write('{"event": "stepp')
    go_on(tmp_path)
    assert_same_as(undisturbed, tmp_path)


def _interrupt(folder: Path) -> None:
    job = replace(job_in(folder), should_stop=lambda: True)
    list(train(job, LocalEngine(), RunFolder(folder)))


def test_other_settings_or_rows_are_named_before_anything_is_done(tmp_path):
    _interrupt(tmp_path)
    with pytest.raises(RunFolderError) as raised:
        go_on(tmp_path, learning_rate=1e-3, train_rows=80)
    places = [problem.where.rsplit(": ")[-1] for problem in raised.value.problems]
    assert places == ["train rows", "train.learning_rate", "validation rows"]
    assert "was 0.003 when this run began and is 0.001 now" in str(raised.value)


def test_settings_that_change_no_figure_may_change(tmp_path):
    _interrupt(tmp_path)
    assert go_on(tmp_path, save_steps=0, time_budget="1h")[-1].reason == "finished"


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.safetensors", "state.json"])
def test_a_damaged_checkpoint_is_one_clear_error(tmp_path, name):
    _interrupt(tmp_path)
    if name == "optimizer.safetensors":  # it is empty before the first step
        job = replace(job_in(tmp_path, resume=True), should_stop=iter([False, True]).__next__)
        list(train(job, LocalEngine(), RunFolder(tmp_path)))
    path = tmp_path / "checkpoints/last" / name
    content = bytearray(path.read_bytes())
    content[-3] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(RunFolderError, match=rf"last/{name}: this part of a checkpoint"):
        go_on(tmp_path)


def test_a_checkpoint_says_which_weights_it_holds(undisturbed):
    best = read_checkpoint(undisturbed / "checkpoints", "best")
    stopped = RunFolder(undisturbed).history[-1]
    assert isinstance(stopped, Stopped)
    assert (best.step, best.metric) == (stopped.best_step, stopped.best_metric)
