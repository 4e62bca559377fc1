"""Epochs at the start in which only the upper half of the layers and the head learn."""

from dataclasses import replace

import pytest
import torch

from luthier.engines.checkpoint import read_checkpoint
from luthier.engines.local import LocalEngine
from luthier.kit.learning_rate import learning_rate_at
from luthier.kit.step_plan import StepPlan
from luthier.models.lower_half import hold_lower_half, let_go
from luthier.records import Evaluated, Stepped, Stopped, TrainJob, Warned
from luthier.settings import Settings
from tiny_architectures import ARCHITECTURES, make_architecture
from tiny_models import make_tiny_model, tiny_job, tiny_rows

ENGINE = LocalEngine()
LOWER = ("embeddings", "layer.0.", "layer.1.")
"""Of the names in the lower half of a model of four layers."""


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory):
    texts = tiny_rows(144).columns["text"]
    return make_tiny_model(tmp_path_factory.mktemp("tiny") / "model", texts, layers=4)


@pytest.fixture
def job_in(tmp_path, tiny_model):
    """A job in a folder of its own: four epochs of six steps, the first two frozen."""

    def make(name: str = "job", **changed) -> TrainJob:
        folder = tmp_path / name
        if not folder.exists():
            folder.mkdir()
            (folder / "model").symlink_to(tiny_model)
        settings = {"num_train_epochs": 4, "freeze_epochs": 2, "early_stopping_patience": 0}
        return tiny_job(folder, **{**settings, **changed})

    return make


def of_kind(events, kind):
    return [event for event in events if isinstance(event, kind)]


def is_lower(name: str) -> bool:
    return any(part in name for part in LOWER)


def weights(job: TrainJob) -> dict[str, torch.Tensor]:
    torch.manual_seed(job.settings.train.seed)
    model = job.task.load_model(job.model_source, job.label_names, job.settings)
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def trained(job: TrainJob) -> dict[str, torch.Tensor]:
    """The weights of `last/`."""
    from luthier.engines.checkpoint import load_weights

    model = job.task.load_model(job.model_source, job.label_names, job.settings)
    load_weights(job.checkpoints, "last", model)
    return dict(model.named_parameters())


def changed(before, after, *, lower: bool) -> set[bool]:
    names = [n for n in before if is_lower(n) == lower and "classifier" not in n]
    return {not torch.equal(before[n], after[n]) for n in names}


def until_step(job: TrainJob, step: int) -> TrainJob:
    seen: list[int] = []

    def told() -> bool:
        seen.append(1)
        return len(seen) > step

    return replace(job, should_stop=told)


@pytest.mark.parametrize("room", [10.0, 0.0], ids=["kept outputs", "nothing kept"])
def test_the_lower_half_stays_to_the_last_bit_and_then_learns_too(job_in, room):
    job = job_in(trunk_cache_gb=room)
    before = weights(job)
    list(ENGINE.train(until_step(job, 12)))
    half_way = trained(job)
    assert changed(before, half_way, lower=True) == {False}
    assert changed(before, half_way, lower=False) == {True}
    list(ENGINE.train(replace(job, resume=True)))
    after = trained(job)
    assert changed(half_way, after, lower=True) == {True}
    assert changed(half_way, after, lower=False) == {True}


def test_it_is_said_and_what_the_lower_half_gives_is_read_once(job_in):
    told = [event.message for event in of_kind(ENGINE.train(job_in()), Warned)]
    assert told[0] == (
        "epochs in which only the upper half of the layers and the head learn: 2, the first ones"
    )
    assert "the outputs of 2 frozen layers were computed once and are kept" in told[1]


def test_kept_outputs_change_no_figure(job_in):
    kept, plain = (
        of_kind(ENGINE.train(job_in(name, trunk_cache_gb=room)), Stepped)
        for name, room in (("kept", 10.0), ("plain", 0.0))
    )
    assert [one.loss for one in kept] == pytest.approx([one.loss for one in plain], abs=5e-3)


@pytest.mark.parametrize("step", [5, 12, 13, 20])
def test_a_run_that_was_interrupted_goes_on_as_if_it_had_not_been(job_in, step):
    whole = list(ENGINE.train(job_in("whole")))
    first = of_kind(ENGINE.train(until_step(job_in("part"), step)), Stepped)
    rest = list(ENGINE.train(replace(job_in("part"), resume=True)))
    assert rest[0].resumed_from_step == step
    told = [(e.step, e.loss) for e in (*first, *of_kind(rest, Stepped))]
    assert told == [(e.step, e.loss) for e in of_kind(whole, Stepped)]
    ends = [read_checkpoint(job_in(name).checkpoints, "last").digest for name in ("whole", "part")]
    assert ends[0] == ends[1]


def test_the_frozen_epochs_have_a_course_of_their_own_with_twice_the_peak(job_in):
    rates = [event.learning_rate for event in of_kind(ENGINE.train(job_in()), Stepped)]
    plain = Settings.model_validate({"train": {"learning_rate": 3e-3}}).train
    course = [learning_rate_at(step, 12, plain) for step in range(1, 13)]
    assert rates == pytest.approx([2 * rate for rate in course] + course)


def test_frozen_epochs_and_the_first_setback_after_them_do_not_end_training(job_in):
    settings = {
        "num_train_epochs": 7,
        "freeze_epochs": 3,
        "early_stopping_patience": 2,
        "early_stopping_threshold": 0.99,  # nothing is ever called an improvement
    }
    events = list(ENGINE.train(job_in(**settings)))
    assert len(of_kind(events, Evaluated)) == 6  # the fourth is the one to beat, two do not
    assert (events[-1].reason, events[-1].best_epoch) == ("early_stopping", 1)


def test_a_resumed_run_knows_what_it_has_to_beat(job_in):
    settings = {"num_train_epochs": 8, "freeze_epochs": 2, "early_stopping_patience": 2}
    whole = list(ENGINE.train(job_in("whole", **settings)))
    list(ENGINE.train(until_step(job_in("part", **settings), 19)))
    rest = list(ENGINE.train(replace(job_in("part", **settings), resume=True)))
    assert replace(rest[-1]) == whole[-1]


def test_max_steps_leave_a_step_for_all_layers():
    settings = {"train": {"num_train_epochs": 4, "freeze_epochs": 3, "max_steps": 5}}
    plan = StepPlan.of(Settings.model_validate(settings), 320)
    assert (plan.per_epoch, plan.total, plan.frozen) == (10, 5, 4)


def test_strategies_that_never_train_the_lower_half_know_no_frozen_epochs():
    for strategy in ("partial", "frozen", "lora"):
        settings = {"model": {"strategy": strategy}, "train": {"freeze_epochs": 2}}
        assert StepPlan.of(Settings.model_validate(settings), 320).frozen == 0


@pytest.mark.parametrize(("layers", "still"), [(1, 1), (2, 1), (3, 2), (4, 2)])
def test_the_lower_half_is_the_embeddings_and_half_of_the_layers(tmp_path, layers, still):
    job = tiny_job_of(tmp_path, layers)
    model = job.task.load_model(job.model_source, job.label_names, job.settings)
    held = hold_lower_half(model)
    frozen = {n for n, p in model.named_parameters() if not p.requires_grad}
    assert {n.split("layer.")[1][0] for n in frozen if "layer." in n} == set(map(str, range(still)))
    assert any("word_embeddings" in n for n in frozen)
    assert not any("classifier" in n or "pooler" in n for n in frozen)
    let_go(held)
    assert all(p.requires_grad for p in model.parameters())


def tiny_job_of(folder, layers: int) -> TrainJob:
    make_tiny_model(folder / "model", tiny_rows(144).columns["text"], layers=layers)
    return tiny_job(folder)


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_every_architecture_begins_frozen_and_learns_in_the_end(name, tmp_path):
    make_architecture(name, tmp_path / "model", tiny_rows(60).columns["text"])
    job = tiny_job(tmp_path, 40, 20, num_train_epochs=2, freeze_epochs=1)
    events = list(ENGINE.train(job))
    assert isinstance(events[-1], Stopped)
    assert events[0].total_steps == len(of_kind(events, Stepped))


@pytest.mark.parametrize(
    ("train", "what"),
    [
        ({"freeze_epochs": 4, "num_train_epochs": 4}, "all layers would never learn"),
        ({"freeze_epochs": 1, "fsdp": True, "num_processes": 2}, "cannot begin frozen"),
    ],
)
def test_what_cannot_be_is_refused(train, what):
    with pytest.raises(ValueError, match=what):
        Settings.model_validate({"train": train})
