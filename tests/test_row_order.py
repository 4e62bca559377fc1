"""Answers beside other rows than those they were given for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from luthier.faults import example_evidence as example
from luthier.kit.row_order import row_order
from luthier.settings import Settings
from luthier.stages.diagnose import diagnose


def answers(n: int = 400, right: float = 0.85, labels: int = 4, seed: int = 0):
    """A model that is right so often, on labels in random order."""
    random = np.random.default_rng(seed)
    truth = random.integers(labels, size=n)
    other = (truth + random.integers(1, labels, size=n)) % labels
    given = np.where(random.random(n) < right, truth, other)
    return example.predictions(truth.tolist(), given.tolist(), "abcd"[:labels])


def beside(test, order):
    """The same answers, written beside other rows."""
    return replace(test, predicted=test.predicted[order], probabilities=test.probabilities[order])


@pytest.mark.parametrize("moved", [1, -1, 3, -5])
def test_answers_a_few_rows_too_low_or_too_high_are_moved_back(moved):
    test = answers()
    found = row_order(beside(test, np.roll(np.arange(400), moved)))
    assert (found.moved, found.turned, found.proved) == (moved, False, True)
    assert found.accuracy[0] < 0.4
    assert found.accuracy[1] > 0.8


def test_answers_upside_down_are_turned():
    found = row_order(beside(answers(), np.arange(400)[::-1]))
    assert (found.moved, found.turned) == (None, True)


def test_shuffled_answers_say_nothing_of_their_rows():
    found = row_order(beside(answers(), np.random.default_rng(1).permutation(400)))
    assert (found.proved, found.independent, found.together) == (False, True, False)


def test_healthy_answers_however_weak_go_with_their_rows():
    for right in (0.95, 0.6, 0.4):
        for seed in range(5):
            found = row_order(answers(right=right, seed=seed))
            assert (found.proved, found.independent, found.together) == (False, False, True)


def test_rows_sorted_by_label_are_not_moved():
    test = answers()
    order = np.argsort(test.labels, kind="stable")
    healthy = row_order(replace(beside(test, order), labels=test.labels[order]))
    assert (healthy.proved, healthy.together) == (False, True)


def test_chance_is_rarely_taken_for_a_move():
    moved = 0
    for seed in range(200):
        shuffled = np.random.default_rng(seed).permutation(400)
        moved += row_order(beside(answers(seed=seed), shuffled)).proved
    assert moved == 0


def test_one_answer_for_everything_is_another_matter():
    test = answers()
    one = replace(test, predicted=np.zeros_like(test.predicted))
    assert not row_order(one).independent
    assert not row_order(one).proved


def test_too_few_rows_tell_nothing():
    found = row_order(beside(answers(n=30), np.arange(30)[::-1]))
    assert (found.proved, found.independent, found.together) == (False, False, False)


def cause_of(test, **more):
    evidence = {
        "validation_predictions": answers(seed=7),
        "test_predictions": replace(test, row_ids=np.arange(400, 800)),
        **more,
    }
    (answer,) = diagnose(evidence).answers
    return answer, {cause.name: cause for cause in answer.causes}["row_order"]


def test_moved_rows_are_the_cause_and_their_distance_is_said():
    answer, cause = cause_of(beside(answers(), np.roll(np.arange(400), 1)))
    assert (answer.first.name, cause.standing) == ("row_order", "found")
    assert cause.because.startswith("they stand too far down by 1: moved up, 8")
    answer, cause = cause_of(beside(answers(), np.roll(np.arange(400), -2)))
    assert cause.because.startswith("they stand too far up by 2: moved down, 8")
    _, cause = cause_of(beside(answers(), np.arange(400)[::-1]))
    assert cause.because.startswith("they stand upside down: turned, 8")


def test_answers_in_the_order_of_a_sampler_are_likely_beside_other_rows():
    answer, cause = cause_of(beside(answers(), np.random.default_rng(1).permutation(400)))
    assert (answer.first.name, cause.standing) == ("row_order", "likely")
    assert "group_by_length" in cause.next_test
    assert answer.next_test == cause.next_test


def test_a_model_that_is_worse_on_test_has_its_answers_beside_their_rows():
    _, cause = cause_of(answers(right=0.5))
    assert cause.standing == "ruled_out"


def test_a_run_of_luthier_keeps_answers_with_their_rows():
    shuffled = beside(answers(), np.random.default_rng(1).permutation(400))
    _, cause = cause_of(shuffled, settings=Settings())
    assert cause.standing == "ruled_out"
    assert cause.because == "a run of Luthier keeps each answer with the number of its row"
