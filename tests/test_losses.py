"""Losses equal torch's or a case worked by hand; weights equal scikit-learn's."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from sklearn.utils.class_weight import compute_class_weight

from luthier.errors import SettingsError
from luthier.kit import losses
from luthier.kit.class_weights import (
    class_weights,
    positive_weights,
    weights_by_name,
    without_weight,
)
from luthier.records import TeacherOpinions
from luthier.settings import TrainSettings
from luthier.tasks import get_task

NAMES = ("会员", "退款", "parcel")


@pytest.fixture
def logits():
    return torch.tensor(np.random.default_rng(0).normal(size=(6, 3)) * 3, dtype=torch.float32)


TARGETS = torch.tensor([0, 1, 2, 0, 1, 1])
SETS = torch.tensor([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0], [0, 0, 1], [1, 0, 0]])


def test_focal_loss_without_gamma_is_cross_entropy(logits):
    torch.testing.assert_close(
        losses.focal(logits, TARGETS, gamma=0.0),
        losses.cross_entropy(logits, TARGETS, smoothing=0.0),
    )


def test_focal_loss_by_hand():
    even = torch.zeros(1, 2)  # both labels have probability one half
    loss = losses.focal(even, torch.tensor([0]), gamma=2.0)
    assert loss.item() == pytest.approx(0.5**2 * np.log(2))


def test_focal_loss_gives_less_to_rows_that_are_right_already():
    sure, unsure = torch.tensor([[6.0, 0.0]]), torch.tensor([[0.5, 0.0]])
    target = torch.tensor([0])
    plain = losses.cross_entropy(unsure, target, smoothing=0) / losses.cross_entropy(
        sure, target, smoothing=0
    )
    assert losses.focal(unsure, target, gamma=2) / losses.focal(sure, target, gamma=2) > 100 * plain


def test_binary_cross_entropy_is_torchs(logits):
    positive = torch.tensor([1.0, 3.0, 0.5])
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, SETS.float(), pos_weight=positive, reduction="none"
    ).mean(1)
    ours = losses.binary_cross_entropy(logits, SETS, positive=positive, smoothing=0.0)
    torch.testing.assert_close(ours, expected)


def test_binary_focal_loss_without_gamma_is_binary_cross_entropy(logits):
    positive = torch.tensor([1.0, 3.0, 0.5])
    torch.testing.assert_close(
        losses.binary_focal(logits, SETS, positive=positive, gamma=0.0),
        losses.binary_cross_entropy(logits, SETS, positive=positive, smoothing=0.0),
    )


def test_squared_error_is_in_units_of_the_variance():
    loss = losses.squared_error(
        torch.tensor([[5.0], [1.0]]), torch.tensor([3.0, 1.0]), variance=4.0
    )
    assert loss.tolist() == [1.0, 0.0]


def test_balanced_weights_are_scikit_learns():
    targets = TARGETS.numpy()
    expected = compute_class_weight("balanced", classes=np.arange(3), y=targets)
    np.testing.assert_allclose(class_weights("balanced", targets, NAMES), expected)


def test_sqrt_weights_are_the_root_of_the_balanced_ones_and_one_on_average():
    targets = np.array([0] * 8 + [1] * 2)
    weights = class_weights("sqrt", targets, NAMES)
    assert weights[1] / weights[0] == pytest.approx(2.0)
    assert weights[targets].mean() == pytest.approx(1.0)
    assert weights[2] == 1.0, "a label without rows"
    sets = positive_weights("balanced", SETS.numpy(), NAMES)
    np.testing.assert_allclose(positive_weights("sqrt", SETS.numpy(), NAMES) ** 2, sets)


def test_shares_of_one_label_alone_are_cross_entropy(logits):
    alone = torch.nn.functional.one_hot(TARGETS, 3).float()
    for smoothing in (0.0, 0.1):
        torch.testing.assert_close(
            losses.cross_entropy_of_shares(logits, alone, smoothing=smoothing),
            losses.cross_entropy(logits, TARGETS, smoothing=smoothing),
        )


def test_cross_entropy_of_shares_is_torchs(logits):
    shares = torch.tensor([[0.5, 0.25, 0.25], [0.0, 0.0, 1.0]]).repeat(3, 1)
    for smoothing in (0.0, 0.2):
        expected = torch.nn.functional.cross_entropy(
            logits, shares, label_smoothing=smoothing, reduction="none"
        )
        found = losses.cross_entropy_of_shares(logits, shares, smoothing=smoothing)
        torch.testing.assert_close(found, expected)


def test_what_a_row_is_taught_is_its_label_and_the_teachers_opinion():
    said = np.array([[0.2, 0.8], [0.6, 0.4]], dtype=np.float32)
    teacher = TeacherOpinions(said, np.array([1, -1, 0]), alpha=0.25)
    taught = teacher.shares(np.array([2, 1, 0]), np.array([0, 1, 1]))
    np.testing.assert_allclose(taught, [[0.8, 0.2], [0, 1], [0.15, 0.85]], atol=1e-6)


def test_a_teacher_is_refused_where_it_cannot_teach():
    with pytest.raises(ValidationError, match="loss focal learns one label per row"):
        TrainSettings(loss="focal", teacher="linear")
    with pytest.raises(SettingsError, match="these rows have several"):
        get_task("multi_label").loss(TrainSettings(teacher="linear"), SETS.numpy(), NAMES)
    with pytest.raises(SettingsError, match="this task learns a number"):
        get_task("text_regression").loss(TrainSettings(teacher="linear"), np.ones(2), ("number",))


def test_balanced_weights_of_label_sets_make_both_sides_count_alike():
    weights = positive_weights("balanced", SETS.numpy(), NAMES)
    for label, weight in enumerate(weights):
        applies = SETS.numpy()[:, label]
        assert applies.sum() * weight == pytest.approx((1 - applies).sum())


def test_labels_without_a_weight_of_their_own_are_named():
    task = get_task("text_classification")
    settings = TrainSettings(class_weights={"退款": 2.0})
    loss = task.loss(settings, TARGETS.numpy(), NAMES)
    assert loss.notes == ("train.class_weights does not name '会员', 'parcel': weight 1",)
    assert loss.label_weights == {"会员": 1.0, "退款": 2.0, "parcel": 1.0}
    np.testing.assert_allclose(loss.row_weights, [1, 2, 1, 1, 2, 2])
    assert without_weight("balanced", NAMES) == ()
    assert weights_by_name(np.ones(3), NAMES) == {}


def test_settings_for_labels_are_refused_where_a_number_is_learned():
    task = get_task("text_regression")
    settings = TrainSettings(class_weights="balanced", label_smoothing_factor=0.1)
    with pytest.raises(SettingsError) as raised:
        task.loss(settings, np.array([1.0, 2.0]), ("number",))
    assert [p.where for p in raised.value.problems] == [
        "train.class_weights",
        "train.label_smoothing_factor",
    ]
