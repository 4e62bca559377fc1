"""A time budget: how many steps are planned, and what is trained when time is short."""

from dataclasses import replace

import pytest
import torch

from luthier.engines.costs import StepCosts
from luthier.engines.local import LocalEngine
from luthier.journeys.measured_speed import choose_speed
from luthier.journeys.planning import fit_to_machine
from luthier.kit.user_cache import cache_folder
from luthier.recipes import RunCosts, lighter_strategy, steps_within
from luthier.records import Evaluated, Stopped
from luthier.settings_file import resolve
from tiny_models import tiny_job


def test_as_many_steps_are_planned_as_fit_with_all_that_belongs_to_them():
    costs = RunCosts(start=10, step=0.5, judging=5, steps_per_epoch=100)
    steps = steps_within(300, costs)
    epochs = steps / 100
    taken = 10 + 0.5 * steps + 5 * (int(epochs) + 1)
    assert 0.9 * 300 < taken < 300


def test_judging_every_few_epochs_leaves_room_for_more_steps():
    often, seldom = (
        steps_within(60, RunCosts(0, 0.1, 5, steps_per_epoch=1, epochs_between=k)) for k in (1, 10)
    )
    assert seldom > 5 * often


def test_a_budget_too_small_for_anything_is_an_epoch_or_a_hundred_steps():
    """The clock ends training at the budget; a guess that it is used up before must not."""
    assert steps_within(1, RunCosts(start=10, step=1, judging=1, steps_per_epoch=10)) == 10
    assert steps_within(60, RunCosts(start=58, step=0.02, judging=1, steps_per_epoch=263)) == 100


@pytest.mark.parametrize(
    ("strategy", "epochs", "lighter"),
    [
        ("full", 3.0, None),
        ("full", 2.9, ("partial", 3)),
        ("partial", 5.0, None),
        ("partial", 1.0, ("frozen", 0)),
        ("frozen", 0.1, None),
    ],
)
def test_fewer_layers_are_trained_when_the_rows_would_be_seen_less_than_three_times(
    strategy, epochs, lighter
):
    assert lighter_strategy(strategy, epochs, layers=6) == lighter


def test_training_ends_inside_an_epoch_where_the_most_steps_say_so(tmp_path):
    events = list(LocalEngine().train(tiny_job(tmp_path, max_steps=8)))  # six steps an epoch
    stopped = events[-1]
    assert isinstance(stopped, Stopped)
    assert (stopped.reason, stopped.step) == ("finished", 8)
    assert [e.step for e in events if isinstance(e, Evaluated)] == [6, 8]


class Machine:
    """An engine whose steps take what they are said to take."""

    on_cpu = True
    threads = 8

    def __init__(self, *, has_bfloat16: bool, **step_seconds: float) -> None:
        self.has_bfloat16 = has_bfloat16
        self.step_seconds = step_seconds
        self.asked: list[str] = []

    def measure_costs(self, job):
        train = job.settings.train
        way = "bf16" if train.bf16 else f"threads_{train.threads}"
        self.asked.append(way)
        return StepCosts(0.0, 0.0, self.step_seconds[way], 0.0, 0.0)


def test_half_of_the_threads_are_taken_where_they_are_faster_and_the_machine_is_asked_once(
    tmp_path,
):
    job, chosen = tiny_job(tmp_path), resolve(flags={})
    machine = Machine(has_bfloat16=False, threads_8=1.0, threads_4=0.5)
    for _ in range(2):
        settled = choose_speed(chosen, machine, job)
        assert settled.settings.train.threads == 4
        assert settled.origins["train.threads"].kind == "measured"
    assert machine.asked == ["threads_8", "threads_4"]


def test_bfloat16_is_only_tried_where_the_device_has_it_and_only_taken_where_it_pays(tmp_path):
    job, flags = tiny_job(tmp_path), resolve(flags={"train.threads": "1"})
    slow = {"threads_1": 1.0, "bf16": 0.95}
    assert choose_speed(flags, Machine(has_bfloat16=False), job) == flags
    assert not choose_speed(flags, Machine(has_bfloat16=True, **slow), job).settings.train.bf16
    cache = cache_folder("speed")
    for file in cache.iterdir():
        file.unlink()
    fast = {"threads_1": 1.0, "bf16": 0.4}
    assert choose_speed(flags, Machine(has_bfloat16=True, **fast), job).settings.train.bf16


@pytest.mark.parametrize(
    ("budget", "strategy", "steps"), [("0.01s", "frozen", 3), ("10h", "full", 0)]
)
def test_a_run_is_fitted_to_its_budget_on_this_machine(tmp_path, budget, strategy, steps):
    resolved = resolve(flags={"train.threads": "1", "train.time_budget": budget})
    job = replace(tiny_job(tmp_path), settings=resolved.settings)
    settled = fit_to_machine(resolved, LocalEngine(), job)
    assert settled.settings.model.strategy == strategy
    assert settled.settings.train.max_steps == steps
    assert settled.settings.train.num_train_epochs == (1 if steps else 15)
    if steps:
        why = settled.origins["model.strategy"].detail
        assert why.startswith("recipe auto: too slow here otherwise (full: ")
        assert "partial: " in why
        assert not job.checkpoints.exists()


class SlowReader(Machine):
    """An engine that takes a second to read a token by the frozen layers where that is kept."""

    device = torch.device("cpu")

    def measure_costs(self, job):
        kept = job.settings.train.trunk_cache_gb > 0
        return StepCosts(0.1, 1.0 if kept else 0.0, 0.05 if kept else 0.2, 0.0, 0.0)


def test_outputs_are_not_kept_where_reading_them_would_take_the_whole_budget(tmp_path):
    flags = {"train.threads": "1", "train.time_budget": "60s", "model.strategy": "frozen"}
    resolved = resolve(flags=flags)
    job = replace(tiny_job(tmp_path), settings=resolved.settings)
    settled = fit_to_machine(resolved, SlowReader(has_bfloat16=False), job)
    assert settled.settings.train.trunk_cache_gb == 0
    assert settled.origins["train.trunk_cache_gb"].detail.startswith("to read all rows once by")
    by_hand = resolve(flags={**flags, "train.trunk_cache_gb": "5"})
    kept = fit_to_machine(by_hand, SlowReader(has_bfloat16=False), job)
    assert kept.settings.train.trunk_cache_gb == 5
