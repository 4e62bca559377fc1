"""Wrong labels: how many, which, and what the best score is that they allow."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import numpy as np
import pytest

from luthier.evidence.out_of_fold import MOST_ROWS, out_of_fold
from luthier.faults import example_evidence as example
from luthier.faults.data import wrong_labels
from luthier.kit.ceiling import ceilings
from luthier.kit.confident_joint import confident_joint
from luthier.kit.folds import grouped_folds
from luthier.kit.label_noise import (
    doubted,
    estimate_noise,
    surely_wrong,
    surest_rows,
)
from luthier.kit.noise_fit import wrong_beyond_mistakes
from luthier.records import CannotTell, Fired, LabelOpinions, Predictions

SUBJECTS = {
    "退款": ("退款多久到账", "我要退钱", "钱还没退给我", "申请退款"),
    "物流": ("快递到哪了", "物流三天没动", "包裹还没到", "什么时候发货"),
    "發票": ("可以開發票嗎", "發票抬頭寫錯了", "電子發票怎麼下載", "補開發票"),
    "login": ("cannot log in", "reset my password", "my account is locked", "login code"),
}
FILLERS = ("请问", "你好", "麻烦了", "hello", "在吗", "急", "謝謝", "please", "今天", "thanks")


def messages(n: int, flipped: float, seed: int = 0):
    """n texts of four subjects, a part of them with another label; and which."""
    random = np.random.default_rng(seed)
    names = tuple(SUBJECTS)
    truth = random.integers(len(names), size=n)
    texts = [
        f"{random.choice(FILLERS)} {random.choice(SUBJECTS[names[t]])} {random.choice(FILLERS)} {i}"
        for i, t in enumerate(truth)
    ]
    wrong = random.random(n) < flipped
    labels = np.where(wrong, (truth + random.integers(1, len(names), n)) % len(names), truth)
    return texts, labels, wrong, names


@pytest.fixture(scope="module")
def one_in_ten():
    texts, labels, wrong, names = messages(800, 0.1)
    opinions = out_of_fold(np.arange(800), texts, labels, names)
    assert opinions is not None
    return opinions, wrong


def test_the_share_of_wrong_labels_is_estimated_with_an_interval_that_holds_it(one_in_ten):
    opinions, wrong = one_in_ten
    estimate = estimate_noise(opinions)
    assert estimate.noise.low <= wrong.mean() <= estimate.noise.high
    assert abs(estimate.noise.value - wrong.mean()) < 0.05
    assert estimate.told_apart


def test_wrong_labels_are_doubted_first(one_in_ten):
    opinions, wrong = one_in_ten
    at, doubt = doubted(opinions)
    assert wrong[at[: wrong.sum()]].mean() > 0.9
    assert (np.diff(doubt) <= 0).all()


def test_labels_that_may_be_changed_unread_are_fewer_than_the_wrong_ones(one_in_ten):
    opinions, wrong = one_in_ten
    sure = surely_wrong(opinions, estimate_noise(opinions))
    assert 5 < len(sure) < wrong.sum()
    assert wrong[sure].mean() > 0.95


def test_right_labels_raise_no_alarm():
    texts, labels, _, names = messages(1500, 0.0)
    opinions = out_of_fold(np.arange(1500), texts, labels, names)
    assert opinions is not None
    assert not isinstance(wrong_labels.detect(opinions), Fired)
    assert estimate_noise(opinions).noise.value < 0.01


def test_labels_at_random_are_not_called_wrong_but_undecidable():
    texts, labels, _, names = messages(400, 0.0)
    shuffled = np.random.default_rng(1).permutation(labels)
    opinions = out_of_fold(np.arange(400), texts, shuffled, names)
    assert opinions is not None
    assert isinstance(wrong_labels.detect(opinions), CannotTell)


def test_hard_texts_are_not_called_wrong_labels():
    """Errors that grow rarer where the model is surer say nothing about labels."""
    opinions = example.opinions(4000, contradicted=0.0, hard=0.85)
    estimate = estimate_noise(opinions)
    assert estimate.noise.low == 0.0
    assert not isinstance(wrong_labels.detect(opinions), Fired)


def test_what_the_fine_tuned_model_does_not_contradict_is_no_wrong_label():
    alone = estimate_noise(example.opinions(1000, contradicted=0.15, hard=0.3)).noise
    agreed = example.opinions(1000, contradicted=0.15, hard=0.3, model_agrees=True)
    denied = example.opinions(1000, contradicted=0.15, hard=0.3, model_agrees=False)
    assert estimate_noise(agreed).noise.value == pytest.approx(alone.value)
    assert estimate_noise(denied).noise.value < 0.01


def test_rows_of_a_label_with_four_rows_are_never_doubted():
    opinions = example.opinions(400, contradicted=0.0, hard=0.0)
    rare = opinions.linear.labels.copy()
    rare[:4] = 4
    wide = np.column_stack([opinions.linear.probabilities, np.zeros(400)])
    linear = replace(
        opinions.linear, labels=rare, probabilities=wide, label_names=("a", "b", "c", "d", "e")
    )
    at, _ = doubted(LabelOpinions(linear))
    assert not set(range(4)) & set(at.tolist())


def test_the_surest_rows_are_taken_from_every_answer_alike():
    linear = example.opinions(400, contradicted=0.0, hard=0.2).linear
    chosen = surest_rows(linear, 0.1)
    assert np.bincount(linear.predicted[chosen]).tolist() == [10, 10, 10, 10]
    assert (linear.probabilities[chosen].max(axis=1) == 0.97).all()


def test_a_row_was_never_learned_from_by_the_model_that_answers_it():
    """A text that stands there twice is in one fold: its copy cannot give the answer away."""
    keys = [f"text {i % 50}" for i in range(100)]
    fold = grouped_folds(keys, np.arange(100) % 2, 5, seed=0)
    assert set(fold.tolist()) == set(range(5))
    for key in set(keys):
        assert len({int(f) for f, k in zip(fold, keys, strict=True) if k == key}) == 1


def test_out_of_fold_answers_do_not_depend_on_the_order_of_the_rows():
    texts, labels, _, names = messages(200, 0.1)
    order = np.random.default_rng(3).permutation(200)
    first = out_of_fold(np.arange(200), texts, labels, names)
    again = out_of_fold(order, [texts[i] for i in order], labels[order], names)
    assert first is not None
    assert again is not None
    assert (first.linear.predicted[order] == again.linear.predicted).mean() > 0.99


def test_one_label_gives_no_opinion():
    assert out_of_fold(np.arange(9), ["退款"] * 9, np.zeros(9, int), ("a", "b")) is None


def test_large_data_are_sampled_and_it_is_said(monkeypatch):
    monkeypatch.setattr("luthier.evidence.out_of_fold.MOST_ROWS", 100)
    texts, labels, _, names = messages(300, 0.0)
    opinions = out_of_fold(np.arange(300), texts, labels, names)
    assert opinions is not None
    assert len(opinions.linear) == 100
    assert "100 of 300 rows" in opinions.notes[0].message
    assert MOST_ROWS > 10_000


def test_the_confident_joint_of_a_worked_example():
    """Four rows of each label; one row of `a` is surely `b`: 1/8 lies off the diagonal."""
    linear = example.predictions([0] * 4 + [1] * 4, [0, 0, 0, 1, 1, 1, 1, 1])
    joint = confident_joint(linear)
    assert joint == pytest.approx(np.array([[3 / 8, 1 / 8], [0, 4 / 8]]))


@pytest.mark.skipif(
    importlib.util.find_spec("cleanlab") is None, reason="cleanlab, the reference, is not installed"
)
@pytest.mark.filterwarnings("ignore")
def test_the_confident_joint_is_that_of_cleanlab(one_in_ten):
    from cleanlab.count import compute_confident_joint, estimate_joint

    linear = one_in_ten[0].linear
    counts = compute_confident_joint(linear.labels, linear.probabilities, calibrate=True)
    theirs = estimate_joint(linear.labels, linear.probabilities, confident_joint=counts)
    assert confident_joint(linear) == pytest.approx(theirs, abs=2e-3)


def test_the_ceiling_falls_with_the_wrong_labels_and_is_of_the_rows_asked_for(one_in_ten):
    opinions, wrong = one_in_ten
    texts, labels, _, names = messages(800, 0.1)
    rows = example.rows(texts, [names[i] for i in labels])
    clean = np.flatnonzero(~wrong)[:300]
    noisy = np.concatenate([np.flatnonzero(wrong), np.flatnonzero(~wrong)[:400]])
    best = ceilings(rows, np.arange(800), opinions)["label_noise"]["accuracy"]
    assert best.low <= 1 - wrong.mean() <= best.high
    assert ceilings(rows, clean, opinions)["label_noise"]["accuracy"].value > 0.97
    assert ceilings(rows, noisy, opinions)["label_noise"]["accuracy"].value < 0.9


def test_conflicting_duplicates_bound_the_accuracy_exactly():
    rows = example.rows(["退款!", "退款", "退款。", "发票"], ["a", "a", "b", "b"])
    bound = ceilings(rows, np.arange(4), None)["conflicting_duplicates"]["accuracy"]
    assert (bound.value, bound.low, bound.high, bound.n) == (0.75, 0.75, 0.75, 4)


def test_people_who_label_the_same_texts_are_a_ceiling_where_an_annotator_is_named():
    texts = [f"消息 {chr(0x4E00 + i)}" for i in range(30) for _ in range(2)]
    labels = [label for i in range(30) for label in ("a", "b" if i < 6 else "a")]
    rows = example.rows(texts, labels)
    rows = replace(rows, columns={**rows.columns, "annotator": ["li", "wang"] * 30})
    bound = ceilings(rows, np.arange(60), None)["annotators"]["accuracy"]
    assert bound.value == pytest.approx(24 / 30)
    assert bound.low < 0.8 < bound.high


# a judge that is wrong itself ---------------------------------------------------------------------


def judged(n: int, own_mistakes: float, flipped: float, seed: int = 0, sureness: float = 1.0):
    """Answers to n rows of four labels by a judge whose mistakes are as frequent as it says.

    Its probabilities are calibrated for the true labels, and raised to the power `sureness` before
    they are shown; a part of the labels is then flipped.
    """
    random = np.random.default_rng(seed)
    mistaken = random.beta(0.6, 0.6 * (1 - own_mistakes) / own_mistakes, n) if own_mistakes else 0.0
    mistaken = np.minimum(np.broadcast_to(mistaken, n), 0.74)
    predicted = random.integers(4, size=n)
    shift = np.where(random.random(n) < mistaken, random.integers(1, 4, n), 0)
    truth = (predicted + shift) % 4
    labels = np.where(random.random(n) < flipped, (truth + random.integers(1, 4, n)) % 4, truth)
    shown = np.repeat((np.maximum(mistaken, 1e-4) / 3)[:, None], 4, axis=1)
    shown[np.arange(n), predicted] = 1 - np.maximum(mistaken, 1e-4)
    shown **= sureness
    shown /= shown.sum(axis=1, keepdims=True)
    own = shown[np.arange(n), labels]
    return Predictions(np.arange(n), labels, predicted, shown, -np.log(own), ("a", "b", "c", "d"))


@pytest.mark.parametrize("sureness", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("flipped", [0.0, 0.05, 0.2])
def test_a_judges_own_mistakes_are_not_counted_as_wrong_labels(flipped, sureness):
    """One row in five is answered wrongly, and the judge may be more or less sure than right."""
    found = wrong_beyond_mistakes(judged(3000, 0.2, flipped, sureness=sureness))
    assert found.low <= flipped <= found.high
    assert found.high - found.low < 0.12


def test_a_weak_judge_alone_says_at_most_or_that_it_cannot_tell():
    """A judge that errs in a third of the rows may be sure of some of its mistakes, too."""
    outcome = wrong_labels.detect(LabelOpinions(judged(500, 0.33, 0.03)))
    assert isinstance(outcome, CannotTell)
    assert "is itself wrong in about" in outcome.message
    assert outcome.measured["noise_low"] == 0.0


def test_a_broken_fine_tuned_model_does_not_speak_labels_free():
    """One answer to everything is no second opinion: what the linear model sees still stands."""
    alone = example.opinions(1000, contradicted=0.15, hard=0.3)
    broken = replace(alone.linear, predicted=np.zeros(1000, dtype=np.int64))
    both = LabelOpinions(alone.linear, broken)
    assert estimate_noise(both).agreement is None
    assert isinstance(wrong_labels.detect(both), Fired)


def test_no_rows_leave_every_share_possible():
    empty = wrong_beyond_mistakes(example.predictions([], []))
    assert (empty.low, empty.high, empty.n) == (0.0, 1.0, 0)


def two_labels(n: int, right: float, first_row: int = 0, seed: int = 0):
    """A judge of two labels that is right so often, and as sure of what is wrong."""
    random = np.random.default_rng(seed)
    labels = random.integers(2, size=n)
    predicted = np.where(random.random(n) < right, labels, 1 - labels)
    sureness = random.uniform(0.5, 0.95, n)
    probabilities = np.empty((n, 2))
    probabilities[np.arange(n), predicted] = sureness
    probabilities[np.arange(n), 1 - predicted] = 1 - sureness
    loss = -np.log(probabilities[np.arange(n), labels])
    ids = np.arange(first_row, first_row + n)
    return Predictions(ids, labels, predicted, probabilities, loss, ("match", "no match"))


def test_a_model_that_is_little_better_than_chance_is_no_judge_of_labels():
    """Pairs of texts: the linear model learns the opposite, and the fine-tuned one hardly more."""
    model = two_labels(600, 0.62)
    wrong_way = replace(model, predicted=1 - model.predicted, probabilities=1 - model.probabilities)
    estimate = estimate_noise(LabelOpinions(wrong_way, model))
    assert estimate.by_model
    assert not estimate.judges_well
    assert isinstance(wrong_labels.detect(LabelOpinions(wrong_way, model)), CannotTell)


def test_a_judge_that_knows_the_labels_well_still_finds_that_a_tenth_are_wrong():
    model = two_labels(2000, 0.9, seed=1)
    chance = two_labels(2000, 0.5, seed=2)
    linear = replace(chance, labels=model.labels)
    estimate = estimate_noise(LabelOpinions(linear, model))
    assert estimate.by_model
    assert estimate.judges_well
    assert isinstance(wrong_labels.detect(LabelOpinions(linear, model)), Fired)
