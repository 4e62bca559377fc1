"""Figures of a classifier: equal to scikit-learn's, never NaN, never without an interval."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from sklearn import metrics

from luthier.errors import InputError
from luthier.kit.binned_confidence import expected_calibration_error
from luthier.kit.classification_figures import AVERAGES, count_figures, judge, quick_metrics
from luthier.kit.label_counts import LabelCounts, mcc
from luthier.kit.roc_auc import one_vs_rest
from luthier.records import Predictions
from luthier.settings import EvaluateSettings

FEW = EvaluateSettings(bootstrap_samples=100)


def make(labels, probabilities, names=None) -> Predictions:
    labels = np.asarray(labels, dtype=np.int64)
    probabilities = np.asarray(probabilities, dtype=float)
    n, k = probabilities.shape
    own = probabilities[np.arange(n), np.maximum(labels, 0)]
    with np.errstate(divide="ignore"):
        loss = np.where(labels < 0, np.nan, -np.log(own))
    return Predictions(
        row_ids=np.arange(n),
        labels=labels,
        predicted=probabilities.argmax(axis=1),
        probabilities=probabilities,
        loss=loss,
        label_names=names or tuple(f"標籤{i}" for i in range(k)),
        model_digest="digest",
    )


def random_predictions(n: int, k: int, seed: int, *, used: int | None = None) -> Predictions:
    """Truth over the first `used` labels with long-tailed shares; answers better than chance."""
    rng = np.random.default_rng(seed)
    used = used or k
    share = 1 / np.arange(1, used + 1)
    labels = rng.choice(used, size=n, p=share / share.sum())
    scores = rng.normal(size=(n, k))
    scores[np.arange(n), labels] += 2
    probabilities = np.exp(scores)
    return make(labels, probabilities / probabilities.sum(axis=1, keepdims=True))


@pytest.mark.parametrize(("n", "k", "used"), [(40, 2, 2), (300, 6, 6), (200, 9, 4), (500, 120, 90)])
def test_every_figure_equals_scikit_learn(n, k, used):
    predictions = random_predictions(n, k, seed=n + k, used=used)
    truth, answers = predictions.labels, predictions.predicted
    seen = np.unique(truth)
    judged = judge(predictions, FEW)
    value = {name: figure.value for name, figure in judged.figures.items()}
    expected = {
        "accuracy": metrics.accuracy_score(truth, answers),
        "balanced_accuracy": np.mean(
            metrics.recall_score(truth, answers, labels=seen, average=None)
        ),
        "calibration_error": expected_calibration_error(
            predictions.probabilities.max(axis=1), truth == answers
        ),
        "mcc": metrics.matthews_corrcoef(truth, answers),
        "log_loss": metrics.log_loss(truth, predictions.probabilities, labels=list(range(k))),
    }
    for average in ("macro", "weighted"):
        p, r, f, _ = metrics.precision_recall_fscore_support(
            truth, answers, average=average, zero_division=0
        )
        expected |= {f"{average}_precision": p, f"{average}_recall": r, f"{average}_f1": f}
    areas = [
        metrics.roc_auc_score(truth == label, predictions.probabilities[:, label])
        for label in range(k)
        if 0 < (truth == label).sum() < n
    ]
    expected["roc_auc"] = np.mean(areas)
    expected["pr_auc"] = np.mean(
        [metrics.average_precision_score(truth == i, predictions.probabilities[:, i]) for i in seen]
    )
    assert value == pytest.approx(expected, abs=1e-10)
    assert judged.labels_in_average == len(set(truth) | set(answers))
    assert quick_metrics(predictions) == pytest.approx(
        {
            "loss": expected["log_loss"],
            **{name: expected[name] for name in ("accuracy", "macro_f1", "weighted_f1", "mcc")},
        }
    )


def test_each_label_and_the_matrix_equal_scikit_learn():
    predictions = random_predictions(300, 12, seed=4, used=8)
    truth, answers = predictions.labels, predictions.predicted
    judged = judge(predictions, FEW)
    occurring = sorted(set(truth) | set(answers))
    assert judged.confusion_matrix.labels == tuple(f"標籤{label}" for label in occurring)
    matrix = metrics.confusion_matrix(truth, answers, labels=occurring)
    assert np.array_equal(judged.confusion_matrix.rows, matrix)
    assert list(judged.per_label) == list(judged.confusion_matrix.labels)
    p, r, f, support = metrics.precision_recall_fscore_support(
        truth, answers, labels=occurring, zero_division=0
    )
    for i, label in enumerate(judged.per_label.values()):
        assert (label.precision.value, label.recall.value, label.f1.value) == pytest.approx(
            (p[i], r[i], f[i])
        )
        assert (label.support, label.predicted) == (support[i], matrix[:, i].sum())
        fp, negatives = matrix[:, i].sum() - matrix[i, i], 300 - support[i]
        assert label.fpr == pytest.approx(fp / negatives)
        assert label.tnr == pytest.approx(1 - fp / negatives)
        if support[i]:
            assert label.tpr == pytest.approx(r[i])
            assert label.fnr == pytest.approx(1 - r[i])
            area = metrics.roc_auc_score(
                truth == occurring[i], predictions.probabilities[:, occurring[i]]
            )
            assert label.roc_auc == pytest.approx(area)
        else:
            assert label.tpr is label.fnr is label.roc_auc is None


@pytest.mark.parametrize("seed", range(8))
def test_every_figure_lies_in_its_interval_and_is_finite(seed):
    n, k = [(1, 2), (2, 2), (3, 5), (10, 2), (25, 30), (60, 4), (200, 50), (400, 3)][seed]
    judged = judge(random_predictions(n, k, seed), FEW)
    labels = [
        figure
        for label in judged.per_label.values()
        for figure in (label.precision, label.recall, label.f1)
    ]
    for figure in [*judged.figures.values(), *labels]:
        assert math.isfinite(figure.value + figure.low + figure.high)
        assert figure.low <= figure.value <= figure.high
    for name, figure in judged.figures.items():
        assert figure.n == n, name
        if name != "log_loss":
            assert figure.high <= 1
            assert figure.low >= (-1 if name == "mcc" else 0)


def test_three_right_answers_do_not_look_certain():
    judged = judge(make([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]]), FEW)
    for name in ("accuracy", "macro_f1", "weighted_f1", "mcc", "roc_auc"):
        figure = judged.figures[name]
        assert figure.value == 1.0
        assert figure.low < 0.5, name


def test_three_wrong_answers_do_not_look_certain():
    judged = judge(make([0, 1, 1], [[0.1, 0.9], [0.8, 0.2], [0.7, 0.3]]), FEW)
    assert judged.figures["macro_f1"].value == 0.0
    assert judged.figures["macro_f1"].high > 0.5


def answered(labels, answers, k=2) -> Predictions:
    """These answers, given with a probability of 0.9."""
    probabilities = np.full((len(labels), k), 0.1 / max(1, k - 1))
    probabilities[np.arange(len(labels)), answers] = 0.9
    return make(labels, probabilities)


@pytest.mark.parametrize("n", [22, 60, 90])
@pytest.mark.parametrize("others", [0, 1])
def test_a_model_with_one_answer_does_not_look_certain(n, others):
    labels = np.arange(n) % 2
    answers = np.zeros(n, dtype=int)
    answers[1 : 2 * others : 2] = 1
    figures = judge(answered(labels, answers), FEW).figures
    for name in ("macro_recall", "mcc", "macro_precision", "macro_f1", "weighted_precision"):
        # Wilson's interval of no right row of n / 2 alone is wider than this
        assert figures[name].high - figures[name].low > 3 / n, name
    assert figures["mcc"].low < 0 < figures["mcc"].high
    assert figures["macro_precision"].high > 0.7, "who never gave an answer may be right with it"


def test_weighted_recall_is_the_accuracy_interval_and_all():
    figures = judge(random_predictions(90, 4, seed=3), FEW).figures
    assert figures["weighted_recall"] == figures["accuracy"]


def test_rows_of_one_label_say_nothing_about_mcc():
    for answers in ([0] * 30, [0] * 25 + [1] * 5):
        figure = judge(answered([0] * 30, answers), FEW).figures["mcc"]
        assert (figure.value, figure.low, figure.high) == (0.0, -1.0, 1.0)


@pytest.mark.parametrize(("rate", "bias", "n"), [(0.01, 1, 60), (0.02, 4, 40), (0.02, 10, 90)])
def test_intervals_hold_the_truth_where_the_model_gives_nearly_one_answer(rate, bias, n):
    """The smaller label is answered with `rate` on other rows and `bias` times as often on its."""
    rng = np.random.default_rng(9)
    population = np.array([[0.7 * (1 - rate), 0.7 * rate], [0, 0]])
    population[1] = 0.3 * (1 - bias * rate), 0.3 * bias * rate
    margins = LabelCounts(population.diagonal(), population.sum(1), population.sum(0))
    statistics = {name: average.statistic for name, average in AVERAGES.items()} | {"mcc": mcc}
    held = dict.fromkeys(statistics, 0)
    for _ in range(150):
        code = np.repeat(np.arange(4), rng.multinomial(n, population.ravel()))
        settings = EvaluateSettings(bootstrap_samples=300)
        figures = count_figures(LabelCounts.of_rows(code // 2, code % 2, 2), settings)
        for name, statistic in statistics.items():
            held[name] += figures[name].low <= float(statistic(margins)) <= figures[name].high
    assert min(held.values()) / 150 >= 0.88, held


def test_rows_without_a_label_are_not_judged():
    predictions = make([0, -1, 1, -1], [[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.1, 0.9]])
    judged = judge(predictions, FEW)
    assert judged.n == 2
    assert judged.figures["accuracy"].value == 0.5
    assert judged.model_digest == "digest"
    assert quick_metrics(predictions)["accuracy"] == 0.5


def test_no_labelled_row_is_an_error_for_a_person():
    predictions = make([-1, -1], [[0.9, 0.1], [0.1, 0.9]])
    with pytest.raises(InputError, match="no row has a known label"):
        judge(predictions, FEW)
    with pytest.raises(InputError, match="no row has a known label"):
        quick_metrics(predictions)


def test_undefined_figures_are_left_out_and_infinite_losses_held():
    one_label = judge(make([0, 0], [[0.9, 0.1], [0.6, 0.4]]), FEW)
    assert "roc_auc" not in one_label.figures
    assert one_label.per_label["標籤0"].fpr is None
    impossible = judge(make([0, 1], [[0.0, 1.0], [0.0, 1.0]]), FEW)
    assert impossible.figures["log_loss"].value == pytest.approx(36.0437 / 2, abs=1e-3)
    broken = judge(make([0, 1], [[np.nan, np.nan], [0.0, 1.0]]), FEW)
    assert {"roc_auc", "log_loss"}.isdisjoint(broken.figures)


def test_ties_in_the_probabilities_count_half():
    labels = np.array([0, 0, 1, 1, 1])
    scores = np.array([[0.5, 0.5], [0.7, 0.3], [0.5, 0.5], [0.5, 0.5], [0.1, 0.9]])
    areas = one_vs_rest(labels, scores)
    assert areas.per_label[1] == pytest.approx(metrics.roc_auc_score(labels, scores[:, 1]))
    assert areas.macro is not None


def test_the_roc_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(6)
    truth = 0.5 * (1 + math.erf(1.5 / math.sqrt(2) / math.sqrt(2)))  # two normals 1.5 apart
    held = 0
    for _ in range(600):
        labels = (rng.random(120) < 0.2).astype(np.int64)
        score = rng.normal(size=120) + 1.5 * labels
        macro = one_vs_rest(labels, np.column_stack([-score, score])).macro
        held += macro.low <= truth <= macro.high
    assert 0.93 <= held / 600 <= 0.98


def test_the_roc_interval_agrees_with_resampled_rows_for_many_labels():
    predictions = random_predictions(300, 8, seed=1)
    figure = judge(predictions, FEW).figures["roc_auc"]
    rng = np.random.default_rng(0)
    drawn = [rng.integers(300, size=300) for _ in range(300)]
    values = [
        one_vs_rest(predictions.labels[rows], predictions.probabilities[rows]).macro.value
        for rows in drawn
    ]
    low, high = np.percentile(values, [2.5, 97.5])
    assert (figure.low, figure.high) == pytest.approx((low, high), abs=0.012)


def test_mcc_works_on_many_resamples_at_once():
    right = np.array([[3.0, 2.0], [1.0, 0.0]])
    support = np.array([[4.0, 3.0], [3.0, 4.0]])
    predicted = np.array([[4.0, 3.0], [5.0, 2.0]])
    both = mcc(LabelCounts(right, support, predicted))
    each = [float(mcc(LabelCounts(*part))) for part in zip(right, support, predicted, strict=True)]
    assert both == pytest.approx(each)


def test_two_thousand_rows_of_118_labels_are_judged_in_seconds():
    predictions = random_predictions(2000, 118, seed=0)
    start = time.process_time()
    judge(predictions, EvaluateSettings())
    assert time.process_time() - start < 5
