"""The statistics behind the six faults, against published values and by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.faults import example_evidence as example
from luthier.faults import get_fault
from luthier.kit.intervals import f1_figure, share_figure
from luthier.kit.label_tally import LabelTally
from luthier.kit.rivals import strongest_rival
from luthier.kit.share_difference import discordance, newcombe, rows_to_see
from luthier.kit.validation_curve import validation_curve
from luthier.records import CannotTell, Clear, Fired
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
    assert found.measured["validation_share"] == 0.5
    assert found.measured["validation_leaked_same_label"] == 0
    assert found.measured["validation_share_low"] < 0.5 < found.measured["validation_share_high"]
    assert found.measured["test_leaked"] == 0


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


def better(right, n, rival_right, **settings):
    return detect(
        "not_better_than_linear",
        train_predictions=example.right_and_wrong(right, n - right),
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


def test_the_regret_of_a_loss_counts_downwards():
    facts = example.checkpoints("last", "last")
    from dataclasses import replace

    loss = replace(facts, metric_name="loss", best_metric=0.5, last_metric=0.7)
    found = detect("last_instead_of_best", checkpoints=loss)
    assert isinstance(found, Fired)
    assert found.measured["regret"] == pytest.approx(0.2)
