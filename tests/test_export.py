"""Exports: checked in a fresh process, their price measured, and only used when they passed."""

import json
from dataclasses import replace
from importlib import util

import numpy as np
import pytest

import luthier
from fake_tasks import make_number_run, make_set_run
from luthier.errors import InputError, RunFolderError
from luthier.journeys import export as journey
from luthier.journeys.export_cost import answered_otherwise, cost_of
from luthier.journeys.exports import chosen_export, export_folder, exported
from luthier.journeys.predict import predict_texts
from luthier.records import Figure
from luthier.tasks import get_task
from shop_csv import shop

pytestmark = pytest.mark.skipif(
    any(util.find_spec(name) is None for name in ("onnx", "onnxscript", "onnxruntime")),
    reason="luthier[export] is not installed",
)
TEXTS = ["我要退款", "包裹到哪里了", "怎么积分", "please refund"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    data, model = shop(tmp_path_factory.mktemp("shop"), 90)
    return luthier.workup(
        data,
        run_dir=data.parent / "run",
        settings={
            "model.name_or_path": str(model),
            "train.num_train_epochs": 1,
            "train.learning_rate": 1e-2,
            "train.threads": 1,
            "train.time_budget": "none",
            "evaluate.bootstrap_samples": 100,
            "evaluate.floors": False,
        },
        until="train",
    )


@pytest.fixture(scope="module")
def facts(run):
    return luthier.export(run, "onnx")


def test_the_graph_gives_the_same_answers_in_a_fresh_process(run, facts):
    assert facts.rows == len(run.splits.ids_of("validation"))
    assert facts.stages == {"text": 0, "tokens": 0, "logits": 0, "label": 0}
    assert (facts.first_stage, facts.passed) == (None, True)
    assert facts.loss.value == 0
    assert (
        json.loads((export_folder(run, "onnx") / "export.json").read_text())["rows"] == facts.rows
    )


def test_a_run_answers_with_the_graph_as_with_torch(run, facts):
    torch, onnx = (predict_texts(run, TEXTS, way=way) for way in ("torch", "onnx"))
    np.testing.assert_allclose(onnx.probabilities, torch.probabilities, atol=1e-4)
    assert onnx.predicted.tolist() == torch.predicted.tolist()


def test_only_what_passed_costs_little_and_is_faster_is_chosen(run, facts, monkeypatch):
    def chosen(**changed):
        changed = {"seconds_per_1000_rows": 1.0, "torch_seconds_per_1000_rows": 2.0, **changed}
        there = (replace(facts, **changed),)
        monkeypatch.setattr("luthier.journeys.exports.exported", lambda _: there)
        return chosen_export(run, "auto", 0.3)[0]

    dear = Figure(0.004, 0.0, 0.01, facts.rows)
    other_tokens = {"text": 0, "tokens": 1, "logits": 0, "label": 0}
    assert chosen() is not None
    assert chosen(torch_seconds_per_1000_rows=0.5) is None
    assert chosen(loss=dear) is None
    assert chosen(stages=other_tokens) is None


@pytest.mark.slow
def test_the_first_stage_that_differs_is_named(run, facts, monkeypatch):
    ask = journey._in_fresh_process

    def other_tokens(*given):
        told = ask(*given)
        return {**told, "ids": told["ids"] + 1, "logits": told["logits"] + 1}

    saved = {path.name: path.read_bytes() for path in export_folder(run, "onnx").iterdir()}

    def written_before(_model, _sample, folder, _kind):  # the same graph: exporting takes long
        for name, content in saved.items():
            (folder / name).write_bytes(content)

    monkeypatch.setattr(journey, "write_onnx", written_before)
    monkeypatch.setattr(journey, "_in_fresh_process", other_tokens)
    found = luthier.export(run, "onnx")
    assert (found.first_stage, found.passed) == ("tokens", False)
    assert found.stages["logits"] == found.rows


def test_a_changed_file_is_not_answered_with(run, facts):
    graph = export_folder(run, "onnx") / "model.onnx"
    whole = graph.read_bytes()
    graph.write_bytes(whole + b"x")
    with pytest.raises(RunFolderError, match="not the file that was checked"):
        predict_texts(run, TEXTS, way="onnx")
    graph.write_bytes(whole)


def test_an_export_of_earlier_weights_is_not_known(run, facts):
    path = export_folder(run, "onnx") / "export.json"
    told = path.read_text()
    path.write_text(told.replace(facts.model_digest, "0" * 64))
    assert exported(run) == ()
    with pytest.raises(InputError, match="onnx was not exported from the weights that ship"):
        predict_texts(run, TEXTS, way="onnx")
    path.write_text(told)


@pytest.mark.slow
def test_eight_bits_are_measured_not_trusted(run):
    found = luthier.export(run, "onnx-int8")
    assert found.tolerance is None
    assert found.largest_difference > 0
    assert found.stages["text"] == found.stages["tokens"] == 0


def test_an_unknown_format_is_named(run):
    with pytest.raises(InputError, match=r"no format 'onxx'(.|\n)*did you mean 'onnx'"):
        luthier.export(run, "onxx")


def test_numbers_are_the_same_within_the_rounding_of_sums(tmp_path):
    run, _ = make_number_run(tmp_path / "run")
    here = run.answers("validation")
    assert answered_otherwise(here, replace(here, predicted=here.predicted + 1e-6)) == 0
    moved = here.predicted.copy()
    moved[3] += 0.05
    assert answered_otherwise(here, replace(here, predicted=moved)) == 1


@pytest.mark.parametrize(
    ("make", "metrics"),
    [
        (make_set_run, ("macro_f1", "micro_f1", "loss")),
        (make_number_run, ("r2", "spearman", "loss")),
    ],
)
def test_what_an_export_costs_has_an_interval_in_every_task(tmp_path, make, metrics):
    run, _ = make(tmp_path / "run")
    here = run.answers("validation")
    wrong = here.predicted.copy()
    wrong[:5] = 1 - wrong[:5]
    there = replace(here, predicted=wrong, loss=here.loss + 0.01 * np.arange(len(here)))
    task = get_task("multi_label" if make is make_set_run else "text_regression")
    for metric in metrics:
        cost = cost_of(task, here, there, metric)
        assert cost.low < cost.value < cost.high, metric
        assert cost.value > 0
        assert (cost.method, cost.n) == ("bootstrap", len(here))
        same = cost_of(task, here, here, metric)
        assert (same.value, same.method) == (0, "wilson")
        assert same.low < 0 < same.high
