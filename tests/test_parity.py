"""A model folder answers again in a fresh process: what made the recorded answers is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

from luthier.evidence.fresh_process import fresh_model
from luthier.evidence.parity import Recorded, find_way
from luthier.faults.evaluate import initial_weights_evaluated, train_mode_at_evaluation
from luthier.faults.export import preprocessing_differs, reload_differs
from luthier.kit.telling_rows import telling_rows
from luthier.kit.ways import AS_SHIPPED, WITH_DROPOUT, Way, exact_ways
from luthier.records import Clear, Fired, Predictions

TEXTS = tuple(
    f"{'Refund' if i % 2 else 'Parcel'} 退款 No {i} {'PLEASE' if i % 3 else 'now!'}"
    for i in range(120)
)
LOWER = Way("the texts in lower case", "text", change="the texts in lower case")


class Model:
    """Answers by the characters of a text; asked as a real one is."""

    def __init__(self, dropout: float = 0.4):
        self.weights = np.random.default_rng(0).normal(size=(512, 3))
        self.initial = np.random.default_rng(1).normal(size=(512, 3)) / 10
        self.dropout = dropout

    def __call__(self, texts, way=AS_SHIPPED, *, alone=False, seed=0):
        if not way.masked or way.load or "add_special_tokens" in way.call:
            return None
        inputs = np.zeros((len(texts), 512))
        for i, text in enumerate(way.texts(texts)):
            for character in text[: way.call.get("max_length", 1000)]:
                inputs[i, ord(character) % 512] += 0.5
        if way.train_mode:
            kept = np.random.default_rng(seed + 9).random(inputs.shape) > self.dropout
            inputs = inputs * kept / (1 - self.dropout)
        return softmax(inputs @ (self.initial if way.weights else self.weights), axis=1)


def record(probabilities, rounded=0.0) -> Recorded:
    n = len(probabilities)
    answers = Predictions(
        np.arange(n), np.zeros(n, dtype=np.int64), probabilities.argmax(axis=1), probabilities,
        np.zeros(n), ("a", "b", "c"),
    )  # fmt: skip
    return Recorded(answers, TEXTS[:n], rounded)


def parity_of(probabilities, model=None, rounded=0.0):
    return find_way(record(probabilities, rounded), model or Model(), exact_ways(None, "initial"))


def test_the_model_that_ships_is_recognised():
    found = parity_of(Model()(TEXTS))
    assert found.shipped.explains
    assert found.first_stage is None
    assert len(found.replays) == 1
    for fault in (train_mode_at_evaluation, preprocessing_differs, reload_differs):
        assert isinstance(fault.detect(found), Clear)


def test_a_file_that_keeps_three_digits_is_the_same_answer():
    assert parity_of(np.round(Model()(TEXTS), 3), rounded=0.0005).shipped.explains


@pytest.mark.parametrize(
    ("way", "kind"),
    [
        (LOWER, "text"),
        (Way("", "text", change="the texts without digits"), "text"),
        (Way("at most 8 tokens", "tokens", call={"max_length": 8}), "tokens"),
        (Way("", "weights", weights="initial"), "weights"),
    ],
)
def test_each_exact_way_is_told_apart(way, kind):
    found = parity_of(Model()(TEXTS, way))
    assert found.explanation.kind == kind
    assert sum(replay.explains for replay in found.replays) == 1


def test_dropout_is_told_from_everything_else():
    found = parity_of(Model()(TEXTS, WITH_DROPOUT, seed=123))
    assert found.explanation.kind == "train_mode"
    assert isinstance(train_mode_at_evaluation.detect(found), Fired)
    assert isinstance(preprocessing_differs.detect(found), Clear)


def test_other_weights_are_no_dropout():
    other = Model()
    other.weights = np.random.default_rng(5).normal(size=(512, 3))
    found = parity_of(other(TEXTS))
    assert found.explanation is None
    assert isinstance(reload_differs.detect(found), Fired)


def test_softmax_over_probabilities_is_recognised():
    found = parity_of(softmax(Model()(TEXTS), axis=1))
    assert found.explanation.way == "the outputs with softmax applied twice"


def test_answers_beside_other_rows_are_recognised():
    told = Model()(TEXTS)[np.random.default_rng(3).permutation(len(TEXTS))]
    found = find_way(record(told), Model(), exact_ways(None, "initial"), every=told)
    assert (found.explanation.kind, found.explanation.way) == ("rows", "the answers to other rows")
    for fault in (initial_weights_evaluated, preprocessing_differs, reload_differs):
        assert isinstance(fault.detect(found), Clear)


@pytest.mark.parametrize("way", [AS_SHIPPED, LOWER, WITH_DROPOUT])
def test_answers_beside_their_own_rows_are_not_taken_for_those_of_others(way):
    told = Model()(TEXTS, way, seed=123)
    found = find_way(record(told), Model(), exact_ways(None, "initial"), every=told)
    assert found.explanation.kind == way.kind


def test_answers_that_are_all_alike_cannot_be_recognised_beside_other_rows():
    sure = np.eye(3)[np.arange(len(TEXTS)) % 3] * 0.9999 + 0.0001 / 3
    model = Model()
    model.weights = model.weights * 1000  # sure of everything
    found = find_way(record(sure), model, (), every=sure)
    assert all(replay.kind != "rows" for replay in found.replays)


def test_labels_alone_tell_less_but_not_nothing():
    eyes = np.eye(3)[Model()(TEXTS).argmax(axis=1)]
    assert parity_of(eyes, rounded=1.0).shipped.explains


def test_untrained_weights_are_named_by_their_digest():
    found = replace(parity_of(Model()(TEXTS)), recorded_digest="x", initial_digest="x")
    assert isinstance(initial_weights_evaluated.detect(found), Fired)


def test_rows_that_exercise_a_pipeline_are_chosen_first():
    texts = ["a"] * 500 + ["Ünïted <b>2</b> 退款!"]
    assert 500 in telling_rows(texts, 20)
    assert len(telling_rows(texts, 20)) == 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from transformers import BertForSequenceClassification

    from tiny_models import make_tiny_model

    path = make_tiny_model(tmp_path_factory.mktemp("parity") / "model", TEXTS)
    names = dict(enumerate("abc"))
    model = BertForSequenceClassification.from_pretrained(path, num_labels=3, id2label=names)
    for part in (model.classifier, model.bert.pooler.dense, *model.bert.encoder.layer):
        for weight in part.parameters():
            weight.data.mul_(6)  # so that a random model has opinions
    model.save_pretrained(path)
    return path


@pytest.mark.slow
def test_a_real_folder_answers_in_a_fresh_process(folder):
    with fresh_model(folder) as model:
        facts = model.facts()
        assert facts.labels == ("a", "b", "c")
        assert facts.missing_keys == ()
        assert facts.training_modules == ()
        right = model.probabilities(TEXTS)
        short = Way("at most 8 tokens", "tokens", call={"max_length": 8})
        cut = model.probabilities(TEXTS, short)
        found = find_way(record(cut), model.probabilities, (LOWER, short))
    assert right.shape == (120, 3)
    assert np.allclose(right.sum(axis=1), 1)
    assert found.explanation.way == "at most 8 tokens"
    assert found.repeat_difference < 1e-6
    assert found.alone_difference < 1e-4
