"""Intervals: known values, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from luthier.kit.intervals import (
    bootstrap_counts,
    bootstrap_mean,
    f1_figure,
    joined_interval,
    paired_difference,
    share_figure,
    smoothed_bootstrap,
    unbiased_interval,
    wilson,
)
from luthier.kit.label_counts import LabelCounts, accuracy, macro_f1, mcc
from luthier.records import Predictions


def predictions(labels, predicted, label_count: int, row_ids=None) -> Predictions:
    labels, predicted = np.asarray(labels), np.asarray(predicted)
    probabilities = np.eye(label_count)[predicted]
    return Predictions(
        row_ids=np.arange(len(labels)) if row_ids is None else np.asarray(row_ids),
        labels=labels,
        predicted=predicted,
        probabilities=probabilities,
        loss=np.zeros(len(labels)),
        label_names=tuple(f"意圖{i}" for i in range(label_count)),
    )


@pytest.mark.parametrize(("successes", "n"), [(0, 5), (5, 5), (1, 7), (830, 1000), (3, 3000)])
def test_wilson_equals_scipy(successes, n):
    expected = binomtest(successes, n).proportion_ci(method="wilson")
    assert wilson(successes, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_of_no_rows_says_nothing():
    assert wilson(0, 0) == (0.0, 1.0)
    assert share_figure(0, 0).value == 0.0


def test_five_right_rows_of_a_label_are_not_a_certain_f1():
    figure = f1_figure(5, 5, 5)
    assert figure.value == 1.0
    assert figure.low == pytest.approx(0.7225, abs=1e-3)
    assert figure.n == 5


def test_f1_of_a_label_nobody_has_or_was_given_is_zero_and_unknown():
    assert (f1_figure(0, 0, 0).value, f1_figure(0, 0, 0).low, f1_figure(0, 0, 0).high) == (0, 0, 1)


def test_the_f1_interval_of_a_label_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(3)
    cells = np.array([0.06, 0.02, 0.03, 0.89])  # TP, FN, FP, TN
    truth = 2 * 0.06 / (2 * 0.06 + 0.05)
    held = [
        figure.low <= truth <= figure.high
        for tp, fn, fp, _ in rng.multinomial(200, cells, size=2000)
        for figure in [f1_figure(int(tp), int(tp + fn), int(tp + fp))]
    ]
    assert 0.93 <= np.mean(held) <= 0.98


def test_drawing_cells_is_drawing_rows():
    rng = np.random.default_rng(0)
    labels = rng.integers(4, size=60)
    answers = np.where(rng.random(60) < 0.6, labels, rng.integers(4, size=60))
    counts = LabelCounts.of_rows(labels, answers, 4)
    by_cells = np.concatenate([macro_f1(c) for c in bootstrap_counts(counts, 4000, seed=1)])
    rows = rng.integers(60, size=(4000, 60))
    by_rows = np.array(
        [float(macro_f1(LabelCounts.of_rows(labels[r], answers[r], 4))) for r in rows]
    )
    assert by_cells.mean() == pytest.approx(by_rows.mean(), abs=0.005)
    quantiles = [2.5, 50, 97.5]
    assert np.percentile(by_cells, quantiles) == pytest.approx(
        np.percentile(by_rows, quantiles), abs=0.015
    )


def test_chunks_add_up_to_the_samples_asked_for(monkeypatch):
    counts = LabelCounts.of_rows(np.array([0, 1, 1]), np.array([0, 1, 0]), 2)
    monkeypatch.setattr("luthier.kit.intervals.MOST_DRAWS", 30)
    chunks = list(bootstrap_counts(counts, 25, seed=0))
    assert len(chunks) > 1
    assert sum(len(chunk.right) for chunk in chunks) == 25
    assert all((chunk.rows == 3).all() for chunk in chunks)


def test_the_macro_f1_interval_holds_the_truth_with_many_rare_labels():
    rng = np.random.default_rng(5)
    k, n, runs = 40, 400, 150
    share = 1 / np.arange(1, k + 1)
    share /= share.sum()
    right = rng.uniform(0.5, 0.95, k)
    population = right[:, None] * np.eye(k) + (1 - right)[:, None] * share
    population *= share[:, None]
    truth = float(
        macro_f1(LabelCounts(population.diagonal(), population.sum(1), population.sum(0)))
    )
    held = 0
    for run in range(runs):
        code = np.repeat(np.arange(k * k), rng.multinomial(n, population.ravel()))
        counts = LabelCounts.of_rows(code // k, code % k, k)
        draws = np.concatenate([macro_f1(c) for c in bootstrap_counts(counts, 200, run)])
        low, high = unbiased_interval(float(macro_f1(counts)), draws, 0.0)
        held += low <= truth <= high
    assert 0.90 <= held / runs <= 1.0


def test_joined_intervals_of_two_shares_are_those_of_their_mean():
    first, second = share_figure(45, 45), share_figure(0, 45)
    low, high = joined_interval([first, second], np.array([0.5, 0.5]))
    reach = wilson(0, 45)[1] / 2  # only one end of each is open
    assert (low, high) == pytest.approx((0.5 - reach, 0.5 + reach))


def test_joined_intervals_of_a_difference_are_those_of_newcombe():
    first, second = share_figure(56, 70), share_figure(48, 80)
    low, high = joined_interval([first, second], np.array([1.0, -1.0]))
    swapped = (first.value - second.value) - np.hypot(
        first.value - first.low, second.value - second.low
    )
    assert low == pytest.approx(swapped)
    assert low < 0.2 < high


def test_a_smoothed_bootstrap_agrees_with_the_plain_one_on_many_rows(monkeypatch):
    rng = np.random.default_rng(4)
    labels = rng.integers(3, size=3000)
    answers = np.where(rng.random(3000) < 0.7, labels, rng.integers(3, size=3000))
    counts = LabelCounts.of_rows(labels, answers, 3)
    draws = np.concatenate([mcc(c) for c in bootstrap_counts(counts, 1000, 0)])
    ends = smoothed_bootstrap(counts, mcc, 1000, 0)
    assert ends == pytest.approx(tuple(np.percentile(draws, [2.5, 97.5])), abs=0.006)
    assert smoothed_bootstrap(counts, mcc, 1000, 0) == ends
    monkeypatch.setattr("luthier.kit.intervals.MOST_DRAWS", 900)
    in_chunks = smoothed_bootstrap(counts, mcc, 1000, 0)
    assert in_chunks == pytest.approx(ends, abs=0.006)


def test_the_mean_of_a_loss_has_an_interval_that_narrows_with_rows():
    rng = np.random.default_rng(2)
    few, many = (bootstrap_mean(rng.exponential(size=n), 500, seed=0) for n in (50, 5000))
    assert few.low < 1.0 < few.high
    assert many.low < 1.0 < many.high
    assert many.high - many.low < (few.high - few.low) / 5


def test_the_same_seed_gives_the_same_ends():
    values = np.random.default_rng(0).random(100)
    assert bootstrap_mean(values, 200, seed=4) == bootstrap_mean(values, 200, seed=4)
    assert bootstrap_mean(values, 200, seed=4) != bootstrap_mean(values, 200, seed=5)


def test_a_clear_difference_is_clear_and_rows_are_matched_by_id():
    rng = np.random.default_rng(1)
    labels = rng.integers(3, size=400)
    ours = np.where(rng.random(400) < 0.9, labels, (labels + 1) % 3)
    theirs = np.where(rng.random(400) < 0.6, labels, (labels + 1) % 3)
    shuffled = rng.permutation(400)
    figure = paired_difference(
        predictions(labels, ours, 3),
        predictions(labels[shuffled], theirs[shuffled], 3, row_ids=shuffled),
        accuracy,
    )
    assert figure.value == pytest.approx((ours == labels).mean() - (theirs == labels).mean())
    assert 0.2 < figure.low < figure.value < figure.high < 0.4
    assert figure.n == 400


def test_pairing_narrows_what_both_find_hard():
    rng = np.random.default_rng(8)
    labels = rng.integers(2, size=500)
    ours = np.where(rng.random(500) < 0.7, labels, 1 - labels)
    theirs = np.where(rng.random(500) < 0.02, 1 - ours, ours)
    figure = paired_difference(
        predictions(labels, ours, 2), predictions(labels, theirs, 2), macro_f1
    )
    assert figure.low <= 0 <= figure.high or abs(figure.value) < 0.03
    assert figure.high - figure.low < 0.04  # two unpaired intervals would be 0.08 wide each


def test_rivals_that_never_differ_on_few_rows_may_still_differ():
    one = predictions([0, 1, 0], [0, 1, 1], 2)
    figure = paired_difference(one, one, macro_f1)
    assert figure.value == 0.0
    assert figure.low < -0.5
    assert figure.high == -figure.low


def test_paired_intervals_hold_no_difference_as_often_as_they_say():
    rng = np.random.default_rng(11)
    held = 0
    for run in range(200):
        labels = rng.integers(5, size=150)
        ours, theirs = (
            np.where(rng.random(150) < 0.75, labels, rng.integers(5, size=150)) for _ in range(2)
        )
        figure = paired_difference(
            predictions(labels, ours, 5),
            predictions(labels, theirs, 5),
            macro_f1,
            samples=200,
            seed=run,
        )
        held += figure.low <= 0 <= figure.high
    assert 0.90 <= held / 200 <= 0.99


def test_unlabelled_rows_are_left_out_of_a_difference():
    ours = predictions([0, 1, -1, 1], [0, 1, 1, 0], 2)
    theirs = predictions([0, 1, -1, 1], [1, 1, 0, 0], 2)
    figure = paired_difference(ours, theirs, accuracy)
    assert figure.n == 3
    assert figure.value == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("theirs", "message"),
    [
        (predictions([0, 1], [0, 1], 2, row_ids=[0, 7]), "not on the same rows"),
        (predictions([1, 1], [0, 1], 2), "disagree about the true labels"),
        (predictions([0, 1], [0, 1], 3), "name different labels"),
    ],
)
def test_predictions_that_do_not_belong_together_are_refused(theirs, message):
    with pytest.raises(ValueError, match=message):
        paired_difference(predictions([0, 1], [0, 1], 2), theirs, accuracy)
