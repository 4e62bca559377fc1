"""The evaluate and predict stages, on a small task of the same shape as the real one."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from luthier.kit.classification_figures import judge, quick_metrics
from luthier.records import Encoded, Predictions, Rows, Source
from luthier.run_folder import RunFolder
from luthier.settings import EvaluateSettings, Settings
from luthier.stages.evaluate import evaluate
from luthier.stages.predict import predict

NAMES = ("售後服務", "會員福利", "其他")
FEW = EvaluateSettings(bootstrap_samples=100)


class SmallTask:
    """What the two stages use of a task: a text is its own length, logits are the engine's."""

    def encode(self, rows, label_names, tokenizer, text) -> Encoded:
        whole = np.array([len(tokenizer(one)) for one in rows.columns["text"]])
        lengths = np.minimum(whole, text.max_length)
        return Encoded(
            row_ids=rows.ids,
            targets=np.full(len(rows), -1),
            flat={"input_ids": np.zeros(lengths.sum(), dtype=np.int64)},
            offsets=np.concatenate([[0], np.cumsum(lengths)]),
            full_lengths=whole,
            unknown_tokens=np.zeros(len(rows), dtype=np.int64),
        )

    def answers(self, encoded, logits, label_names, digest, thresholds=()) -> Predictions:
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return Predictions(
            row_ids=encoded.row_ids,
            labels=encoded.targets,
            predicted=logits.argmax(axis=1),
            probabilities=probabilities,
            loss=np.full(len(encoded), np.nan),
            label_names=tuple(label_names),
            model_digest=digest,
        )

    def judge(self, predictions, settings):
        return judge(predictions, settings)

    def quick_metrics(self, predictions):
        return quick_metrics(predictions)


class LengthEngine:
    """Logits that grow with the length of the encoded row."""

    def logits(self, model, encoded, settings):
        return encoded.lengths[:, None] * model[None, :]


def answered(labels, predicted, digest: str = "") -> Predictions:
    labels, predicted = np.asarray(labels), np.asarray(predicted)
    probabilities = np.full((len(labels), 3), 0.1)
    probabilities[np.arange(len(labels)), predicted] = 0.8
    loss = -np.log(probabilities[np.arange(len(labels)), np.maximum(labels, 0)])
    return Predictions(
        np.arange(len(labels)),
        labels,
        predicted,
        probabilities,
        np.where(labels < 0, np.nan, loss),
        NAMES,
        digest,
    )


def evaluation():
    model = {
        "train": answered([0, 1, 2, 0], [0, 1, 2, 0], "abc"),
        "validation": answered([0, 1, 2, 0], [0, 1, 2, 1], "abc"),
        "test": answered([0, 1, 0, -1], [0, 0, 0, 2], "abc"),
    }
    floors = {
        "majority": {
            "validation": answered([0, 1, 2, 0], [0, 0, 0, 0]),
            "test": answered([0, 1, 0, -1], [0, 0, 0, 0]),
        }
    }
    return evaluate(SmallTask(), model, floors, FEW, "macro_f1")


def test_every_split_is_judged_and_the_rivals_stand_beside_those_they_answered():
    result = evaluation()
    assert list(result.splits) == ["train", "validation", "test"]
    assert result.metric_for_best_model == "macro_f1"
    assert result.splits["train"].floor == {}
    floor = result.splits["validation"].floor["majority"]
    assert set(floor) == {"accuracy", "macro_f1"}
    assert floor["accuracy"].value == 0.5
    assert floor["accuracy"].low < 0.5 < floor["accuracy"].high
    assert result.splits["validation"].figures["accuracy"].value == 0.75
    assert result.splits["test"].model_digest == "abc"


def test_rows_and_labels_that_do_not_count_are_said():
    notes = evaluation().notes
    assert "test: rows without a label, which were not judged: 1" in notes
    assert any(note.startswith("test: averages are over 2 of 3 labels") for note in notes)
    assert not any(note.startswith("validation") for note in notes)


def test_the_evaluation_survives_the_run_folder(tmp_path):
    result = evaluation()
    (tmp_path / "run.yaml").write_text("settings: {}\n", encoding="utf-8")
    RunFolder(tmp_path).save_evaluation(result)
    assert RunFolder(tmp_path).evaluation == result
    written = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert written["validation"]["macro_f1"].keys() >= {"value", "low", "high", "n"}


def test_predict_encodes_as_in_training_and_keeps_the_order_of_the_rows():
    texts = ["我想退貨", "会员", "where is my very long parcel"]
    rows = Rows(
        ids=np.array([7, 3, 5]),
        columns={"text": texts},
        locations=["a:1", "a:2", "a:3"],
        given_split=[None] * 3,
        source=Source(path="a", files=(), rows=3, columns={"text": "text"}),
    )
    settings = Settings.model_validate({"text": {"max_length": 8}})
    model = np.array([0.0, 0.1, -0.1])
    answered = predict(SmallTask(), LengthEngine(), model, list, rows, NAMES, settings, "digest")
    assert answered.lost_tokens.tolist() == [0, 0, 20]
    assert "which were cut: 1 of 3" in answered.notes[0].message
    result = answered.predictions
    assert result.row_ids.tolist() == [7, 3, 5]
    assert result.predicted.tolist() == [1, 1, 1]
    odds = np.log(result.probabilities[:, 1] / result.probabilities[:, 0])
    assert odds == pytest.approx([0.4, 0.2, 0.8])  # the last text was cut at 8
    assert (result.label_names, result.model_digest) == (NAMES, "digest")


def test_judging_imports_no_torch():
    code = (
        "import sys, luthier.stages.evaluate, luthier.stages.predict, luthier.evidence.floors;"
        "print([m for m in ('torch', 'transformers') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
