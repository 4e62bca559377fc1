"""The statistics behind the six faults, against published values and by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.faults import example_evidence as example
from luthier.faults import get_fault
from luthier.journeys.auditing import audit
from luthier.kit.intervals import f1_figure, share_figure
from luthier.kit.label_tally import LabelTally
from luthier.kit.rivals import strongest_rival
from luthier.kit.share_difference import discordance, newcombe, rows_to_see
from luthier.kit.validation_curve import validation_curve
from luthier.records import Applicability, CannotTell, Clear, Fired
from luthier.settings import Settings


def detect(fault, **evidence):
    return get_fault(fault).module.detect(**evidence)


def test_newcombe_gives_the_published_interval():
    difference = newcombe(share_figure(56, 70), share_figure(48, 80))  # Newcombe 1998, table II (a)
    assert difference.value == pytest.approx(0.2)
    assert (difference.low, difference.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_rows_to_see_a_point_are_those_of_the_formula():
    assert rows_to_see(0.01, 0.05) == 3923
    assert rows_to_see(0.02, 0.10) == pytest.approx(1960, abs=5)
    assert rows_to_see(0.02, 0.0) > 0, "few rows may show no disagreement at all"


def test_discordance_does_not_mind_the_order_of_rows():
    ours, theirs = example.right_and_wrong(8, 2), example.right_and_wrong(5, 5)
    assert discordance(ours, theirs) == pytest.approx(0.3)
    turned = example.predictions([1, 0], [1, 1], first_row=0)
    assert discordance(turned, turned) == 0


def test_the_interval_of_a_label_is_the_one_that_the_report_shows():
    tally, figure = LabelTally("b", 3, 5, 4, 20), f1_figure(3, 5, 4)
    assert tally.interval() == pytest.approx((figure.low, figure.high))
    assert tally.f1 == pytest.approx(figure.value)
    assert tally.interval(tests=50)[1] > tally.interval()[1]


@pytest.mark.parametrize("counts", [(0, 0, 0), (0, 0, 3), (2, 4, 5), (5, 5, 5)])
def test_the_rows_needed_make_the_interval_narrow_enough(counts):
    tally = LabelTally("b", *counts, 20)
    needed = tally.rows_needed(0.10)
    assert needed > tally.support
    assert needed < 120
    scale = needed / max(tally.support, 1)
    if tally.right:
        grown = LabelTally("b", *(round(scale * count) for count in counts), 20)
        assert grown.half_width() <= 0.105


def test_the_corrected_interval_of_f1_covers_its_truth():
    rng = np.random.default_rng(0)
    truth = 2 * 0.6 / 1.6  # right share of the union is 0.6
    covered = 0
    for right in rng.binomial(25, 0.6, size=1000):
        low, high = LabelTally("b", int(right), 25, int(right), 0).interval()
        covered += low <= truth <= high
    assert 0.93 <= covered / 1000 <= 0.99


def test_the_curve_knows_when_validation_turned():
    history = example.history([1, 1, 1, 1], [0.7, 0.5, 0.6, 0.8], [0.6, 0.8, 0.7, 0.6], rows=400)
    curve = validation_curve(history, "macro_f1")
    assert (curve.best_epoch, curve.last_epoch) == (2, 4)
    assert curve.loss_rise == pytest.approx(0.6)
    assert curve.fall == pytest.approx(0.15)
    assert curve.fell
    assert not validation_curve(history[:2], "macro_f1").fell


def test_the_majority_is_no_linear_rival():
    majority = {"majority": example.right_and_wrong(9, 1)}
    assert strongest_rival(majority) is None
    linear = {"tfidf_linear": example.right_and_wrong(5, 5)}
    assert strongest_rival(majority | linear)[0] == "tfidf_linear"


def test_of_conflicts_the_one_that_costs_most_comes_first():
    rows = example.rows(
        ["退款", "退款", "發票", "發票!", "發票。", "你好"], ["a", "b", "a", "b", "c", "a"]
    )
    found = detect("conflicting_labels", rows=rows)
    assert found.rows == (2, 3, 4, 0, 1)
    assert found.measured["rows_lost"] == 3
    assert found.measured["ceiling_loss"] == pytest.approx(3 / 6)


def test_a_leak_into_validation_alone_is_found_with_its_interval():
    rows = example.rows(["甲甲", "甲甲", "乙乙", "丙丙"], ["a", "b", "a", "b"])
    splits = example.splits(["train", "validation", "validation", "test"])
    found = detect("train_test_duplicates", rows=rows, splits=splits)
    assert found.rows == (1,)
    assert found.measured["validation_leaked_share"] == 0.5
    assert found.measured["validation_leaked_same_label"] == 0
    assert (
        found.measured["validation_leaked_share_low"]
        < 0.5
        < found.measured["validation_leaked_share_high"]
    )
    assert found.measured["test_leaked"] == 0


def given(train=(), validation=(), test=()):
    """The leak detector on these texts, one label for all."""
    texts = [*train, *validation, *test]
    sides = ["train"] * len(train) + ["validation"] * len(validation) + ["test"] * len(test)
    return detect(
        "train_test_duplicates",
        rows=example.rows(texts, ["甲"] * len(texts)),
        splits=example.splits(sides),
    )


def numbered(start, stop):
    return [f"第{i}句" for i in range(start, stop)]


def test_test_rows_that_stand_in_validation_are_found_with_their_own_share():
    found = given(numbered(0, 50), numbered(50, 70), numbered(50, 70))
    assert found.severity == found.measured["chosen_on_severity"] == "high"
    assert found.measured["test_leaked"] == found.measured["validation_leaked"] == 0
    assert (found.measured["test_chosen_on"], found.measured["test_chosen_on_share"]) == (20, 1.0)
    assert "20 of 20 test rows have texts that stand among the validation rows" in found.message
    first = "The first is example.csv:72, which says what example.csv:52 says."
    assert found.message.endswith(first)
    assert "chosen" in found.message
    assert found.rows == tuple(range(70, 90))
    (cure,) = get_fault("train_test_duplicates").module.prescribe(found)
    assert "validation file" in cure.what


def test_learning_and_choosing_are_weighed_apart():
    found = given(numbered(0, 101), numbered(101, 201), [*numbered(100, 103), *numbered(201, 298)])
    assert found.measured["learned_severity"] == "low"
    assert found.measured["chosen_on_severity"] == "low"
    learned_more = given(numbered(0, 106), numbered(106, 206), numbered(100, 200))
    assert learned_more.measured["learned_severity"] == "high"
    assert learned_more.severity == "high"


def test_repeated_test_texts_say_how_much_too_narrow_intervals_are():
    found = given(numbered(0, 20), numbered(20, 30), numbered(30, 50) * 4)
    assert found.severity == "note"
    assert found.measured["test_repeated"] == 80
    assert found.measured["test_too_narrow"] == pytest.approx(2.0)
    assert "share their text with another one: 80;" in found.message
    few = given(numbered(0, 20), numbered(20, 30), [*numbered(30, 130), "第30句"])
    assert isinstance(few, Clear)
    assert "share their text with another one: 2;" in few.message


def test_without_training_rows_validation_and_test_are_still_compared():
    assert isinstance(given((), numbered(0, 5), numbered(0, 5)), Fired)
    assert isinstance(given((), numbered(0, 5), numbered(5, 9)), Clear)
    assert isinstance(given(numbered(0, 5)), CannotTell)


def test_an_audit_of_given_splits_shows_a_validation_file_that_is_the_test_file(tmp_path):
    rows = [f"{text},{'甲' if i % 2 else '乙'}" for i, text in enumerate(numbered(0, 40))]
    for name, part in (("train", rows[:20]), ("validation", rows[20:]), ("test", rows[20:])):
        (tmp_path / f"{name}.csv").write_text("\n".join(["text,label", *part]), encoding="utf-8")
    found = {finding.fault: finding for finding in audit(tmp_path).diagnosis.fired}
    assert found.keys() == {"train_test_duplicates", "repeated_rows"}
    finding = found["train_test_duplicates"]
    assert finding.measured["test_chosen_on"] == 20


def minority(right, support, train_rows, *, others_right=190):
    """Two labels of 200 test rows, and `少` with so many."""
    names = ("甲", "乙", "少")
    labels, answers = [0] * 200 + [1] * 200, [0] * others_right + [1] * (200 - others_right)
    answers += [1] * others_right + [0] * (200 - others_right)
    labels += [2] * support
    answers += [2] * right + [0] * (support - right)
    trained = ["少"] * train_rows + ["甲"] * 400 + ["乙"] * 400
    return detect(
        "minority_label_too_small",
        rows=example.rows([str(i) for i in range(len(trained))], trained),
        splits=example.splits(["train"] * len(trained)),
        test_predictions=example.predictions(labels, answers, names),
    )


def test_a_bad_label_is_not_called_unmeasured():
    found = minority(right=2, support=20, train_rows=30)
    assert found.measured["bad_labels"] == {"少": 30}
    assert found.measured["test_rows_needed"] == {}
    assert "Worse than the rest" in found.message


def test_an_unmeasured_label_is_not_called_bad_and_says_how_many_rows_would_tell():
    found = minority(right=3, support=5, train_rows=30)
    assert found.measured["bad_labels"] == {}
    assert 40 <= found.measured["test_rows_needed"]["少"] <= 100
    assert found.severity == "low"


def test_a_frequent_bad_label_is_left_to_other_faults():
    assert isinstance(minority(right=60, support=150, train_rows=400), Clear)


def overfitting(losses, scores, *, rival_right=300, train=(396, 4), ours=(320, 80), **settings):
    return detect(
        "overfitting_or_too_few_labels",
        history=example.history([1 / (i + 1) for i in range(len(losses))], losses, scores),
        train_predictions=example.right_and_wrong(*train),
        validation_predictions=example.right_and_wrong(*ours),
        floor_predictions={"tfidf_linear": example.right_and_wrong(rival_right, 400 - rival_right)},
        settings=Settings.model_validate({"train": settings}),
    )


FLAT, TURNED = ([0.7, 0.5, 0.5, 0.5], [0.7, 0.8, 0.8, 0.8]), [0.7, 0.5, 0.8, 1.2]


def cures_of(found):
    return get_fault("overfitting_or_too_few_labels").module.prescribe(found)


def test_a_gap_alone_never_prescribes_regularisation():
    assert isinstance(overfitting(*FLAT, rival_right=280), Clear)
    found = overfitting(*FLAT, rival_right=320)
    assert found.measured["kind"] == "too_few_labels"
    assert all(not cure.settings for cure in cures_of(found))


def test_a_turned_loss_with_steady_answers_is_a_matter_of_confidence():
    found = overfitting(TURNED, [0.7, 0.8, 0.8, 0.79])
    assert (found.measured["kind"], found.severity) == ("loss_only", "low")


def test_a_fallen_metric_is_cured_beyond_the_present_weight_decay():
    found = overfitting(TURNED, [0.7, 0.8, 0.7, 0.68], weight_decay=0.1)
    assert found.measured["kind"] == "metric_overfitting"
    patches = {name: value for cure in cures_of(found) for name, value in cure.settings.items()}
    assert patches["train.weight_decay"] == pytest.approx(0.3)
    assert patches["train.num_train_epochs"] == 2


def test_a_model_below_its_rival_is_not_called_short_of_labels():
    assert isinstance(overfitting(*FLAT, rival_right=380), CannotTell)


def test_too_few_of_anything_is_counted_in_good_words():
    evidence = {
        "history": example.history([0.5], [0.5], [0.5]),
        "train_predictions": example.right_and_wrong(9, 1),
        "floor_predictions": {},
        "settings": Settings(),
    }
    some = detect(
        "overfitting_or_too_few_labels",
        validation_predictions=example.right_and_wrong(100, 5),
        **evidence,
    )
    assert some.message == "There are too few validation rows (105) or evaluations (1)."
    one = detect(
        "overfitting_or_too_few_labels",
        validation_predictions=example.right_and_wrong(1, 0),
        **evidence | {"history": ()},
    )
    assert one.message == "There are too few validation rows (1) or evaluations (0)."


@pytest.mark.parametrize("floors", [True, False])
def test_rivals_that_were_switched_off_are_named_as_the_reason(floors):
    settings = Settings.model_validate({"evaluate": {"floors": floors}})
    evidence = {
        "train_predictions": example.right_and_wrong(396, 4),
        "validation_predictions": example.right_and_wrong(320, 80),
        "floor_predictions": {},
        "settings": settings,
    }
    history = example.history([0.5, 0.3, 0.2, 0.1], *FLAT)
    outcomes = (
        detect("overfitting_or_too_few_labels", history=history, **evidence),
        detect("not_better_than_linear", **evidence),
    )
    for outcome in outcomes:
        assert isinstance(outcome, CannotTell)
        assert ("switched off (evaluate.floors)" in outcome.message) is not floors


def better(right, n, rival_right, train=None, **settings):
    return detect(
        "not_better_than_linear",
        train_predictions=example.right_and_wrong(*(train or (right, n - right))),
        validation_predictions=example.right_and_wrong(right, n - right),
        floor_predictions={"tfidf_linear": example.right_and_wrong(rival_right, n - rival_right)},
        settings=Settings.model_validate({"train": settings}),
    )


def test_worse_is_high_and_equal_is_medium():
    assert better(300, 400, 340).severity == "high"
    assert better(300, 400, 300).severity == "medium"
    assert isinstance(better(340, 400, 300), Clear)


def test_too_few_rows_say_how_many_would_do():
    outcome = better(49, 60, 48)
    assert isinstance(outcome, CannotTell)
    assert outcome.needs.startswith("about ")


def test_without_a_rival_nothing_is_said():
    outcome = detect(
        "not_better_than_linear",
        train_predictions=example.right_and_wrong(9, 1),
        validation_predictions=example.right_and_wrong(9, 1),
        floor_predictions={"majority": example.right_and_wrong(5, 5)},
        settings=Settings(),
    )
    assert isinstance(outcome, CannotTell)


def test_a_rate_that_is_too_high_is_lowered_and_a_low_one_raised():
    prescribe = get_fault("not_better_than_linear").module.prescribe
    high, low = (prescribe(better(200, 400, 340, learning_rate=rate)) for rate in (1e-3, 1e-5))
    assert high[0].settings == {"train.learning_rate": 1e-4}
    assert low[1].settings == {"train.learning_rate": 3e-5}


def test_more_training_time_than_allowed_is_asked_for():
    prescribe = get_fault("not_better_than_linear").module.prescribe
    free, limited = (
        prescribe(better(300, 400, 340, time_budget=budget))[0] for budget in ("none", "5m")
    )
    assert free.applicability is Applicability.AUTO
    assert "train.time_budget" not in free.settings
    assert limited.applicability is Applicability.ASK
    assert limited.settings["train.time_budget"] == "none"
    assert "5m" in limited.what


@pytest.mark.parametrize(("rival_right", "said"), [(340, "is better and"), (300, "is as good and")])
def test_the_linear_model_is_called_what_it_was_measured_to_be(rival_right, said):
    prescribe = get_fault("not_better_than_linear").module.prescribe
    taught, cure = prescribe(better(300, 400, rival_right, train=(99, 1)))
    assert taught.settings == {"train.teacher": "linear"}
    assert said in cure.what


def digests(evaluated, shipped, last="last"):
    return detect(
        "last_instead_of_best", checkpoints=example.checkpoints(evaluated, shipped, last=last)
    )


@pytest.mark.parametrize("last", ["last", "best"])
@pytest.mark.parametrize("evaluated", ["best", "last", "initial", "other"])
@pytest.mark.parametrize("shipped", ["best", "last", "initial", "other"])
def test_only_the_best_weights_judged_and_shipped_are_clear(evaluated, shipped, last):
    outcome = digests(evaluated, shipped, last)
    assert isinstance(outcome, Clear) == (evaluated == shipped == "best")
    if evaluated != shipped:
        assert isinstance(outcome, Fired)
        assert outcome.severity == "high"
        assert "other weights than those that ship" in outcome.message
        (cure,) = get_fault("last_instead_of_best").module.prescribe(outcome)
        assert "luthier evaluate RUN" in cure.what


def test_weights_that_were_never_trained_are_named():
    assert digests("initial", "initial", "best").message == (
        "The weights that ship were never trained."
    )


def test_the_regret_of_a_loss_counts_downwards():
    facts = example.checkpoints("last", "last")
    from dataclasses import replace

    loss = replace(facts, metric_name="loss", best_metric=0.5, last_metric=0.7)
    found = detect("last_instead_of_best", checkpoints=loss)
    assert isinstance(found, Fired)
    assert found.measured["regret"] == pytest.approx(0.2)
