"""The outputs of frozen layers, kept: the same training without running them again."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from luthier.engines import kept_means, kept_trunk
from luthier.engines.forward import inputs_of
from luthier.engines.inference import logits_of
from luthier.engines.kept_trunk import keep_trunk
from luthier.engines.local import LocalEngine
from luthier.engines.optimizer import make_optimizer
from luthier.engines.step import Stepper
from luthier.kit.digest import digest_of_tensors
from luthier.kit.join_encoded import join_encoded
from luthier.kit.user_cache import cache_folder, why_no_room
from luthier.models.pretrained import find_model, load_encoder
from luthier.models.trunk import frozen_trunk, proven_cut, weights_of_trunk
from luthier.records import Saved, Stepped, TrainJob, Warned
from tiny_architectures import ARCHITECTURES, make_architecture
from tiny_models import make_tiny_model, tiny_job, tiny_rows

CPU = torch.device("cpu")
ENGINE = LocalEngine()


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory):
    texts = tiny_rows(144).columns["text"]
    return make_tiny_model(tmp_path_factory.mktemp("tiny") / "model", texts, layers=3)


@pytest.fixture
def job_with(tmp_path, tiny_model):
    """A tiny job with settings of `model`, `text` and `train` changed."""

    def make(model: dict, text: dict | None = None, **train) -> TrainJob:
        if not (tmp_path / "model").exists():
            (tmp_path / "model").symlink_to(tiny_model)
        job = tiny_job(tmp_path, text=text or {}, **train)
        block = job.settings.model.model_copy(update=model)
        return replace(job, settings=job.settings.model_copy(update={"model": block}))

    return make


PARTIAL = {"strategy": "partial", "trainable_layers": 1}


def loaded(job: TrainJob):
    torch.manual_seed(0)
    return job.task.load_model(job.model_source, job.label_names, job.settings)


def assert_alike(job: TrainJob, model, rows, kept) -> None:
    """Logits from what was kept are those of the whole model, in units of their spread."""
    whole = logits_of(model, rows, job.settings, CPU)
    told = logits_of(model, rows, job.settings, CPU, kept)
    np.testing.assert_allclose(told, whole, atol=0.01 * float(np.ptp(whole, axis=0).max()))


@pytest.fixture
def without_rounding(monkeypatch):
    """Untrained models answer all texts nearly alike: rounding would hide what is looked for."""
    monkeypatch.setattr(kept_trunk, "KINDS", (np.float32,))


def of_kind(events, kind):
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.parametrize(
    "model",
    [PARTIAL, {"strategy": "frozen"}, {"strategy": "frozen", "pooling": "mean"}],
    ids=["partial", "frozen", "frozen with a pooled head"],
)
def test_training_on_kept_outputs_is_training_without_them(job_with, model):
    runs = []
    for room in (10.0, 0.0):
        job = job_with(model, trunk_cache_gb=room, num_train_epochs=2)
        steps = of_kind(ENGINE.train(job), Stepped)
        runs.append((steps, ENGINE.best_model(job)[0].state_dict()))
    (kept, with_cache), (plain, without) = runs
    for one, other in zip(kept, plain, strict=True):
        assert one.loss == pytest.approx(other.loss, abs=2e-3)
    for name, value in with_cache.items():
        np.testing.assert_allclose(value, without[name], atol=5e-3, err_msg=name)


def test_frozen_weights_stay_as_they_were_to_the_last_bit(job_with):
    job = job_with(PARTIAL)
    before = loaded(job)
    list(ENGINE.train(job))
    after, _ = ENGINE.best_model(job)
    cut = frozen_trunk(before)
    frozen = weights_of_trunk(before, cut)
    assert len(frozen) > 20
    assert digest_of_tensors(weights_of_trunk(after, cut)) == digest_of_tensors(frozen)
    assert not torch.equal(before.classifier.weight, after.classifier.weight)


def test_another_seed_reads_nothing_again(job_with, monkeypatch):
    first = list(ENGINE.train(job_with(PARTIAL, seed=1)))
    assert "outputs of 2 frozen layers were computed once" in of_kind(first, Warned)[0].message
    assert "dropout inside the frozen layers is off" in of_kind(first, Warned)[0].message
    monkeypatch.setattr(kept_trunk, "what_it_gives", None)  # it would fail if it were called
    second = list(ENGINE.train(job_with(PARTIAL, seed=2)))
    assert "were kept by an earlier run" in of_kind(second, Warned)[0].message
    assert len(list(cache_folder("trunks").iterdir())) == 1
    again = of_kind(ENGINE.train(job_with(PARTIAL, seed=1)), Saved)
    assert again == of_kind(first, Saved)


def test_other_rows_and_other_weights_are_kept_apart(job_with, tmp_path):
    jobs = [job_with(PARTIAL), job_with({"strategy": "frozen"})]
    short = {name: part.take(np.arange(40)) for name, part in jobs[0].encoded.items()}
    jobs.append(replace(jobs[0], encoded=short))
    for job in jobs:
        assert keep_trunk(job, loaded(job), CPU)[0] is not None
    changed = loaded(jobs[0])
    with torch.no_grad():
        next(changed.parameters())[5, 0] += 1
    assert keep_trunk(jobs[0], changed, CPU)[0] is not None
    assert len(list(cache_folder("trunks").iterdir())) == 4


def test_a_file_cut_off_is_made_again(job_with):
    job = job_with(PARTIAL)
    keep_trunk(job, loaded(job), CPU)
    (file,) = cache_folder("trunks").iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:1000])
    kept, notes = keep_trunk(job, loaded(job), CPU)
    assert kept is not None
    assert "computed once" in notes[0]
    assert file.read_bytes() == whole


def test_what_is_too_large_is_not_kept_and_that_is_said(job_with):
    job = job_with(PARTIAL, trunk_cache_gb=1e-5)
    kept, (note,) = keep_trunk(job, loaded(job), CPU)
    assert kept is None
    assert "at most 10 kB are allowed (more room: --train.trunk_cache_gb" in note
    assert not list(cache_folder("trunks").iterdir())


def test_reading_that_would_eat_the_time_budget_is_given_up_and_that_is_said(job_with, monkeypatch):
    clock = iter(range(0, 100_000, 50))  # each look at the clock is 50 s after the one before
    monkeypatch.setattr(kept_trunk.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(kept_trunk, "TOKENS_AT_ONCE", 100)
    short, long = (job_with(PARTIAL, time_budget=budget) for budget in ("60s", "10h"))
    kept, (note,) = keep_trunk(short, loaded(short), CPU)
    assert kept is None
    assert "not kept: to read all rows by the frozen layers would take about" in note
    assert note.endswith(" s of 60s")
    assert not list(cache_folder("trunks").iterdir())
    assert keep_trunk(long, loaded(long), CPU)[0] is not None


def test_changed_copies_of_rows_switch_it_off_and_that_is_said(job_with):
    job = job_with(PARTIAL)
    train = job.encoded["train"]
    copied = replace(train, row_ids=np.where(train.row_ids < 5, -1, train.row_ids))
    kept, (note,) = keep_trunk(
        replace(job, encoded={**job.encoded, "train": copied}), loaded(job), CPU
    )
    assert kept is None
    assert "changed copies of rows switch the keeping" in note


def test_a_model_that_is_trained_in_full_keeps_nothing(job_with):
    job = job_with({"strategy": "full"})
    assert keep_trunk(job, loaded(job), CPU) == (None, ())


def test_numbers_too_large_for_half_precision_are_kept_in_single(job_with):
    job = job_with(PARTIAL)
    model = loaded(job)
    with torch.no_grad():
        model.bert.encoder.layer[1].output.LayerNorm.weight.mul_(1e6)
    kept, _ = keep_trunk(job, model, CPU)
    assert np.load(next(cache_folder("trunks").iterdir())).dtype == np.float32
    assert_alike(job, model, job.encoded["validation"], kept)


def test_windows_of_long_texts_are_kept_too(job_with, without_rounding):
    text = {"max_length": 12, "long_texts": "windows", "stride": 2}
    for model in (PARTIAL, {"strategy": "frozen"}):
        job = job_with(model, text)
        whole = loaded(job)
        rows = job.encoded["validation"].take(np.array([7, 3, 20, 11]))
        assert len(rows.window_offsets) - 1 > len(rows)
        kept, _ = keep_trunk(job, whole, CPU)
        assert_alike(job, whole, rows, kept)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_is_cut_or_says_that_it_cannot_be(
    name, tmp_path, job_with, without_rounding
):
    make_architecture(name, tmp_path / "other", tiny_rows(144).columns["text"])
    source = find_model(str(tmp_path / "other"))
    for model in ({"strategy": "frozen"}, PARTIAL):
        job = replace(job_with(model), model_source=source)
        whole = loaded(job).eval()
        cut = frozen_trunk(whole)
        if cut is None:
            assert (name, model["strategy"]) == ("albert", "partial")  # one layer, used three times
            continue
        some = inputs_of(whole, job.encoded["validation"], np.arange(5), CPU)
        proven = proven_cut(whole, cut, some)
        assert proven is not None
        rows = job.encoded["validation"].take(np.array([4, 0, 9]))
        kept, _ = keep_trunk(job, whole, CPU)
        assert_alike(job, whole, rows, kept)


def test_the_files_that_were_not_used_for_longest_make_room(tmp_path):
    for age, name in enumerate(("new.npy", "old.npy")):
        (tmp_path / name).write_bytes(bytes(100))
        import os

        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    assert why_no_room(tmp_path, 100, 250) == ""
    assert [path.name for path in tmp_path.iterdir()] == ["new.npy"]
    assert (
        why_no_room(tmp_path, 300, 250)
        == "it would take 300 bytes, and at most 250 bytes are allowed"
    )


def test_after_a_measurement_what_is_trained_is_in_training_mode_again_and_what_is_frozen_not(
    job_with,
):
    job = job_with(PARTIAL)
    model = loaded(job)
    stepper = Stepper(job, model, make_optimizer(model, job.settings.train), CPU)
    trained = {id(p) for p in model.parameters() if p.requires_grad}
    modes = []
    for number in (1, 2):
        stepper(number)
        layers = model.bert.encoder.layer
        modes.append([all(m.training for m in layer.modules()) for layer in layers])
        assert {any(m.training for m in layer.modules()) for layer in layers[:-1]} == {False}
        logits_of(model, job.encoded["validation"], job.settings, CPU)
        assert not model.training
    assert modes == [[False, False, True]] * 2
    assert {id(p) for p in model.bert.encoder.layer[-1].parameters()} <= trained


MEAN = {"strategy": "frozen", "pooling": "mean"}


def rows_of_training(job: TrainJob):
    return join_encoded(job.encoded["train"], job.encoded["validation"])


def test_the_rival_on_frozen_features_reads_what_a_head_alone_was_trained_on(job_with, monkeypatch):
    job = job_with(MEAN)
    rows = rows_of_training(job)
    own = job_with(MEAN, trunk_cache_gb=0)
    by_itself = ENGINE.features(own.model_source, rows, own.settings)
    list(ENGINE.train(job))
    assert len(list(cache_folder("trunks").iterdir())) == 1
    monkeypatch.setattr(kept_means, "features_of", None)  # it would fail if it were called
    found = ENGINE.features(job.model_source, rows, job.settings)
    np.testing.assert_allclose(found, by_itself, rtol=1e-4, atol=1e-5)


def test_a_head_alone_is_trained_on_what_the_rival_read_before(job_with, monkeypatch):
    job = job_with(MEAN)
    ENGINE.features(job.model_source, rows_of_training(job), job.settings)
    kept, (note,) = keep_trunk(job, loaded(job), CPU)
    assert "were kept by an earlier run" in note
    assert_alike(job, loaded(job), job.encoded["validation"], kept)


def test_other_pooling_and_windows_do_not_take_the_means(job_with):
    windows = {"max_length": 12, "long_texts": "windows", "stride": 2}
    for job in (job_with({"strategy": "frozen", "pooling": "max"}), job_with(MEAN, windows)):
        ENGINE.features(job.model_source, rows_of_training(job), job.settings)
        _, (note,) = keep_trunk(job, loaded(job), CPU)
        assert "computed once" in note


def test_features_of_other_weights_are_kept_apart(job_with):
    job = job_with(MEAN)
    encoder = load_encoder(job.model_source, 32)
    rows = job.encoded["validation"]
    first = kept_means.kept_means(encoder, rows, job.settings, CPU)
    with torch.no_grad():
        next(encoder.parameters()).add_(1.0)
    second = kept_means.kept_means(encoder, rows, job.settings, CPU)
    assert len(list(cache_folder("trunks").iterdir())) == 2
    assert not np.allclose(first, second)


def test_features_are_there_where_nothing_can_be_kept(job_with):
    for room in (0, 1e-9):
        job = job_with(MEAN, trunk_cache_gb=room)
        rows = job.encoded["validation"]
        assert ENGINE.features(job.model_source, rows, job.settings).shape == (len(rows), 32)
    assert not list(cache_folder("trunks").iterdir())
