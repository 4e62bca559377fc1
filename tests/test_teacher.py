"""A linear model's opinion, mixed into what each training row is taught."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import luthier
from luthier.engines.local import LocalEngine
from luthier.journeys.plan import Plan
from luthier.journeys.teaching import TEACHER, with_teacher
from luthier.records import Evaluated, Note, Splits, StageSaid, Stepped, Stopped, TeacherOpinions
from luthier.run_folder import RunFolder
from shop_csv import shop
from tiny_models import tiny_job, tiny_rows

QUICK = {
    "recipe": "classic",
    "train.learning_rate": 1e-2,
    "train.num_train_epochs": 3,
    "train.per_device_train_batch_size": 8,
    "train.threads": 1,
    "train.teacher": "linear",
    "evaluate.bootstrap_samples": 100,
}


def last_accuracy(job) -> float:
    measured = [event for event in LocalEngine().train(job) if isinstance(event, Evaluated)]
    return measured[-1].validation["accuracy"]


def losses(job) -> list[float]:
    return [event.loss for event in LocalEngine().train(job) if isinstance(event, Stepped)]


def test_a_model_that_is_taught_opinions_alone_learns_them_and_not_the_labels(tmp_path):
    job = tiny_job(tmp_path, num_train_epochs=8, learning_rate=5e-3, early_stopping_patience=0)
    assert last_accuracy(job) > 0.8
    targets = job.encoded["train"].targets
    turned = np.eye(3, dtype=np.float32)[(targets + 1) % 3]
    wrong = TeacherOpinions(turned, np.arange(len(targets)), alpha=1.0)
    again = replace(job, teacher=wrong, checkpoints=tmp_path / "again")
    assert last_accuracy(again) < 0.2


def test_rows_without_an_opinion_learn_their_label(tmp_path):
    job = tiny_job(tmp_path, num_train_epochs=1, early_stopping_patience=0)
    nothing = TeacherOpinions(np.zeros((0, 3), np.float32), np.full(96, -1), alpha=0.5)
    silent = replace(job, teacher=nothing, checkpoints=tmp_path / "silent")
    assert losses(silent) == pytest.approx(losses(job), abs=1e-5)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> tuple[luthier.Run, list[str]]:
    folder = tmp_path_factory.mktemp("taught")
    data, model = shop(folder)
    heard = []
    settings = {**QUICK, "model.name_or_path": str(model)}
    made = luthier.workup(
        data, run_dir=folder / "run", settings=settings, until="train", listen=heard.append
    )
    return made, [e.note.message for e in heard if isinstance(e, StageSaid)]


def test_a_teacher_is_asked_about_training_rows_only_and_says_how_good_it_is(run):
    made, said = run
    answers = RunFolder(made.path).predictions(TEACHER)
    assert sorted(answers.row_ids) == sorted(RunFolder(made.path).splits.ids_of("train"))
    (told,) = [text for text in said if "opinion of a linear model" in text]
    right = (answers.predicted == answers.labels).mean()
    assert told.startswith("50% of what a training row is taught")
    assert told.endswith(f"right on {right:.0%} of {len(answers.labels):,} rows")


def test_a_stopped_run_goes_on_with_the_same_opinions(run, tmp_path):
    made, _ = run
    data, model = made.path.parent / "data.csv", made.path.parent / "tiny"
    asked = iter([False] * 10 + [True] * 1000)
    settings = {**QUICK, "model.name_or_path": str(model)}
    stopped = luthier.workup(
        data, run_dir=tmp_path / "r", settings=settings, until="train",
        should_stop=lambda: next(asked),
    )  # fmt: skip
    assert isinstance(stopped.history[-1], Stopped)
    before = (tmp_path / "r/predictions/teacher.parquet").stat().st_mtime_ns
    done = luthier.workup(run_dir=tmp_path / "r", resume=True, until="train")
    assert (tmp_path / "r/predictions/teacher.parquet").stat().st_mtime_ns == before
    weights = [folder / "model/model.safetensors" for folder in (made.path, done.path)]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_a_changed_copy_is_taught_what_its_row_is_taught(tmp_path):
    job = tiny_job(tmp_path, teacher="linear")
    train = job.encoded["train"]
    copies = np.concatenate([train.row_ids, -1 - train.row_ids[:5]])
    learned = replace(train.take(np.r_[np.arange(96), np.arange(5)]), row_ids=copies)
    plan = Plan(job.settings, job.model_source, job.label_names, dict(job.encoded), learned)
    rows = tiny_rows(144)
    places = ("train",) * 96 + ("validation",) * 48
    splits = Splits(row_ids=rows.ids, names=places, method="given", seed=0)
    folder = RunFolder(tmp_path / "run")
    folder.create()
    taught, _ = with_teacher(plan, folder, job.task, rows, splits)
    assert taught.teacher is not None
    assert taught.teacher.places[:96].min() >= 0
    np.testing.assert_array_equal(taught.teacher.places[96:], taught.teacher.places[:5])


def test_too_few_rows_have_no_teacher(tmp_path):
    job = tiny_job(tmp_path, train_rows=8, teacher="linear")
    rows = tiny_rows(56)
    names = ("train",) + ("validation",) * 55
    splits = Splits(row_ids=rows.ids, names=names, method="given", seed=0)
    folder = RunFolder(tmp_path / "run")
    folder.create()
    train = job.encoded["train"]
    plan = Plan(job.settings, job.model_source, job.label_names, dict(job.encoded), train)
    taught, (note,) = with_teacher(plan, folder, job.task, rows, splits)
    assert taught.teacher is None
    assert note == Note("skipped", "too few rows for a teacher: the labels are learned as they are")
