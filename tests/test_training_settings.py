"""Each setting of training changes what it claims, and a run with it goes on as it began."""

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch

from luthier.engines import loop
from luthier.engines.checkpoint import read_state
from luthier.engines.local import LocalEngine
from luthier.engines.trackers import Trackers, tracker_names
from luthier.errors import MissingExtraError, SettingsError, TrainingError
from luthier.models.pretrained import load_classifier
from luthier.records import Evaluated, Saved, Stepped, TrainJob, Warned
from luthier.run_folder import RunFolder
from luthier.stages.train import train
from luthier.tasks.text_classification import TextClassification
from tiny_models import make_tiny_model, tiny_job, tiny_rows

ENGINE = LocalEngine()


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    return make_tiny_model(folder / "model", tiny_rows(144).columns["text"])


@pytest.fixture
def job_with(tmp_path, tiny_model):
    """A tiny job with some settings changed, under `name` of its own."""

    def make(name: str = "a", model=None, task=None, text=None, **train) -> TrainJob:
        folder = tmp_path / name
        if not (folder / "model").exists():
            folder.mkdir(exist_ok=True)
            (folder / "model").symlink_to(tiny_model)
        job = tiny_job(folder, text=text, **{"num_train_epochs": 2, **train})
        changed = job.settings.model.model_copy(update=model or {})
        settings = job.settings.model_copy(update={"model": changed})
        return replace(job, settings=settings, task=task or job.task)

    return make


def of_kind(events, kind):
    return [event for event in events if isinstance(event, kind)]


NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


class RunsOutOfMemory(TextClassification):
    """The task with a model that asks for more memory than there is above so many tokens."""

    def __init__(self, most_tokens: int, kind: str = "accelerator") -> None:
        self._most, self._kind = most_tokens, kind

    def load_model(self, source, label_names, settings):
        model = load_classifier(source, label_names, settings.model, settings.text.max_length)
        forward = model.forward

        def greedy(input_ids, **inputs):
            if input_ids.numel() > self._most:
                if self._kind == "cpu":
                    torch.empty(2**60, dtype=torch.uint8)
                raise torch.OutOfMemoryError("CUDA out of memory")
            return forward(input_ids, **inputs)

        model.forward = greedy
        return model


def test_training_reads_as_many_windows_of_a_text_as_it_is_told(job_with):
    text = {"max_length": 12, "long_texts": "windows", "stride": 2}
    steps = {
        most: of_kind(
            ENGINE.train(job_with(str(most), text={**text, "windows_in_training": most})), Stepped
        )
        for most in (0, 1, 2)
    }
    tokens = {most: sum(step.tokens for step in done) for most, done in steps.items()}
    rows = sum(step.rows for step in steps[0])
    assert all(sum(step.rows for step in done) == rows for done in steps.values())
    assert tokens[1] <= 12 * rows
    assert tokens[1] < tokens[2] < tokens[0]


# memory -------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["accelerator", "cpu"])
def test_when_memory_runs_out_parts_are_halved_and_the_step_stays_the_same(job_with, kind):
    plain = list(ENGINE.train(job_with("plain", NO_DROPOUT)))
    halved = list(ENGINE.train(job_with("halved", NO_DROPOUT, RunsOutOfMemory(64, kind))))
    said = [event.message for event in of_kind(halved, Warned)]
    assert said == [
        "the memory ran out: from here on at most 64 tokens are held at once; "
        "the rows of a step stay the same"
    ]
    ours, theirs = of_kind(halved, Stepped), of_kind(plain, Stepped)
    assert [e.rows for e in ours] == [e.rows for e in theirs]
    for one, other in zip(ours[:4], theirs[:4], strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-4)
        assert one.grad_norm == pytest.approx(other.grad_norm, rel=1e-3)


@pytest.mark.slow
def test_a_run_that_was_halved_goes_on_halved_to_the_same_end(job_with):
    whole = list(ENGINE.train(job_with("whole", task=RunsOutOfMemory(64), save_steps=2)))
    job = job_with("cut", task=RunsOutOfMemory(64), save_steps=2)
    list(ENGINE.train(replace(job, should_stop=_after(4))))
    assert read_state(job.checkpoints).halvings == 7
    rest = list(ENGINE.train(replace(job, resume=True)))
    assert of_kind(rest, Saved)[-1].digest == of_kind(whole, Saved)[-1].digest
    assert not of_kind(rest, Warned)


def test_too_little_memory_for_one_row_is_one_clear_error(job_with):
    with pytest.raises(TrainingError, match="too small even for one row at a time"):
        list(ENGINE.train(job_with(task=RunsOutOfMemory(0))))


def test_nothing_of_a_run_is_left_in_memory(job_with, monkeypatch):
    models = []
    load = loop._Training.__init__

    def remember(self, *args, **kwargs):
        load(self, *args, **kwargs)
        models.append(weakref.ref(self._held.model))

    monkeypatch.setattr(loop._Training, "__init__", remember)
    events = ENGINE.train(job_with())
    for _ in range(4):
        next(events)
    events.close()
    list(ENGINE.train(job_with("b")))
    gc.collect()
    assert [model() for model in models] == [None, None]


# steps --------------------------------------------------------------------------------------------


def test_accumulated_batches_are_one_larger_batch(job_with):
    joined = {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 4}
    ours = of_kind(ENGINE.train(job_with("joined", NO_DROPOUT, **joined)), Stepped)
    theirs = of_kind(
        ENGINE.train(job_with("large", NO_DROPOUT, per_device_train_batch_size=16)), Stepped
    )
    assert [e.rows for e in ours] == [e.rows for e in theirs]
    for one, other in zip(ours[:4], theirs[:4], strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-4)
        assert one.grad_norm == pytest.approx(other.grad_norm, rel=1e-3)


def test_clipping_holds_the_gradient_that_is_used(job_with):
    plain = {"optim": "sgd", "warmup_steps": 0, "weight_decay": 0.0}
    free = job_with("free", NO_DROPOUT, max_grad_norm=0, **plain)
    tight = job_with("tight", NO_DROPOUT, max_grad_norm=1e-9, **plain)
    moved = {}
    for name, job in (("free", free), ("tight", tight)):
        events = list(ENGINE.train(replace(job, should_stop=_after(1))))
        assert of_kind(events, Stepped)[0].grad_norm > 1e-3  # as it was before clipping
        model, _ = ENGINE.best_model(job)
        start = job.task.load_model(job.model_source, job.label_names, job.settings)
        encoder = model.bert.state_dict()
        before = start.bert.state_dict()
        moved[name] = max(float((encoder[k] - before[k]).abs().max()) for k in encoder)
    assert moved["tight"] < 1e-6 < moved["free"]


def _after(steps: int):
    asked = iter([False] * steps)
    return lambda: next(asked, True)


@pytest.mark.parametrize(
    "changed",
    [
        {"optim": "sgd", "optim_args": "momentum=0.9"},
        {"optim": "nadam", "lr_scheduler_type": "cosine"},
        {"layerwise_lr_decay": 0.5, "head_learning_rate": 1e-2},
        {"loss": "focal", "class_weights": {"退款": 2.0}},
        {"gradient_accumulation_steps": 2},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_run_with_this_setting_goes_on_to_the_same_end(job_with, changed):
    whole = list(ENGINE.train(job_with("whole", save_steps=2, **changed)))
    job = job_with("cut", save_steps=2, **changed)
    list(ENGINE.train(replace(job, should_stop=_after(3))))
    rest = list(ENGINE.train(replace(job, resume=True)))
    assert of_kind(rest, Saved)[-1].digest == of_kind(whole, Saved)[-1].digest
    plain = list(ENGINE.train(job_with("plain", save_steps=2)))
    assert of_kind(plain, Saved)[-1].digest != of_kind(whole, Saved)[-1].digest


@pytest.mark.parametrize("model", [{"strategy": "lora"}, {"pooling": "mean", "batch_norm": True}])
def test_adapters_and_own_heads_are_resumed_to_the_same_end(job_with, model):
    whole = list(ENGINE.train(job_with("whole", model, save_steps=2)))
    job = job_with("cut", model, save_steps=2)
    list(ENGINE.train(replace(job, should_stop=_after(3))))
    rest = list(ENGINE.train(replace(job, resume=True)))
    assert of_kind(rest, Saved)[-1].digest == of_kind(whole, Saved)[-1].digest
    best, checkpoint = ENGINE.best_model(job)
    assert not any("lora_" in name for name in best.state_dict())
    assert checkpoint.digest == [e.digest for e in of_kind(whole, Saved) if e.kind == "best"][-1]


def test_determinism_is_asked_of_torch_and_given_back(job_with):
    events = ENGINE.train(job_with(full_determinism=True))
    asked = [torch.are_deterministic_algorithms_enabled() for _ in events]
    assert all(asked)
    assert not torch.are_deterministic_algorithms_enabled()


def test_labels_that_a_weight_map_leaves_out_are_said_before_the_first_step(job_with):
    events = list(ENGINE.train(job_with(class_weights={"退款": 2.0})))
    assert of_kind(events, Warned)[0].step == 0
    assert "does not name 'parcel', '会员': weight 1" in of_kind(events, Warned)[0].message


# trackers -----------------------------------------------------------------------------------------


def test_tensorboard_is_told_what_the_history_holds(job_with, tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    said = []
    trackers = Trackers(
        tracker_names("tensorboard"), "run", tmp_path / "logs", {"train.seed": 1}, said.append
    )
    events = []
    for event in train(job_with(), ENGINE, RunFolder(tmp_path)):
        events.append(event)
        trackers.tell(event)
    assert said == []
    read = accumulator.EventAccumulator(str(tmp_path / "logs" / "run")).Reload()
    losses = [(e.step, e.value) for e in read.Scalars("validation/loss")]
    expected = [(e.step, e.validation["loss"]) for e in of_kind(events, Evaluated)]
    np.testing.assert_allclose(losses, expected, rtol=1e-6)
    assert len(read.Scalars("step/loss")) == len(of_kind(events, Stepped))


def test_a_tracker_that_fails_is_left_out_and_said(tmp_path):
    pytest.importorskip("tensorboard")
    (tmp_path / "logs").write_text("a file is in the way")
    said = []
    trackers = Trackers(("tensorboard",), "run", tmp_path / "logs", {}, said.append)
    trackers.tell(Warned(1, "x"))
    assert len(said) == 1
    assert said[0].startswith("tracker tensorboard failed and is told nothing more: ")


def test_an_unknown_tracker_and_a_missing_one_are_one_clear_message(monkeypatch):
    assert tracker_names("none") == ()
    with pytest.raises(SettingsError, match="no tracker 'tensorbord'; did you mean 'tensorboard'"):
        tracker_names("tensorbord")
    with pytest.raises(MissingExtraError, match="needs the package clearml"):
        tracker_names("clearml")
    monkeypatch.setattr("luthier.engines.trackers.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="needs the package accelerate"):
        tracker_names("tensorboard")
