"""What every task file must be, whether it is here today or dropped in tomorrow."""

from __future__ import annotations

import numpy as np
import pytest

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
        assert all(alias == alias.lower() for alias in column.aliases)
    assert task.metrics
    assert len({len(values) for values in task.samples.values()}) == 1
    assert len(rows_of(task.samples)) >= 4


@every_task
def test_its_samples_are_good_and_their_targets_can_be_learned(task: Task):
    rows = rows_of(task.samples)
    assert task.check(rows) == []
    names = task.label_names(rows)
    assert len(set(names)) == len(names) >= 2
    targets = task.targets(rows, names)
    assert targets.dtype == np.int64
    assert targets.shape == (len(rows),)
    assert set(targets.tolist()) <= set(range(len(names)))


@every_task
def test_its_label_order_does_not_depend_on_the_order_of_rows(task: Task):
    rows = rows_of(task.samples)
    assert task.label_names(rows.take(range(len(rows))[::-1])) == task.label_names(rows)


@every_task
def test_rows_without_targets_can_be_encoded_for_prediction(task: Task):
    wanted = [column.name for column in task.columns if not column.target]
    rows = rows_of({name: task.samples[name] for name in wanted})
    names = task.label_names(rows_of(task.samples))
    assert set(task.targets(rows, names).tolist()) == {-1}


@every_bad_sample
def test_a_bad_sample_is_refused_with_its_place(task: Task, bad):
    problems = task.check(rows_of(bad.columns))
    assert any(bad.message_part in problem.what for problem in problems), problems
    assert all(problem.where.startswith("samples.csv:") for problem in problems)


@every_task
def test_the_whole_protocol_runs_on_its_samples(task: Task, tmp_path):  # noqa: PLR0915
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
    model.eval()
    with torch.no_grad():
        each = [
            model(input_ids=torch.tensor(encoded.flat["input_ids"][a:b])[None]).logits
            for a, b in zip(encoded.offsets, encoded.offsets[1:], strict=False)
        ]
    logits, targets = torch.cat(each), torch.tensor(encoded.targets)
    for smoothing in (0.0, 0.1):
        smoothed = TrainSettings(label_smoothing_factor=smoothing)
        loss = task.loss(smoothed, encoded.targets, names)
        losses = loss.each(logits, targets)
        assert losses.shape == (len(rows),)
        assert torch.isfinite(losses).all()
        assert (losses > 0).all()

    answers = task.answers(encoded, logits.double().numpy(), names, "a digest")
    assert answers.row_ids.tolist() == rows.ids.tolist()
    assert answers.label_names == names
    assert answers.model_digest == "a digest"
    assert np.allclose(answers.probabilities.sum(axis=1), 1)
    plain = task.loss(TrainSettings(), encoded.targets, names)
    assert np.allclose(answers.loss, plain.unit * plain.each(logits, targets).numpy(), atol=1e-5)

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
