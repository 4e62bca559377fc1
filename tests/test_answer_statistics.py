"""What can be told from answers alone: each statistic holds its level, and sees what is there."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.metrics import f1_score

from luthier.faults import example_evidence as example
from luthier.faults import get_fault
from luthier.kit.calibration_test import calibration_error, temperature
from luthier.kit.figure_definitions import DEFINED, other_definitions, plain_figures
from luthier.kit.label_order import label_order
from luthier.kit.share_difference import rows_to_see, smallest_difference
from luthier.kit.text_slices import benjamini_hochberg, slice_gap, slices_of
from luthier.records import Fired


def answers(n: int, labels: int, accuracy: float, order: np.ndarray, seed: int):
    rng = np.random.default_rng(seed)
    truth = rng.integers(labels, size=n)
    said = np.where(rng.random(n) < accuracy, truth, rng.integers(labels, size=n))
    return truth, order[said]


@pytest.mark.parametrize("labels", [4, 20])
def test_swapped_labels_are_found_and_named(labels):
    order = np.arange(labels)
    order[[0, 1]] = 1, 0
    for seed in range(5):
        found = label_order(*answers(400, labels, 0.8, order, seed), labels)
        assert found.mapping == {0: 1, 1: 0}
        assert found.p < 0.01


@pytest.mark.parametrize(("labels", "accuracy"), [(8, 0.0), (20, 0.0), (20, 0.8)])
def test_no_order_is_found_where_there_is_none(labels, accuracy):
    ps = [
        label_order(*answers(300, labels, accuracy, np.arange(labels), seed), labels).p
        for seed in range(20)
    ]
    assert min(ps) >= 0.01


def test_a_calibrated_model_is_rarely_called_miscalibrated():
    alarms = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        sure = rng.uniform(0.4, 1.0, 300)
        found = calibration_error(sure, rng.random(300) < sure, samples=200, seed=seed)
        alarms += found.p < 0.01
    assert alarms <= 3  # binomial: above 3 of 40 at 1 % in one case of a thousand


def test_rows_of_one_confidence_are_judged_whatever_their_order():
    right = np.arange(600) < 528  # all right ones first
    found = calibration_error(np.full(600, 0.88), right)
    assert found.p > 0.05


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_the_temperature_is_that_which_was_planted(factor):
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(2000, 4)) * 2
    honest = np.exp(log_softmax(logits, axis=1))
    labels = (honest.cumsum(axis=1) > rng.random((2000, 1))).argmax(axis=1)
    found = temperature(np.exp(log_softmax(factor * logits, axis=1)), labels)
    assert found.low < factor < found.high
    assert found.high / found.low < 1.4


def test_no_temperature_fits_a_model_that_is_always_right():
    assert temperature(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1])) is None


def test_figures_are_those_of_scikit_learn():
    made = example.predictions([0, 0, 1, 2, 2], [0, 1, 1, 2, 0], "abcd")
    expected = f1_score(made.labels, made.predicted, average="macro", zero_division=0)
    assert plain_figures(made)["macro_f1"] == pytest.approx(expected)
    assert set(plain_figures(made)) == set(DEFINED)
    others = dict(other_definitions(made))
    assert others["macro f1 over all 4 labels, absent ones as 0"] == pytest.approx(expected * 3 / 4)


@pytest.mark.parametrize("rows", [100, 500, 3000])
def test_the_smallest_difference_is_the_inverse_of_the_rows_to_see_it(rows):
    difference = smallest_difference(rows, 0.1)
    assert rows_to_see(difference, 0.1) <= rows < rows_to_see(difference * 0.99, 0.1)


def test_a_weak_label_does_not_make_a_weak_slice():
    labels = np.repeat([0, 1], 200)
    wrong = np.concatenate([np.arange(200) % 20 == 0, np.arange(200) % 2 == 0])
    inside = np.concatenate([np.arange(200) < 10, np.arange(200) < 190])
    gap = slice_gap("x", inside, wrong, labels)
    assert gap.accuracy < gap.rest - 0.2
    assert abs(gap.excess) < 0.02
    assert gap.p > 0.05


def test_texts_are_parted_by_what_stands_in_them():
    parts = slices_of(["快递 8 号到了吗", "where is it", "WHERE?"])
    assert parts["texts with a digit"].tolist() == [True, False, False]
    assert parts["texts with '快递'"].tolist() == [True, False, False]
    assert parts["texts with 'where'"].tolist() == [False, True, True]
    assert parts["texts with a question mark"].tolist() == [False, False, True]


def test_false_discoveries_are_held_back():
    assert benjamini_hochberg([0.001, 0.02, 0.2, 0.9], 0.05) == 0.02
    assert benjamini_hochberg([0.04, 0.5], 0.05) == 0.0


@pytest.mark.parametrize(
    ("scale", "cure"), [((2.0, 1.8, 2.2), "In your own code"), ((1.0, 0.9, 1.1), "Read")]
)
def test_a_temperature_is_prescribed_only_where_one_would_mend_something(scale, cure):
    measured = {"temperature": list(scale), "mean_probability": 0.8, "accuracy": 0.7}
    fired = Fired("Answers are right less often than they are sure.", "low", measured)
    said = [one.what for one in get_fault("miscalibrated").module.prescribe(fired)]
    assert any(what.startswith(cure) for what in said)
    assert any("temperature" in what for what in said) == (cure == "In your own code")
