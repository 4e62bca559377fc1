"""How right each row is answered, of every task: equal to scikit-learn, and compared row by row."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, r2_score

from luthier.kit.row_scores import (
    mean_gap,
    mean_score,
    row_scores,
    rows_to_tell,
    score_differences,
    spread_of,
)
from luthier.records import LabelSetPredictions, NumberPredictions

RANDOM = np.random.default_rng(3)


def sets(truth, given, ids=None):
    truth, given = np.asarray(truth), np.asarray(given)
    names = tuple(f"l{k}" for k in range(truth.shape[1]))
    halves = (0.5,) * len(names)
    loss = np.zeros(len(truth))
    ids = np.arange(len(truth)) if ids is None else ids
    return LabelSetPredictions(ids, truth, given, given.astype(float), loss, names, halves)


def numbers(truth, given, ids=None):
    ids = np.arange(len(truth)) if ids is None else ids
    loss = (np.asarray(truth) - np.asarray(given)) ** 2
    return NumberPredictions(ids, np.asarray(truth), np.asarray(given), loss, ("y",))


def some_sets(n=200, wrong=0.2, seed=0):
    random = np.random.default_rng(seed)
    truth = (random.random((n, 4)) < 0.3).astype(np.int64)
    flipped = random.random((n, 4)) < wrong
    return truth, np.where(flipped, 1 - truth, truth)


def test_the_mean_of_sets_is_the_sample_f1_of_scikit_learn():
    truth, given = some_sets()
    expected = f1_score(truth, given, average="samples", zero_division=1)
    assert mean_score(sets(truth, given)) == pytest.approx(expected, abs=1e-12)


def test_the_mean_of_numbers_is_r2():
    truth = RANDOM.normal(3, 2, 300)
    given = truth + RANDOM.normal(0, 1, 300)
    assert mean_score(numbers(truth, given)) == pytest.approx(r2_score(truth, given), abs=1e-12)


def test_rows_without_truth_are_left_out():
    answers = numbers(np.array([1.0, np.nan, 3.0]), np.array([1.0, 5.0, 3.0]))
    assert row_scores(answers, spread_of(answers)).tolist() == [1.0, 1.0]


def test_a_rival_in_another_order_of_rows_is_compared_with_its_own_rows():
    truth, given = some_sets()
    turned = np.arange(200)[::-1]
    found = score_differences(
        sets(truth, given), sets(truth[turned], truth[turned], ids=turned.copy())
    )
    assert found["sample_f1"].value == pytest.approx(mean_score(sets(truth, given)) - 1)
    expected = f1_score(truth, given, average="macro") - 1
    assert found["macro_f1"].value == pytest.approx(expected, abs=1e-12)
    assert found["macro_f1"].low < expected < found["macro_f1"].high < 0


def test_equal_answers_differ_by_no_more_than_so_few_rows_can_rule_out():
    truth, given = some_sets(60)
    figure = score_differences(sets(truth, given), sets(truth, given))["sample_f1"]
    assert figure.value == 0
    assert figure.low == pytest.approx(-figure.high)
    assert 0.05 < figure.high < 0.07  # Wilson's upper end for 0 of 60 is 0.0602


def test_answers_on_other_rows_are_refused():
    truth, given = some_sets(20)
    with pytest.raises(ValueError, match="same rows"):
        score_differences(sets(truth, given), sets(truth, given, ids=np.arange(1, 21)))


def test_answers_of_another_task_are_refused():
    truth, given = some_sets(20)
    with pytest.raises(ValueError, match="different tasks"):
        score_differences(sets(truth, given), numbers(np.arange(20.0), np.arange(20.0)))


def test_the_gap_of_numbers_is_in_the_unit_of_the_second():
    truth = RANDOM.normal(0, 2, 400)
    second = numbers(truth, truth + RANDOM.normal(0, 1, 400))
    first = numbers(truth, truth)
    gap = mean_gap(first, second)
    assert gap.value == pytest.approx(1 - r2_score(truth, second.predicted), abs=1e-12)
    assert 0 < gap.low < gap.value < gap.high


def test_the_interval_of_a_difference_holds_the_truth_in_most_samples():
    held = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        truth = random.normal(0, 1, 150)
        ours, theirs = truth + random.normal(0, 0.5, 150), truth + random.normal(0, 0.6, 150)
        figure = score_differences(numbers(truth, ours), numbers(truth, theirs))["r2"]
        held += figure.low <= 0.36 - 0.25 <= figure.high
    assert held >= 51  # of 60; 95 % would be 57, and fewer than 51 is a chance of one in a hundred


def test_a_smaller_difference_takes_more_rows():
    truth, given = some_sets()
    ours, theirs = sets(truth, given), sets(truth, truth)
    needed = rows_to_tell(ours, theirs, 0.02)
    assert 4 * needed - 4 <= rows_to_tell(ours, theirs, 0.01) <= 4 * needed
