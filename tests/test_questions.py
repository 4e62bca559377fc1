"""The questions people have are answered from what was found: ranked causes and the next test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from luthier.faults import example_evidence as example
from luthier.questions import all_questions
from luthier.records import STANDINGS, Diagnosis
from luthier.reporting.diagnosis_lines import diagnosis_lines
from luthier.stages.diagnose import diagnose

GOOD = example.right_and_wrong(360, 40)
BAD = replace(example.right_and_wrong(200, 200), row_ids=np.arange(400, 800))


def evidence(test=BAD, **more):
    return {"validation_predictions": GOOD, "test_predictions": test, **more}


def answer_to(**more):
    (answer,) = diagnose(evidence(**more)).answers
    return answer


def test_every_question_has_a_title_that_asks():
    assert all_questions()
    for question in all_questions():
        assert question.TITLE.endswith("?")
        assert question.__doc__


def test_test_as_good_as_validation_raises_no_question():
    assert diagnose(evidence(test=replace(GOOD, row_ids=np.arange(400, 800)))).answers == ()


def test_validation_as_bad_as_test_is_another_question():
    bad_too = replace(BAD, row_ids=np.arange(400))
    assert diagnose({"validation_predictions": bad_too, "test_predictions": BAD}).answers == ()


def test_no_answers_raise_no_question():
    assert diagnose({}).answers == ()


def test_from_answers_alone_the_open_causes_are_listed_with_the_cheapest_test():
    answer = answer_to()
    assert {c.name for c in answer.short_list} == {"texts_differ", "dropout_on", "other_weights"}
    assert "answer the same 20 test rows twice" in answer.next_test
    ranks = [STANDINGS.index(cause.standing) for cause in answer.causes]
    assert ranks == sorted(ranks)
    ruled_out = {c.name for c in answer.causes if c.standing == "ruled_out"}
    assert {"label_order", "softmax_twice"} <= ruled_out


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("text", "texts_differ"),
        ("tokens", "texts_differ"),
        ("train_mode", "dropout_on"),
        ("weights", "other_weights"),
        (None, "other_weights"),
    ],
)
def test_with_the_model_in_hand_one_cause_is_found(kind, cause):
    answer = answer_to(parity=example.parity(kind, "some way"))
    assert [found.name for found in answer.short_list] == [cause]
    assert answer.first.standing == "found"
    assert answer.next_test == ""


def test_a_model_that_gives_the_recorded_answers_rules_three_causes_out():
    answer = answer_to(parity=example.parity())
    ruled_out = {c.name for c in answer.causes if c.standing == "ruled_out"}
    assert {"texts_differ", "dropout_on", "other_weights"} <= ruled_out


def test_far_below_a_linear_model_on_both_sides_training_went_wrong():
    low = replace(example.right_and_wrong(240, 160), row_ids=np.arange(400))
    rival = {"tfidf_linear": replace(GOOD, row_ids=np.arange(400))}
    found = diagnose(
        {
            "validation_predictions": low,
            "test_predictions": replace(low, row_ids=np.arange(400, 800)),
            "floor_predictions": rival,
        }
    )
    (answer,) = found.answers
    assert [cause.name for cause in answer.short_list] == ["softmax_twice"]
    assert "--keras FILE" in answer.next_test


def test_a_bad_validation_keeps_training_in_question_although_test_is_worse():
    low = replace(example.right_and_wrong(300, 100), row_ids=np.arange(400))
    found = diagnose(
        {
            "validation_predictions": low,
            "test_predictions": BAD,
            "floor_predictions": {"tfidf_linear": replace(GOOD, row_ids=np.arange(400))},
        }
    )
    assert "softmax_twice" in {cause.name for cause in found.answers[0].short_list}


def test_equal_texts_with_other_probabilities_mean_dropout():
    texts = [f"快递 {i % 200}" for i in range(800)]
    rows = example.rows(texts, ["ab"[i % 2] for i in range(800)])
    shaken = BAD.probabilities.copy()
    shaken[:, 0] += np.linspace(0, 0.04, 400)
    shaken /= shaken.sum(axis=1, keepdims=True)
    answer = answer_to(test=replace(BAD, probabilities=shaken), rows=rows)
    assert answer.first.name == "dropout_on"
    assert "share their text" in answer.first.because


def test_flat_answers_at_chance_mean_untrained_weights():
    flat = np.full((400, 2), 0.5)
    flat[np.arange(400), BAD.predicted] += 0.01
    flat /= flat.sum(axis=1, keepdims=True)
    answer = answer_to(test=replace(BAD, probabilities=flat))
    assert answer.first.name == "other_weights"
    assert "--model FOLDER" in answer.next_test


def test_the_terminal_shows_the_answer_before_the_findings():
    answer = answer_to()
    lines = diagnosis_lines(Diagnosis(answers=(answer,)))
    assert lines[0] == "Validation looks good and the test answers do not: why?"
    assert lines[1].startswith("  Validation accuracy is 0.900 (0.867 to 0.926), test 0.500")
    assert lines[2].startswith("  1. likely: ")
    assert any(line.startswith("  next test: ") for line in lines)
