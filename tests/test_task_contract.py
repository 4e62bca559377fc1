"""What every task file must be, whether it is here today or dropped in tomorrow."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.engines.local import LocalEngine
from luthier.errors import SettingsError
from luthier.records import ModelSource, Rows, Source, SplitEvaluation, Task
from luthier.settings import Settings, TextSettings, TrainSettings
from luthier.tasks import get_task, task_names
from tiny_models import make_tiny_model

every_task = pytest.mark.parametrize("task", [get_task(n) for n in task_names()], ids=task_names())
every_bad_sample = pytest.mark.parametrize(
    ("task", "bad"),
    [(get_task(name), bad) for name in task_names() for bad in get_task(name).bad_samples],
    ids=lambda value: getattr(value, "message_part", getattr(value, "name", "")),
)


def rows_of(columns) -> Rows:
    n = len(next(iter(columns.values())))
    return Rows(
        ids=np.arange(100, 100 + n, dtype=np.int64),
        columns=columns,
        locations=[f"samples.csv:{i + 2}" for i in range(n)],
        given_split=[None] * n,
        source=Source("samples.csv", (), n, {name: name for name in columns}),
    )


def unknown(targets) -> np.ndarray:
    """Whether a row has no target: -1 (all of its labels), or NaN."""
    if targets.ndim == 2:
        return (targets == -1).all(axis=1)
    return targets == -1 if targets.dtype == np.int64 else np.isnan(targets)


def strings_of(columns) -> list[str]:
    return [value for values in columns.values() for value in values if isinstance(value, str)]


@every_task
def test_it_names_itself_and_its_columns(task: Task):
    assert get_task(task.name) is task
    assert task.title
    assert {column.name for column in task.columns} == set(task.samples)
    assert any(column.target for column in task.columns)
    assert any(not column.target for column in task.columns)
    for column in task.columns:
        block, name = column.setting.split(".")
        assert name in getattr(Settings(), block).model_dump()
        names = (*column.aliases, *column.weak_aliases)
        assert all(name == name.lower() for name in names)
        assert len({*names}) == len(names)
    assert task.metrics
    assert len({len(values) for values in task.samples.values()}) == 1
    assert len(rows_of(task.samples)) >= 4


@every_task
def test_its_samples_are_good_and_their_targets_can_be_learned(task: Task):
    rows = rows_of(task.samples)
    assert task.check(rows) == []
    names = task.label_names(rows)
    assert len(set(names)) == len(names) >= 1
    targets = task.targets(rows, names)
    assert len(targets) == len(rows)
    assert not unknown(targets).any()
    if targets.ndim == 2:
        assert targets.shape == (len(rows), len(names))
        assert set(targets.ravel().tolist()) == {0, 1}
    elif targets.dtype == np.int64:
        assert set(targets.tolist()) == set(range(len(names)))
    else:
        assert targets.dtype == np.float64


@every_task
def test_its_label_order_does_not_depend_on_the_order_of_rows(task: Task):
    rows = rows_of(task.samples)
    assert task.label_names(rows.take(range(len(rows))[::-1])) == task.label_names(rows)


@every_task
def test_rows_without_targets_can_be_encoded_for_prediction(task: Task):
    wanted = [column.name for column in task.columns if not column.target]
    rows = rows_of({name: task.samples[name] for name in wanted})
    names = task.label_names(rows_of(task.samples))
    assert unknown(task.targets(rows, names)).all()


@every_bad_sample
def test_a_bad_sample_is_refused_with_its_place(task: Task, bad):
    problems = task.check(rows_of(bad.columns))
    assert any(bad.message_part in problem.what for problem in problems), problems
    assert all(problem.where.startswith("samples.csv:") for problem in problems)


@every_task
def test_the_whole_protocol_runs_on_its_samples(task: Task, tmp_path):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    rows = rows_of(task.samples)
    names = task.label_names(rows)
    folder = make_tiny_model(tmp_path / "tiny", strings_of(task.samples))
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)

    encoded = task.encode(rows, names, tokenizer, TextSettings(max_length=12))
    assert encoded.row_ids.tolist() == rows.ids.tolist()
    assert encoded.offsets[-1] == len(encoded.flat["input_ids"])
    assert encoded.lengths.max() <= 12
    assert (encoded.full_lengths >= encoded.lengths).all()
    assert encoded.truncated.any(), "at least one sample is longer than twelve tokens"

    model = task.load_model(ModelSource("tiny", str(folder)), names, Settings())
    assert model.training
    assert all(p.dtype == torch.float32 for p in model.parameters())
    task.fit_head(model, encoded.targets)
    logits = LocalEngine().logits(model, encoded, Settings())
    targets = torch.tensor(encoded.targets)
    loss = task.loss(TrainSettings(), encoded.targets, names)
    losses = loss.each(torch.tensor(logits), targets)
    assert losses.shape == loss.row_weights.shape == (len(rows),)
    assert torch.isfinite(losses).all()
    assert (losses >= 0).all()

    answers = task.answers(encoded, logits, names, "a digest")
    assert np.allclose(answers.loss, loss.unit * losses.numpy(), rtol=1e-4)
    check_answers(task, answers, rows, names)
    limits = task.thresholds(lambda: answers)
    again = task.answers(encoded, logits, names, "a digest", limits)
    assert len(again) == len(rows)


def check_answers(task: Task, answers, rows: Rows, names) -> None:
    """What every kind of answer is, and the figures that are made of it."""
    assert answers.row_ids.tolist() == rows.ids.tolist()
    assert answers.label_names == names
    assert answers.model_digest == "a digest"
    assert answers.known.all()
    quick = task.quick_metrics(answers)
    assert set(quick) == {"loss", *task.metrics}
    assert all(np.isfinite(value) for value in quick.values())
    judged = task.judge(answers, Settings().evaluate)
    assert isinstance(judged, SplitEvaluation)
    assert judged.n == len(rows)
    for name in set(task.metrics) & set(judged.figures):
        figure = judged.figures[name]
        assert figure.low <= figure.value <= figure.high
        assert figure.value == pytest.approx(quick[name])


def test_an_unknown_task_is_answered_with_the_nearest_name():
    with pytest.raises(SettingsError, match="did you mean 'text_classification'"):
        get_task("text_clasification")
