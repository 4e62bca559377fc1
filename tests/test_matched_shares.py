"""Shares compared like with like: hand-worked cases, and intervals that hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.kit.matched_shares import difference_within, mcnemar, paired_shares, share_without

RUNS = 400


def test_mcnemar_is_the_exact_binomial():
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(0, 8) == pytest.approx(2 / 2**8)
    assert mcnemar(8, 0) == mcnemar(0, 8)


def test_a_paired_difference_has_width_where_no_row_differs():
    figure = paired_shares(0, 0, 50)
    assert figure.value == 0
    assert figure.low < 0 < figure.high
    assert paired_shares(30, 10, 100).value == pytest.approx(0.2)


def test_nineteen_paired_intervals_in_twenty_hold_the_truth():
    rng = np.random.default_rng(1)
    cells = rng.multinomial(80, [0.15, 0.05, 0.8], size=RUNS)
    held = [(f := paired_shares(int(a), int(b), 80)).low <= 0.1 <= f.high for a, b, _ in cells]
    assert 0.93 <= np.mean(held) <= 0.98


def test_a_label_that_is_harder_does_not_look_like_a_difference():
    """The first set holds more of the hard label; within the labels both are answered alike."""
    right = np.array(
        [1] * 90 + [0] * 10 + [1] * 9 + [0] * 1 + [1] * 5 + [0] * 5 + [1] * 50 + [0] * 50
    )
    first = np.array([False] * 100 + [True] * 10 + [False] * 10 + [True] * 100)
    labels = ["easy"] * 110 + ["hard"] * 110
    figure = difference_within(right.astype(bool), first, labels)
    assert figure.value == pytest.approx(0)
    assert figure.n == 220


def test_without_a_label_in_both_sets_nothing_is_said():
    right = np.array([True, False])
    assert difference_within(right, np.array([True, False]), ["a", "b"]) is None


def test_nineteen_differences_within_labels_in_twenty_hold_the_truth():
    rng = np.random.default_rng(2)
    labels = np.repeat(np.arange(20), 12)
    base = np.repeat(rng.uniform(0.3, 0.8, 20), 12)
    held = []
    for _ in range(RUNS):
        first = rng.random(240) < 0.4
        right = rng.random(240) < base + 0.15 * first
        figure = difference_within(right, first, labels.tolist())
        held.append(figure.low <= 0.15 <= figure.high)
    assert 0.92 <= np.mean(held) <= 0.98


def test_what_doubtful_rows_add_to_a_share():
    right = np.array([True] * 20 + [True] * 60 + [False] * 20)
    doubtful = np.array([True] * 20 + [False] * 80)
    figure = share_without(right, doubtful)
    assert figure.value == pytest.approx(0.8 - 0.75)
    assert 0 < figure.low < 0.05 < figure.high


def test_doubtful_rows_that_are_like_the_others_add_nothing():
    rng = np.random.default_rng(3)
    figures = [share_without(rng.random(200) < 0.8, rng.random(200) < 0.2) for _ in range(RUNS)]
    assert 0.92 <= np.mean([f.low <= 0 <= f.high for f in figures]) <= 0.99
