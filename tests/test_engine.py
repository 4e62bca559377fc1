"""The training loop: what it says, what it computes, and when it stops."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from luthier.engines.checkpoint import load_weights
from luthier.engines.local import LocalEngine
from luthier.engines.optimizer import make_optimizer
from luthier.engines.step import Stepper
from luthier.errors import SettingsError, TrainingError
from luthier.kit.class_weights import class_weights
from luthier.kit.digest import digest_of_tensors
from luthier.kit.learning_rate import learning_rate_at, warmup_of
from luthier.models.pretrained import load_encoder
from luthier.records import Evaluated, Saved, Started, Stepped, Stopped, TrainJob, Warned
from luthier.settings import TrainSettings
from luthier.tasks.text_classification import TASK
from tiny_models import LABELS, make_tiny_model, tiny_job, tiny_rows

ENGINE = LocalEngine()


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    return make_tiny_model(folder / "model", tiny_rows(144).columns["text"])


@pytest.fixture
def job_with(tmp_path, tiny_model):
    """A tiny job with some settings of `train` changed; dropout and checkpoints of its own."""

    def make(*, dropout: float | None = None, rows: int = 96, **train) -> TrainJob:
        if not (tmp_path / "model").exists():
            (tmp_path / "model").symlink_to(tiny_model)
        job = tiny_job(tmp_path, train_rows=rows, **train)
        model = {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
        settings = job.settings.model_copy(
            update={"model": job.settings.model.model_copy(update=model)}
        )
        return replace(job, settings=settings)

    return make


class Stepping:
    """Single steps from the same weights; the head is the one that is looked at."""

    def __init__(self, job: TrainJob) -> None:
        torch.manual_seed(0)
        self.model = job.task.load_model(job.model_source, job.label_names, job.settings)
        optimizer = make_optimizer(self.model, job.settings.train)
        self.stepper = Stepper(job, self.model, optimizer, torch.device("cpu"))

    def gradient_of(self, step: int) -> np.ndarray:
        rows = self.stepper.rows_of(step)
        self.stepper._gradients(rows, (rows,))
        gradient = self.model.classifier.weight.grad.numpy().copy()
        self.model.zero_grad()
        return gradient


def of_kind(events, kind):
    return [event for event in events if isinstance(event, kind)]


def test_a_run_says_each_step_each_evaluation_and_what_is_on_disk(job_with):
    job = job_with()
    events = list(ENGINE.train(job))
    started, stopped = events[0], events[-1]
    assert isinstance(started, Started)
    assert isinstance(stopped, Stopped)
    assert (started.total_steps, started.steps_per_epoch) == (18, 6)
    assert [e.step for e in of_kind(events, Stepped)] == list(range(1, 19))
    assert [(e.step, e.epoch) for e in of_kind(events, Evaluated)] == [(6, 1), (12, 2), (18, 3)]
    assert [e.step for e in of_kind(events, Saved) if e.kind == "last"] == [6, 12, 18]
    best = [e for e in of_kind(events, Saved) if e.kind == "best"]
    assert [e.step for e in best] == [e.step for e in of_kind(events, Evaluated) if e.is_best]
    assert (stopped.reason, stopped.best_step) == ("finished", best[-1].step)
    model, checkpoint = ENGINE.best_model(job)
    assert digest_of_tensors(model.state_dict()) == best[-1].digest == checkpoint.digest
    assert checkpoint.metric == stopped.best_metric
    for row in of_kind(events, Stepped):
        assert row.rows <= row.tokens <= row.padded_tokens


def test_it_learns(job_with):
    job = job_with(num_train_epochs=12, learning_rate=1e-2, dropout=0.0, early_stopping_patience=0)
    evaluated = of_kind(ENGINE.train(job), Evaluated)
    assert evaluated[-1].train["loss"] < 0.5 * evaluated[0].train["loss"]
    assert max(e.validation["accuracy"] for e in evaluated) > 0.75  # the largest label has 0.5


def test_the_same_job_gives_the_same_weights_and_another_seed_others(job_with):
    digests = [
        [e.digest for e in of_kind(ENGINE.train(job_with(seed=seed)), Saved)] for seed in (1, 1, 2)
    ]
    assert digests[0] == digests[1] != digests[2]


def test_what_the_caller_draws_between_events_changes_nothing(job_with):
    quiet = of_kind(ENGINE.train(job_with()), Saved)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    events = ENGINE.train(job_with())
    first = next(events)
    assert torch.rand(1) == expected
    noisy = [first]
    for event in events:
        torch.rand(3)
        np.random.default_rng().random()
        noisy.append(event)
    assert of_kind(noisy, Saved) == quiet


def test_the_cut_into_parts_does_not_change_a_step(job_with):
    settings = {"class_weights": "balanced", "label_smoothing_factor": 0.1, "dropout": 0.0}
    whole, cut = (
        of_kind(ENGINE.train(job_with(max_tokens_per_batch=budget, **settings)), Stepped)[:4]
        for budget in (8192, 64)
    )
    assert sum(e.padded_tokens for e in cut) < sum(e.padded_tokens for e in whole)
    for one, other in zip(whole, cut, strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-4)
        assert one.grad_norm == pytest.approx(other.grad_norm, rel=1e-3)


def test_a_row_counts_the_same_in_a_step_of_many_short_rows_and_of_few_long_ones(job_with):
    job = job_with(dropout=0.0, optim="sgd", max_grad_norm=0, learning_rate=1e-9, warmup_steps=0)
    whole = job_with(
        dropout=0.0, optim="sgd", max_grad_norm=0, warmup_steps=0, per_device_train_batch_size=96
    )
    parts, one = Stepping(job), Stepping(whole)
    summed = [parts.gradient_of(step) for step in range(1, parts.stepper.steps_per_epoch + 1)]
    assert {len(parts.stepper.rows_of(step)) for step in range(1, len(summed) + 1)} != {16}
    np.testing.assert_allclose(sum(summed) / len(summed), one.gradient_of(1), atol=1e-5)


def test_few_rows_are_not_judged_after_each_of_their_short_epochs(job_with):
    job = job_with(rows=16, num_train_epochs=40, early_stopping_patience=0)
    events = list(ENGINE.train(job))
    assert [e.epoch for e in of_kind(events, Evaluated)] == list(range(4, 41, 4))
    assert "measured and saved after every 4 epochs" in of_kind(events, Warned)[0].message


def test_class_weights_weigh_as_in_torch(job_with):
    weights = {"退款": 3.0, "parcel": 0.5}
    job = job_with(class_weights=weights, dropout=0.0, per_device_train_batch_size=96)
    first = of_kind(ENGINE.train(job), Stepped)[0]
    fresh = job_with(class_weights=weights, dropout=0.0, per_device_train_batch_size=96)
    events = ENGINE.train(replace(fresh, should_stop=lambda: True))
    list(events)  # stops at step 0: `last/` holds the weights before the first step
    model, _ = ENGINE.best_model(fresh)
    rows = fresh.encoded["train"]
    logits = torch.from_numpy(ENGINE.logits(model, rows, fresh.settings)).float()
    by_label = torch.tensor([weights.get(name, 1.0) for name in fresh.label_names])
    expected = torch.nn.functional.cross_entropy(
        logits, torch.from_numpy(rows.targets), weight=by_label
    )
    assert first.loss == pytest.approx(expected.item(), rel=1e-4)


def test_balanced_weights_are_those_of_scikit_learn():
    targets = np.array([0, 0, 0, 2])
    np.testing.assert_allclose(class_weights("balanced", targets, LABELS), [4 / 9, 1, 4 / 3])
    np.testing.assert_allclose(class_weights("none", targets, LABELS), 1)


def test_a_class_weight_for_an_unknown_label_is_named(job_with):
    with pytest.raises(SettingsError, match=r"no label 'parcle'; did you mean 'parcel'\?"):
        list(ENGINE.train(job_with(class_weights={"parcle": 2.0})))


def test_the_rate_rises_to_its_peak_and_falls_to_zero():
    settings = TrainSettings(learning_rate=1.0, warmup_steps=0.2)
    rates = [learning_rate_at(step, 10, settings) for step in range(1, 11)]
    np.testing.assert_allclose(rates, [1 / 3, 2 / 3, *(k / 8 for k in range(8, 0, -1))])
    assert (warmup_of(0.01, 150), warmup_of(7, 150), warmup_of(0, 150)) == (2, 7, 0)
    assert learning_rate_at(1, 10, TrainSettings(learning_rate=1.0, warmup_steps=0)) == 1.0


def test_biases_and_norms_do_not_decay(job_with):
    job = job_with()
    model = job.task.load_model(job.model_source, job.label_names, job.settings)
    decayed, free = make_optimizer(model, TrainSettings(weight_decay=0.3)).param_groups
    assert (decayed["weight_decay"], free["weight_decay"]) == (0.3, 0.0)
    names = {id(p): name for name, p in model.named_parameters()}
    assert all("bias" in names[id(p)] or "LayerNorm" in names[id(p)] for p in free["params"])
    assert all(names[id(p)].endswith("weight") for p in decayed["params"])
    assert not any("LayerNorm" in names[id(p)] for p in decayed["params"])


def test_it_stops_when_nothing_improves_any_more(job_with):
    job = job_with(num_train_epochs=9, early_stopping_patience=2, early_stopping_threshold=0.99)
    stopped = list(ENGINE.train(job))[-1]
    assert (stopped.reason, stopped.epoch, stopped.best_epoch) == ("early_stopping", 3, 1)


class AlwaysZero(type(TASK)):
    """The task, with a macro-F1 that stays at 0 whatever is learned."""

    def quick_metrics(self, predictions):
        return {**super().quick_metrics(predictions), "macro_f1": 0.0}


def flat_job(job_with):
    """Five epochs whose loss falls and whose macro-F1 stays at 0; one worse ends the run."""
    job = job_with(num_train_epochs=5, learning_rate=1e-2, dropout=0.0, early_stopping_patience=1)
    return replace(job, task=AlwaysZero())


def test_of_equal_metrics_the_lowest_loss_is_the_best_and_counts_as_progress(job_with):
    events = list(ENGINE.train(flat_job(job_with)))
    evaluated, stopped = of_kind(events, Evaluated), events[-1]
    losses = [e.validation["loss"] for e in evaluated]
    assert losses[1] < losses[0]  # with equal metrics, patience 1 would have ended the run here
    assert len(losses) > 2
    assert stopped.best_step == evaluated[int(np.argmin(losses))].step
    assert [e.is_best for e in evaluated] == [
        loss == min(losses[: i + 1]) for i, loss in enumerate(losses)
    ]


def test_a_resumed_run_knows_the_loss_of_its_best(job_with):
    whole = list(ENGINE.train(flat_job(job_with)))
    seen = []
    stop = replace(flat_job(job_with), should_stop=lambda: len(of_kind(seen, Stepped)) >= 7)
    for event in ENGINE.train(stop):
        seen += [event]
    resumed = list(ENGINE.train(replace(flat_job(job_with), resume=True)))
    told = [e.is_best for e in of_kind([*seen, *resumed], Evaluated)]
    assert told == [e.is_best for e in of_kind(whole, Evaluated)]
    assert resumed[-1].best_step == whole[-1].best_step


def test_a_lower_loss_is_a_better_one(job_with):
    job = job_with(metric_for_best_model="loss", num_train_epochs=4, learning_rate=5e-3)
    events = list(ENGINE.train(job))
    losses = [e.validation["loss"] for e in of_kind(events, Evaluated)]
    assert events[-1].best_metric == min(losses)


def test_a_spent_time_budget_ends_the_run_with_a_model(job_with):
    events = list(ENGINE.train(job_with(time_budget="0.000001s", num_train_epochs=50)))
    assert events[-1].reason == "time_budget"
    assert of_kind(events, Saved)[-1].kind == "best"


@pytest.mark.parametrize("steps", [0, 3, 7])
def test_a_run_that_is_asked_to_stop_leaves_its_best_and_last(job_with, steps):
    seen = []
    job = replace(job_with(), should_stop=lambda: len(of_kind(seen, Stepped)) >= steps)
    for event in ENGINE.train(job):
        seen += [event]
    stopped = seen[-1]
    assert (stopped.reason, stopped.step) == ("interrupted", steps)
    assert stopped.best_step == min(steps, 6)
    for kind in ("best", "last"):
        model = job.task.load_model(job.model_source, job.label_names, job.settings)
        digest = load_weights(job.checkpoints, kind, model).digest
        assert digest == [e.digest for e in of_kind(seen, Saved) if e.kind == kind][-1]


def test_a_loss_out_of_bounds_is_one_clear_error(job_with):
    with pytest.raises(TrainingError, match=r"out of bounds at step \d+: the (loss|gradient) is"):
        list(ENGINE.train(job_with(learning_rate=1e30, warmup_steps=0, max_grad_norm=0)))


def test_nothing_to_train_on_is_one_clear_error(job_with):
    job = job_with()
    with pytest.raises(TrainingError, match="no validation rows"):
        list(ENGINE.train(replace(job, encoded={"train": job.encoded["train"]})))


def test_training_figures_on_a_sample_are_said_to_be(job_with):
    job = job_with()
    few = job.settings.evaluate.model_copy(update={"train_rows": 10})
    events = list(
        ENGINE.train(replace(job, settings=job.settings.model_copy(update={"evaluate": few})))
    )
    assert "a fixed sample of 10 of 96 training rows" in of_kind(events, Warned)[0].message
    assert {e.train_rows for e in of_kind(events, Evaluated)} == {10}


def test_checkpoints_hold_no_pickle_and_leave_no_litter(job_with):
    job = job_with(save_steps=2)
    list(ENGINE.train(job))
    files = {str(p.relative_to(job.checkpoints)) for p in job.checkpoints.rglob("*") if p.is_file()}
    assert files == {
        "best/model.safetensors",
        "best/checkpoint.json",
        "last/model.safetensors",
        "last/optimizer.safetensors",
        "last/checkpoint.json",
        "last/state.json",
    }
    assert {p.name for p in job.checkpoints.iterdir()} == {"best", "last"}


def test_logits_come_in_the_order_of_the_rows(job_with):
    job = job_with()
    model = job.task.load_model(job.model_source, job.label_names, job.settings)
    rows = job.encoded["validation"]
    logits = ENGINE.logits(model, rows, job.settings)
    for row in range(len(rows)):
        alone = ENGINE.logits(model, rows.take(np.array([row])), job.settings)
        np.testing.assert_allclose(logits[row], alone[0], atol=1e-5)


def test_features_are_the_mean_over_a_rows_own_tokens(job_with):
    job = job_with()
    rows = job.encoded["validation"]
    features = ENGINE.features(job.model_source, rows, job.settings)
    encoder = load_encoder(job.model_source, 48)
    ids = torch.from_numpy(rows.flat["input_ids"][rows.offsets[3] : rows.offsets[4]])[None]
    with torch.inference_mode():
        expected = encoder(input_ids=ids).last_hidden_state[0].mean(0)
    np.testing.assert_allclose(features[3], expected.numpy(), atol=1e-5)


def test_measuring_a_step_leaves_no_trace(job_with):
    job = job_with()
    state = torch.random.get_rng_state()
    costs = ENGINE.measure_costs(job)
    assert 0 < costs.step < 5
    assert costs.trunk_token == 0
    assert 0 < costs.read_token < costs.step
    assert torch.equal(torch.random.get_rng_state(), state)
    assert not job.checkpoints.exists()
