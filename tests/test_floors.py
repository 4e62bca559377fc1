"""The simple rivals: fitted on training rows only, on any label set, in two scripts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from luthier.evidence.floors import fit_floors
from luthier.evidence.label_set_floors import fit_label_set_floors
from luthier.evidence.number_floors import fit_number_floors
from luthier.evidence.out_of_fold import out_of_fold
from luthier.kit import label_set_figures, number_figures
from luthier.kit.classification_figures import quick_metrics
from luthier.settings import EvaluateSettings

NAMES = ("售後服務", "會員福利", "shipping")
TEXTS = (
    ["我要退貨退款", "东西坏了要退货", "收到破損想退貨", "可以退款吗"] * 3
    + ["會員點數怎麼用", "会员有什么优惠", "點數快到期了"] * 2
    + ["where is my parcel", "parcel not delivered", "when will the parcel ship"]
)
LABELS = np.array([0] * 12 + [1] * 6 + [2] * 3)
NEW = ["想要退貨", "会员点数优惠", "my parcel please"]
JUDGED = {
    "validation": (np.array([31, 32, 33]), NEW, np.array([0, 1, 2])),
    "test": (np.array([41]), ["退款"], np.array([-1])),
}


def features(seed: int = 0) -> dict[str, np.ndarray]:
    """Features that hold the label, plus a constant column."""
    rng = np.random.default_rng(seed)

    def of(labels):
        noise = rng.normal(size=(len(labels), 6)) * 0.3
        noise[:, :3] += np.eye(3)[np.maximum(labels, 0)]
        noise[:, 5] = 7.0
        return noise

    return {"train": of(LABELS), **{split: of(labels) for split, (_, _, labels) in JUDGED.items()}}


def test_every_rival_answers_every_split_in_the_order_of_the_model():
    floors = fit_floors(TEXTS, LABELS, JUDGED, NAMES, features, seed=0)
    assert list(floors.predictions) == ["majority", "tfidf_linear", "frozen_encoder"]
    assert floors.notes == ()
    for by_split in floors.predictions.values():
        assert list(by_split) == ["validation", "test"]
        answered = by_split["validation"]
        assert answered.label_names == NAMES
        assert answered.row_ids.tolist() == [31, 32, 33]
        assert answered.probabilities.sum(axis=1) == pytest.approx(np.ones(3))
        own = answered.probabilities[np.arange(3), answered.labels]
        assert answered.loss == pytest.approx(-np.log(own))
        assert np.isnan(by_split["test"].loss).all()


def test_the_majority_says_the_most_frequent_training_label_with_its_share():
    answered = fit_floors(TEXTS, LABELS, JUDGED, NAMES, None, 0).predictions["majority"]
    assert answered["validation"].predicted.tolist() == [0, 0, 0]
    assert answered["validation"].probabilities[0] == pytest.approx([12 / 21, 6 / 21, 3 / 21])


@pytest.mark.parametrize("rival", ["tfidf_linear", "frozen_encoder"])
def test_the_learning_rivals_learn_chinese_in_both_scripts_and_english(rival):
    answered = fit_floors(TEXTS, LABELS, JUDGED, NAMES, features, 0).predictions[rival]
    assert answered["validation"].predicted.tolist() == [0, 1, 2]
    assert answered["test"].predicted.tolist() == [0]


def test_a_label_without_training_rows_gets_probability_zero_and_a_finite_loss():
    names = ("阿", *NAMES, "零")
    judged = {"validation": (np.array([1, 2]), NEW[:2], np.array([0, 2]))}
    shifted = {"train": features()["train"], "validation": features()["validation"][:2]}
    floors = fit_floors(TEXTS, LABELS + 1, judged, names, lambda: shifted, 0).predictions
    for by_split in floors.values():
        answered = by_split["validation"]
        assert answered.probabilities.shape == (2, 5)
        assert (answered.probabilities[:, [0, 4]] == 0).all()
        assert answered.loss[0] == pytest.approx(36.04, abs=0.01)


def test_two_labels_have_two_columns():
    keep = LABELS < 2
    texts = [text for text, kept in zip(TEXTS, keep, strict=True) if kept]
    judged = {"test": (np.array([0, 1]), NEW[:2], np.array([0, 1]))}
    answered = fit_floors(texts, LABELS[keep], judged, NAMES[:2], None, 0).predictions
    assert answered["tfidf_linear"]["test"].probabilities.shape == (2, 2)
    assert answered["tfidf_linear"]["test"].predicted.tolist() == [0, 1]


def test_what_is_left_out_is_said():
    floors = fit_floors(TEXTS, LABELS, JUDGED, NAMES, None, 0)
    assert list(floors.predictions) == ["majority", "tfidf_linear"]
    assert "frozen_encoder left out" in floors.notes[0].message
    one = fit_floors(TEXTS, np.zeros(21, dtype=np.int64), JUDGED, NAMES, features, 0)
    assert list(one.predictions) == ["majority"]
    assert "only one label" in one.notes[0].message


def test_a_solver_that_stops_early_becomes_a_note(monkeypatch):
    monkeypatch.setattr("luthier.evidence.floors.LOGISTIC_STEPS", 1)
    floors = fit_floors(TEXTS, LABELS, JUDGED, NAMES, features, 0)
    assert [note.kind for note in floors.notes] == ["warning"]
    assert "frozen_encoder stopped before it converged" in floors.notes[0].message


def test_texts_of_emoji_alone_can_be_learned():
    judged = {"test": (np.array([0, 1]), ["😀", "😡"], np.array([0, 1]))}
    texts = ["😀😀", "😡", "😀", "😡😡"]
    floors = fit_floors(texts, np.array([0, 1, 0, 1]), judged, NAMES[:2], None, 0)
    assert floors.predictions["tfidf_linear"]["test"].predicted.tolist() == [0, 1]


def test_the_same_seed_gives_the_same_probabilities():
    first, second = (fit_floors(TEXTS, LABELS, JUDGED, NAMES, features, 3) for _ in range(2))
    for rival, by_split in first.predictions.items():
        again = second.predictions[rival]["validation"].probabilities
        assert np.array_equal(by_split["validation"].probabilities, again)


def test_another_core_gives_the_same_answers(monkeypatch):
    here = fit_floors(TEXTS, LABELS, JUDGED, NAMES, features, 3).predictions["tfidf_linear"]
    monkeypatch.setattr("luthier.evidence.floors.SECONDS_PER_CHARACTER", 100.0)
    monkeypatch.setattr("luthier.kit.cores.cpu_count", lambda: 2)
    there = fit_floors(TEXTS, LABELS, JUDGED, NAMES, features, 3).predictions["tfidf_linear"]
    for split, answered in here.items():
        assert np.array_equal(answered.probabilities, there[split].probabilities)


def test_as_many_labels_as_half_of_the_rows_say_nothing_to_the_screen():
    texts = [f"第{i}种 {word}" for i, word in enumerate("甲乙丙丁戊己庚辛壬癸")]
    labels = np.arange(10) % 7
    judged = {"test": (np.array([0]), ["第1种"], np.array([1]))}
    names = [f"标签{i}" for i in range(7)]
    floors = fit_floors(texts, labels, judged, names, None, 0)  # a warning would be an error here
    assert "tfidf_linear" in floors.predictions
    doubted = out_of_fold(np.arange(10), texts, labels, names)
    assert doubted is not None


# several labels, numbers --------------------------------------------------------------------------

SETS = np.stack([LABELS == 0, LABELS == 1, LABELS == 2, LABELS < 2], axis=1).astype(np.int64)
SET_NAMES = (*NAMES, "中文")
JUDGED_SETS = {
    "validation": (
        np.array([31, 32, 33]),
        NEW,
        np.array([[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 0]]),
    ),
    "test": (np.array([41]), ["退款"], np.full((1, 4), -1)),
}


def test_rivals_for_several_labels_learn_each_and_the_base_rates_do_not():
    floors = fit_label_set_floors(TEXTS, SETS, JUDGED_SETS, SET_NAMES, features, 0)
    assert list(floors.predictions) == ["base_rates", "tfidf_linear", "frozen_encoder"]
    rates = floors.predictions["base_rates"]["validation"]
    assert rates.probabilities[0] == pytest.approx([12 / 21, 6 / 21, 3 / 21, 18 / 21])
    assert rates.predicted.tolist() == [[1, 0, 0, 1]] * 3
    for rival in ("tfidf_linear", "frozen_encoder"):
        answered = floors.predictions[rival]["validation"]
        assert answered.predicted.tolist() == JUDGED_SETS["validation"][2].tolist()
        own = np.where(answered.labels == 1, answered.probabilities, 1 - answered.probabilities)
        assert answered.loss == pytest.approx(-np.log(own).mean(axis=1))
        assert np.isnan(floors.predictions[rival]["test"].loss).all()
        judged = label_set_figures.judge(answered, EvaluateSettings(bootstrap_samples=100))
        assert judged.figures["subset_accuracy"].value == 1


def test_a_label_that_all_rows_have_or_none_needs_no_model():
    sets = np.column_stack([LABELS == 0, np.ones(21), np.zeros(21)]).astype(np.int64)
    judged = {"validation": (np.array([31]), NEW[:1], np.array([[1, 1, 0]]))}
    floors = fit_label_set_floors(TEXTS, sets, judged, NAMES, None, 0)
    assert floors.predictions["tfidf_linear"]["validation"].probabilities[0, 1:].tolist() == [1, 0]
    assert "frozen_encoder left out" in floors.notes[0].message


def test_rivals_for_numbers_learn_them_and_the_mean_does_not():
    numbers = np.array([100.0, 250.0, 450.0])[LABELS] + np.arange(21) / 10
    judged = {
        "validation": (np.array([31, 32, 33]), NEW, np.array([100.0, 250.0, 450.0])),
        "test": (np.array([41]), ["退款"], np.array([np.nan])),
    }
    floors = fit_number_floors(TEXTS, numbers, judged, ("number",), features, 0).predictions
    assert list(floors) == ["mean", "tfidf_ridge", "frozen_encoder_ridge"]
    assert floors["mean"]["validation"].predicted == pytest.approx([numbers.mean()] * 3)
    for rival in ("tfidf_ridge", "frozen_encoder_ridge"):
        answered = floors[rival]["validation"]
        assert number_figures.quick_metrics(answered)["r2"] > 0.5
        assert answered.loss == pytest.approx((answered.predicted - answered.labels) ** 2)
        assert np.isnan(floors[rival]["test"].loss).all()


def test_the_linear_rival_is_near_the_known_svm_on_real_customer_messages():
    folder = Path(__file__).parents[1].parent / "shared" / "data" / "cic_zh"
    if not folder.exists():
        pytest.skip("real data set cic_zh is not beside the repository")
    texts, labels = {}, {}
    for split in ("train", "test_public"):
        lines = (folder / f"{split}.json").read_text(encoding="utf-8").split("\n")
        rows = [json.loads(line) for line in lines if line]
        texts[split] = [row["sentence"] for row in rows]
        labels[split] = np.array([int(row["label"]) for row in rows])
    n = len(labels["test_public"])
    floors = fit_floors(
        texts["train"],
        labels["train"],
        {"test": (np.arange(n), texts["test_public"], labels["test_public"])},
        [str(label) for label in range(118)],
        None,
        0,
    )
    measured = quick_metrics(floors.predictions["tfidf_linear"]["test"])
    assert measured["accuracy"] > 0.78
    assert measured["macro_f1"] > 0.67
