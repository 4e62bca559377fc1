"""Figures beyond one label's counts: each equals scikit-learn's or scipy's, with its interval."""

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn import metrics

from luthier.errors import InputError
from luthier.kit import label_set_figures, number_figures
from luthier.kit.average_precision import average_precision
from luthier.kit.binned_confidence import expected_calibration_error
from luthier.kit.classification_figures import judge
from luthier.records import LabelSetPredictions, NumberPredictions, Predictions
from luthier.settings import EvaluateSettings

FEW = EvaluateSettings(bootstrap_samples=200)
NAMES = ("物流", "退款", "瑕疵", "other")


def label_sets(n: int = 120, seed: int = 0, thresholds=(0.5,) * 4) -> LabelSetPredictions:
    random = np.random.default_rng(seed)
    labels = (random.random((n, 4)) < [0.5, 0.3, 0.1, 0.02]).astype(np.int64)
    scores = np.clip(0.5 * labels + 0.8 * random.random((n, 4)) - 0.15, 0.01, 0.99)
    loss = -np.log(np.where(labels == 1, scores, 1 - scores)).mean(axis=1)
    return LabelSetPredictions(
        row_ids=np.arange(n),
        labels=labels,
        predicted=(scores >= thresholds).astype(np.int64),
        probabilities=scores,
        loss=loss,
        label_names=NAMES,
        thresholds=thresholds,
    )


def numbers(n: int = 80, seed: int = 0) -> NumberPredictions:
    random = np.random.default_rng(seed)
    truth = random.normal(100, 20, n)
    answer = truth + random.normal(0, 10, n)
    return NumberPredictions(np.arange(n), truth, answer, (truth - answer) ** 2, ("number",))


def test_figures_of_label_sets_are_scikit_learns():
    answers = label_sets()
    judged = label_set_figures.judge(answers, FEW)
    value = {name: figure.value for name, figure in judged.figures.items()}
    truth, answer, scores = answers.labels, answers.predicted, answers.probabilities
    for average in ("macro", "weighted", "micro"):
        expected = metrics.f1_score(truth, answer, average=average, zero_division=0)
        assert value[f"{average}_f1"] == pytest.approx(expected)
    precision = metrics.precision_score(truth, answer, average="macro", zero_division=0)
    assert value["macro_precision"] == pytest.approx(precision)
    assert value["subset_accuracy"] == pytest.approx(metrics.accuracy_score(truth, answer))
    assert value["hamming_loss"] == pytest.approx(metrics.hamming_loss(truth, answer))
    assert value["log_loss"] == pytest.approx(answers.loss.mean())
    area = metrics.average_precision_score(truth, scores, average="macro")
    assert value["pr_auc"] == pytest.approx(area)
    each = metrics.f1_score(truth, answer, average=None, zero_division=0)
    assert [judged.per_label[n].f1.value for n in NAMES] == pytest.approx(each.tolist())
    assert judged.labels_in_average == 4
    for figure in judged.figures.values():
        assert figure.low < figure.value < figure.high
    quick = label_set_figures.quick_metrics(answers)
    assert quick["micro_f1"] == pytest.approx(value["micro_f1"])


def test_a_threshold_is_the_one_with_the_best_f1():
    answers = label_sets(seed=3)
    chosen = label_set_figures.best_thresholds(answers)
    for label, threshold in enumerate(chosen):
        truth, scores = answers.labels[:, label], answers.probabilities[:, label]

        def f1(limit, truth=truth, scores=scores):
            return metrics.f1_score(truth, scores >= limit, zero_division=0)

        assert f1(threshold) == pytest.approx(max(f1(limit) for limit in scores))


def test_a_label_without_rows_keeps_the_threshold_of_one_half():
    answers = label_sets(20)
    without = answers.labels.copy()
    without[:, 2] = 0
    changed = LabelSetPredictions(
        answers.row_ids,
        without,
        answers.predicted,
        answers.probabilities,
        answers.loss,
        NAMES,
        answers.thresholds,
    )
    assert label_set_figures.best_thresholds(changed)[2] == 0.5


def test_figures_of_numbers_are_those_of_scikit_learn_and_scipy():
    answers = numbers()
    judged = number_figures.judge(answers, FEW)
    truth, answer = answers.labels, answers.predicted
    expected = {
        "mse": metrics.mean_squared_error(truth, answer),
        "mae": metrics.mean_absolute_error(truth, answer),
        "r2": metrics.r2_score(truth, answer),
        "spearman": spearmanr(truth, answer).statistic,
    }
    assert {name: f.value for name, f in judged.figures.items()} == pytest.approx(expected)
    for figure in judged.figures.values():
        assert figure.low < figure.value < figure.high


@pytest.mark.slow
def test_the_interval_of_r2_holds_the_truth_most_of_the_time():
    truth = 1 - 10**2 / 20**2  # noise of 10 on a spread of 20
    held = 0
    for seed in range(60):
        figure = number_figures.judge(numbers(150, seed), FEW).figures["r2"]
        held += figure.low <= truth <= figure.high
    assert held >= 51  # 57 are expected


def test_what_does_not_vary_has_no_correlation():
    still = NumberPredictions(
        np.arange(4), np.ones(4), np.array([1.0, 1.0, 1.0, 2.0]), np.zeros(4), ("number",)
    )
    assert number_figures.quick_metrics(still)["spearman"] == 0.0
    assert number_figures.quick_metrics(still)["r2"] == 0.0


def test_without_a_known_answer_there_is_nothing_to_judge():
    nothing = NumberPredictions(
        np.arange(2), np.full(2, np.nan), np.ones(2), np.full(2, np.nan), ("number",)
    )
    with pytest.raises(InputError, match="no row has a known number"):
        number_figures.judge(nothing, FEW)


def single(n: int = 200, seed: int = 0) -> Predictions:
    random = np.random.default_rng(seed)
    labels = random.choice(3, n, p=[0.7, 0.2, 0.1])
    logits = random.normal(size=(n, 3)) + 1.5 * np.eye(3)[labels]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Predictions(
        np.arange(n),
        labels,
        probabilities.argmax(axis=1),
        probabilities,
        -np.log(probabilities[np.arange(n), labels]),
        NAMES[:3],
    )


def test_balanced_accuracy_and_pr_auc_of_single_labels_are_scikit_learns():
    answers = single()
    figures = judge(answers, FEW).figures
    balanced = metrics.balanced_accuracy_score(answers.labels, answers.predicted)
    assert figures["balanced_accuracy"].value == pytest.approx(balanced)
    area = metrics.average_precision_score(np.eye(3)[answers.labels], answers.probabilities)
    assert figures["pr_auc"].value == pytest.approx(area)
    for name in ("balanced_accuracy", "pr_auc", "calibration_error"):
        assert figures[name].low < figures[name].value < figures[name].high


def test_average_precision_counts_rows_as_often_as_they_are_drawn():
    random = np.random.default_rng(1)
    applies, scores = random.integers(0, 2, 30), random.integers(0, 6, 30) / 5
    counts = random.integers(0, 4, (30, 2))
    rows = np.repeat(np.arange(30), counts[:, 1])
    expected = metrics.average_precision_score(applies[rows], scores[rows])
    assert average_precision(applies, scores, counts)[1] == pytest.approx(expected)


def test_average_precision_is_unknown_where_no_drawn_row_has_the_label():
    applies, scores = np.array([0, 1, 0]), np.array([0.1, 0.7, 0.4])
    drawn_with_and_without = np.array([[1, 2], [1, 0], [1, 1]])
    with_it, without = average_precision(applies, scores, drawn_with_and_without)
    assert with_it == 1.0
    assert np.isnan(without)
    assert np.isnan(average_precision(0 * applies, scores, drawn_with_and_without)).all()


def test_calibration_error_by_hand():
    sure = np.full(10, 0.9)
    right = np.array([True] * 6 + [False] * 4)
    assert expected_calibration_error(sure, right) >= 0.3 - 1e-12
    half = np.array([0.5, 0.5])
    assert expected_calibration_error(half, np.array([True, True])) == pytest.approx(0.5)
