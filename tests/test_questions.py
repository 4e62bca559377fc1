"""The questions people have are answered from what was found: ranked causes and the next test."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from luthier.faults import example_evidence as example
from luthier.faults import get_fault
from luthier.kit.asking_again import OWN, ways_to_ask
from luthier.kit.root_causes import cause_seen, roots_of
from luthier.questions import all_questions
from luthier.records import STANDINGS, Diagnosis, Finding, LabelPairs
from luthier.records.probe import OverfitProbe
from luthier.reporting.diagnosis_lines import diagnosis_lines
from luthier.settings import Settings
from luthier.settings_file import resolve
from luthier.stages.diagnose import diagnose

GOOD = example.right_and_wrong(360, 40)
BAD = replace(example.right_and_wrong(200, 200), row_ids=np.arange(400, 800))


def evidence(test=BAD, **more):
    return {"validation_predictions": GOOD, "test_predictions": test, **more}


def answer_to(**more):
    (answer,) = diagnose(evidence(**more)).answers
    return answer


def sure_by(answers, sureness):
    """The same answers, each with this probability."""
    made = np.full_like(
        answers.probabilities, (1 - sureness) / (answers.probabilities.shape[1] - 1)
    )
    made[np.arange(len(made)), answers.predicted] = sureness
    return replace(answers, probabilities=made)


@pytest.mark.parametrize(("sureness", "standing"), [(0.8, "likely"), (0.6, "possible")])
def test_wrong_test_labels_leave_the_answers_as_sure_as_they_were(sureness, standing):
    found = diagnose(
        {
            "validation_predictions": sure_by(GOOD, 0.8),
            "test_predictions": sure_by(BAD, sureness),
        }
    )
    cause = {c.name: c for c in found.answers[0].causes}["test_labels"]
    assert cause.standing == standing
    assert cause.next_test.startswith("read the surest of the wrong test answers")


def test_every_question_has_a_title_that_asks():
    assert all_questions()
    for question in all_questions():
        assert question.TITLE.endswith("?")
        assert question.__doc__


def test_test_as_good_as_validation_raises_no_question():
    assert diagnose(evidence(test=replace(GOOD, row_ids=np.arange(400, 800)))).answers == ()


def test_validation_as_bad_as_test_is_another_question():
    bad_too = replace(BAD, row_ids=np.arange(400))
    (answer,) = diagnose({"validation_predictions": bad_too, "test_predictions": BAD}).answers
    assert answer.question == "nothing_is_learned"


def test_a_test_as_good_as_a_validation_behind_its_rival_is_not_asked_about():
    """What reached the loss was seen, so nothing is left that would hurt both sides alike."""
    low = replace(example.right_and_wrong(240, 160), row_ids=np.arange(400))
    found = {
        "validation_predictions": low,
        "test_predictions": replace(low, row_ids=np.arange(400, 800)),
        "floor_predictions": {"tfidf_linear": replace(GOOD, row_ids=np.arange(400))},
    }
    clear = next(c for c in get_fault("probabilities_into_loss").module.CASES if c.kind == "quiet")
    assert diagnose({**found, "training": clear.evidence["training"]}).answers == ()


@pytest.mark.parametrize(
    ("settings", "rows"),
    [
        ({"model.pooling": "mean"}, example.rows(["a"], ["x"])),
        ({}, example.rows(["a"], [("x",)])),
    ],
)
def test_a_parity_that_cannot_be_checked_is_not_the_next_test(settings, rows):
    run = {"settings": resolve(None, settings).settings, "rows": rows}
    assert ways_to_ask(run["settings"], rows, asked=False) == ("", "")
    assert ways_to_ask(Settings(), example.rows(["a"], ["x"]), asked=False) == (OWN, OWN)
    assert ways_to_ask(Settings(), example.rows(["a"], ["x"]), asked=True) == ("", "")
    if "label" in rows.columns:
        answer = answer_to(**run)
        assert answer.next_test.startswith("read the surest of the wrong test answers")
        assert not any("--parity" in cause.next_test for cause in answer.causes)


def test_no_answers_raise_no_question():
    assert diagnose({}).answers == ()


def test_from_answers_alone_the_open_causes_are_listed_with_the_cheapest_test():
    weak = replace(example.right_and_wrong(260, 140), row_ids=np.arange(400, 800))
    answer = answer_to(test=weak)
    assert {c.name for c in answer.short_list} == {
        *("texts_differ", "dropout_on", "other_weights", "test_labels")
    }
    assert "answer the same 20 test rows twice" in answer.next_test
    ranks = [STANDINGS.index(cause.standing) for cause in answer.causes]
    assert ranks == sorted(ranks)
    ruled_out = {c.name for c in answer.causes if c.standing == "ruled_out"}
    assert {"label_order", "row_order", "softmax_twice"} <= ruled_out


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


# the other questions ------------------------------------------------------------------------------


def of_case(fault: str, name: str):
    """The diagnosis of the evidence of an example in a fault file."""
    cases = {case.name: case.evidence for case in get_fault(fault).module.CASES}
    return diagnose(cases[name])


def the_answer(found: Diagnosis, question: str):
    (answer,) = (answer for answer in found.answers if answer.question == question)
    return answer


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("loss and metric turned", "metric_overfitting"),
        ("only the loss turned", "loss_only"),
        ("as good as linear, no turn", "too_few_labels"),
    ],
)
def test_trained_too_long_loss_only_and_too_few_labels_are_told_apart(name, cause):
    found = of_case("overfitting_or_too_few_labels", name)
    answer = the_answer(found, "overfitting_labels_or_rate")
    assert [one.name for one in answer.short_list] == [cause]
    ruled_out = {one.name for one in answer.causes if one.standing == "ruled_out"}
    assert {"metric_overfitting", "loss_only", "too_few_labels"} - {cause} <= ruled_out
    assert "Training minus validation accuracy is +0.190" in answer.message


def test_a_wide_gap_of_a_model_that_beats_its_rival_is_no_fault():
    found = of_case("overfitting_or_too_few_labels", "a wide gap alone")
    answer = the_answer(found, "overfitting_labels_or_rate")
    assert {one.standing for one in answer.causes} == {"ruled_out", "possible"}
    possible = [one.name for one in answer.causes if one.standing == "possible"]
    assert possible == ["too_few_labels", "learning_rate_too_high", "learning_rate_too_low"]
    assert answer.next_test.startswith("train on half of the rows")


def test_a_rate_that_is_too_high_is_found_and_one_that_is_not_is_ruled_out():
    case = {case.name: case.evidence for case in get_fault("learning_rate_too_high").module.CASES}
    found = diagnose(case["nothing learned after the loss rose"])
    answer = the_answer(found, "overfitting_labels_or_rate")
    assert answer.first.name == "learning_rate_too_high"
    assert answer.first.standing == "found"
    too_long = {
        case.name: case.evidence for case in get_fault("overfitting_or_too_few_labels").module.CASES
    }["loss and metric turned"]
    calm = diagnose(too_long | case["learned at a usual rate"])
    standings = {
        one.name: one.standing for one in the_answer(calm, "overfitting_labels_or_rate").causes
    }
    assert standings["learning_rate_too_high"] == "ruled_out"


def test_too_few_validation_rows_to_decide_are_said_with_how_many_it_takes():
    found = of_case("overfitting_or_too_few_labels", "forty rows")
    answer = the_answer(found, "overfitting_labels_or_rate")
    assert {one.standing for one in answer.causes} == {"possible"}
    assert "does not decide it" in answer.message
    assert "at least 50 validation rows" in answer.message


def test_five_test_rows_of_a_label_tell_nothing_and_how_many_would_is_said():
    found = of_case("minority_label_too_small", "five test rows, three of them right")
    answer = the_answer(found, "bad_label_or_small_test")
    assert [one.name for one in answer.short_list] == ["too_few_test_rows"]
    assert "Nobody can tell yet" in answer.message
    (needed,) = re.findall(r"b \(about (\d+) rows\)", answer.next_test)
    assert 20 < int(needed) < 200
    assert {one.standing for one in answer.causes[1:]} == {"possible"}


def test_a_bad_label_with_few_training_rows_lacks_rows_to_learn_from():
    found = of_case("minority_label_too_small", "few rows, and bad beyond chance")
    answer = the_answer(found, "bad_label_or_small_test")
    assert [one.name for one in answer.short_list] == ["too_few_training_rows"]
    assert "b (F1" in answer.message


def test_a_frequent_bad_label_has_another_cause_than_its_number():
    truth = [0] * 300 + [1] * 300 + [2] * 300
    said = [0] * 290 + [1] * 10 + [1] * 280 + [0] * 20 + [2] * 120 + [1] * 180
    rows = example.rows([f"句 {i}" for i in range(900)], ["甲", "乙", "丙"] * 300)
    found = diagnose(
        {
            "rows": rows,
            "splits": example.splits(["train"] * 900),
            "test_predictions": example.predictions(truth, said, ("甲", "乙", "丙")),
        }
    )
    answer = the_answer(found, "bad_label_or_small_test")
    assert [one.name for one in answer.short_list] == ["another_cause"]
    assert "丙 (F1" in answer.message
    assert "confusion matrix" in answer.next_test


@pytest.mark.parametrize("verdict", ["shared_vocabulary", "wrong_labels", "unclear_definition"])
def test_why_two_labels_are_mixed_up_is_the_verdict_of_their_dossier(verdict):
    found = diagnose({"label_pairs": example.label_pairs(verdict)})
    answer = the_answer(found, "mixed_up_labels")
    assert [one.name for one in answer.short_list] == [verdict]
    assert "'退货' and '退款' are mixed up in 80 of 400 rows" in answer.message
    assert [one.standing for one in answer.causes[1:]] == ["ruled_out", "ruled_out"]
    assert answer.next_test.startswith("ask those who label: ")


def test_the_only_two_labels_are_mixed_up_most_likely_for_a_cause_and_not_surely():
    dossier = example.label_pairs("shared_vocabulary").pairs[0]
    masking = replace(dossier.masking, errors=70, mended=10, mended_by_chance=11)
    pair = replace(dossier, p_value=1.0, masking=masking)
    found = diagnose({"label_pairs": LabelPairs((pair,), 1)})
    answer = the_answer(found, "mixed_up_labels")
    assert answer.first.standing == "likely"
    assert "Most likely because the two share their words." in answer.message
    assert "helps no more than hiding as many others: 10 and 11 of 70" in answer.message


def test_a_pair_that_fits_more_than_one_cause_stays_open():
    found = diagnose({"label_pairs": example.label_pairs("cannot_tell")})
    answer = the_answer(found, "mixed_up_labels")
    assert {one.standing for one in answer.causes} == {"possible"}
    assert "does not decide why" in answer.message


def test_test_answers_far_below_validation_are_serious_whatever_the_cause():
    worst = diagnose(evidence())
    assert the_answer(worst, "good_validation_bad_test").serious
    assert worst.worst() == "high"
    little = diagnose(evidence(replace(example.right_and_wrong(340, 60), row_ids=BAD.row_ids)))
    assert not any(answer.serious for answer in little.answers)


def test_a_rate_is_not_blamed_where_a_linear_model_learns_nothing_either():
    fault = get_fault("learning_rate_too_low")
    cases = {case.name: case.evidence for case in fault.module.CASES}
    known = cases["a linear model learns nothing either"]
    assert diagnose(known).of("learning_rate_too_low").needs.startswith("The head hardly moved")
    without = {name: value for name, value in known.items() if name != "floor_predictions"}
    assert diagnose(without).of("learning_rate_too_low").severity == "high"


def test_answers_upside_down_are_not_taken_for_labels_in_another_order():
    labels = np.random.default_rng(5).choice(3, size=300, p=(0.5, 0.3, 0.2))
    good = example.predictions(labels.tolist(), labels.tolist(), ("a", "b", "c"))
    turned = example.predictions(labels.tolist(), labels[::-1].tolist(), ("a", "b", "c"))
    test = replace(turned, row_ids=np.arange(300, 600))
    answer = the_answer(diagnose({"validation_predictions": good, "test_predictions": test}),
                        "good_validation_bad_test")  # fmt: skip
    assert answer.first.name == "row_order"
    assert next(c for c in answer.causes if c.name == "label_order").standing != "found"


def test_a_cause_that_is_ruled_out_for_the_worst_pair_is_named_where_it_is_that_of_another():
    wrong = example.label_pairs("wrong_labels").pairs[0]
    alike = replace(example.label_pairs("shared_vocabulary").pairs[0], labels=("甲", "乙"))
    found = diagnose({"label_pairs": LabelPairs((wrong, alike), 3)})
    answer = the_answer(found, "mixed_up_labels")
    ruled_out = next(one for one in answer.causes if one.name == "shared_vocabulary")
    assert ruled_out.standing == "ruled_out"
    assert ruled_out.because == "not what mixes these two up: It is so."
    assert answer.message.endswith(
        "Further pairs that are mixed up: 1. Of these because the two share their words: 甲 / 乙."
    )
    assert "shared_vocabulary" in [finding.fault for finding in found.fired]


def test_no_confused_pair_raises_no_question():
    assert diagnose({"label_pairs": example.label_pairs(None)}).answers == ()


def truncation(kind: str):
    cases = get_fault("truncation_costs_signal").module.CASES
    return diagnose(next(case.evidence for case in cases if case.expect == kind))


def test_what_is_cut_off_matters_or_does_not_or_cannot_be_told():
    yes = the_answer(truncation("fired"), "does_truncation_cost")
    assert yes.message.startswith("Yes, it matters.")
    assert yes.first.standing == "found"
    open_one = the_answer(truncation("cannot_tell"), "does_truncation_cost")
    assert open_one.message.startswith("It cannot be told.")
    assert "rows are cut" in open_one.first.because
    assert open_one.next_test.startswith("train once more with twice the tokens")


def test_cut_rows_that_lose_nothing_are_said_not_to_matter():
    cases = get_fault("truncation_costs_signal").module.CASES
    clear = [diagnose(case.evidence) for case in cases if case.expect == "clear"]
    told = [a for found in clear for a in found.answers if a.question == "does_truncation_cost"]
    assert told
    assert all(answer.message.startswith("No, it does not matter here.") for answer in told)
    assert all(answer.causes[0].standing == "ruled_out" for answer in told)


CHANCE = example.right_and_wrong(200, 200)
RIVAL = {"tfidf_linear": replace(GOOD, row_ids=np.arange(400))}


def learned_nothing(**more):
    return the_answer(diagnose({"validation_predictions": CHANCE, **more}), "nothing_is_learned")


def standings(answer):
    return {one.name: one.standing for one in answer.causes}


def test_learning_nothing_names_the_cheapest_test_that_parts_its_causes():
    answer = learned_nothing()
    assert "luthier diagnose RUN --probe" in answer.next_test
    assert {one.standing for one in answer.causes} <= {"possible", "ruled_out"}


def test_a_linear_model_that_learns_from_the_same_rows_clears_the_texts():
    assert standings(learned_nothing(floor_predictions=RIVAL))["texts_tell_nothing"] == "ruled_out"
    at_chance = {"tfidf_linear": replace(CHANCE, row_ids=np.arange(400))}
    assert standings(learned_nothing(floor_predictions=at_chance))["texts_tell_nothing"] == "likely"


def test_rows_learned_by_heart_clear_the_training_and_rows_that_are_not_accuse_it():
    cleared = learned_nothing(overfit_probe=OverfitProbe(16, 180, 1.0, 1.4, 0.01, 2e-5))
    assert standings(cleared)["learning_rate_too_high"] == "ruled_out"
    assert standings(cleared)["learning_rate_too_low"] == "possible"
    accused = learned_nothing(overfit_probe=OverfitProbe(16, 180, 0.25, 1.4, 1.39, 2e-5))
    assert standings(accused)["parameters_not_trained"] == "likely"
    assert "not even 16 rows were learned by heart in 180 steps (25% right)" in accused.message
    assert accused.next_test == ""
    between = learned_nothing(overfit_probe=OverfitProbe(16, 180, 0.7, 1.4, 0.6, 2e-5))
    assert standings(between)["parameters_not_trained"] == "possible"
    assert "learned in part in 180 steps (70% right), which decides nothing" in between.message


def test_a_training_fault_that_was_seen_is_the_answer():
    cases = {case.name: case.evidence for case in get_fault("learning_rate_too_high").module.CASES}
    answer = learned_nothing(**cases["nothing learned after the loss rose"])
    assert [one.name for one in answer.short_list] == ["learning_rate_too_high"]
    assert answer.next_test == ""


def test_a_symptom_of_another_finding_is_not_named_as_the_cause():
    rate = {case.name: case.evidence for case in get_fault("learning_rate_too_high").module.CASES}
    order = {case.name: case.evidence for case in get_fault("rows_in_label_order").module.CASES}
    training = replace(
        rate["nothing learned after the loss rose"]["training"],
        order=order["sorted by label"]["training"].order,
    )
    both = diagnose({"validation_predictions": CHANCE, "training": training})
    for question in ("nothing_is_learned", "overfitting_labels_or_rate"):
        answer = the_answer(both, question)
        found = [one.name for one in answer.causes if one.standing == "found"]
        assert found == ["rows_in_label_order"]
        standing = {one.name: one.standing for one in answer.causes}
        assert standing["learning_rate_too_high"] == "possible"


def test_the_root_of_a_chain_of_symptoms_is_its_cause():
    def finding(fault, *because):
        return Finding(fault, fault, "high", "", {}, {}, (), (), None, because)

    chain = Diagnosis(fired=(finding("a"), finding("b", "a"), finding("c", "b", "a")))
    assert [root.fault for root in roots_of(chain, chain.fired[2])] == ["a"]
    assert cause_seen(chain, chain.fired[2], "c", "C").standing == "possible"
    assert cause_seen(chain, chain.fired[0], "a", "A").standing == "found"
    circle = Diagnosis(fired=(finding("a", "b"), finding("b", "a")))
    assert cause_seen(circle, circle.fired[0], "a", "A").standing == "found"
