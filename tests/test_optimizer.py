"""Optimizers, rates by layer, and the course of the rate."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import get_scheduler

from luthier.engines.optimizer import (
    make_optimizer,
    optimizer_arguments,
    optimizer_class,
    restore_state,
    state_tensors,
)
from luthier.errors import SettingsError
from luthier.kit.learning_rate import learning_rate_at
from luthier.models.layers import depth_of_parameters
from luthier.models.pretrained import find_model, load_classifier
from luthier.settings import ModelSettings, TrainSettings
from tiny_architectures import make_architecture
from tiny_models import LABELS, tiny_rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("bert") / "bert"
    return make_architecture("bert", made, tiny_rows(12).columns["text"])


def classifier(folder: Path):
    return load_classifier(find_model(str(folder)), LABELS, ModelSettings(), 48)


def rates_by_depth(model, optimizer) -> dict[int, set[float]]:
    depths, _ = depth_of_parameters(model)
    names = {id(p): name for name, p in model.named_parameters()}
    found: dict[int, set[float]] = {}
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            rate = round(group["lr"] * group["scale"], 12)
            found.setdefault(depths[names[id(parameter)]], set()).add(rate)
    return found


def test_each_layer_learns_slower_than_the_one_above_and_the_head_at_its_own_rate(folder):
    model = classifier(folder)
    settings = TrainSettings(learning_rate=1e-3, layerwise_lr_decay=0.5, head_learning_rate=5e-3)
    rates = rates_by_depth(model, make_optimizer(model, settings))
    assert rates == {0: {0.000125}, 1: {0.00025}, 2: {0.0005}, 3: {0.001}, 4: {0.005}}


def test_without_these_settings_all_learn_at_one_rate(folder):
    model = classifier(folder)
    groups = make_optimizer(model, TrainSettings(weight_decay=0.3)).param_groups
    assert [(g["scale"], g["weight_decay"]) for g in groups] == [(1.0, 0.3), (1.0, 0.0)]


@pytest.mark.parametrize(
    "name", ["adamw", "adam", "sgd", "RMSprop", "nadam", "adagrad", "adafactor", "adamw_torch"]
)
def test_any_optimizer_of_torch_steps_and_goes_on_from_its_saved_state(folder, name):
    arguments = "momentum=0.9,nesterov=true" if name == "sgd" else ""
    settings = TrainSettings(optim=name, optim_args=arguments, learning_rate=1e-2)

    def step(model, optimizer):
        generator = torch.Generator().manual_seed(1)
        for parameter in model.parameters():
            parameter.grad = torch.rand(parameter.shape, generator=generator)
        optimizer.step()

    model = classifier(folder)
    optimizer = make_optimizer(model, settings)
    assert type(optimizer) is optimizer_class(name)
    step(model, optimizer)
    saved = {k: v.clone() for k, v in state_tensors(model, optimizer).items()}
    again = classifier(folder)
    again.load_state_dict(model.state_dict())
    other = make_optimizer(again, settings)
    restore_state(again, other, saved)
    step(model, optimizer)
    step(again, other)
    for one, two in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, two)


def test_sgd_is_plain_gradient_descent(folder):
    model = classifier(folder)
    settings = TrainSettings(optim="sgd", learning_rate=0.5, weight_decay=0.0)
    optimizer = make_optimizer(model, settings)
    bias = model.classifier.bias
    before = bias.detach().clone()
    bias.grad = torch.ones_like(bias)
    optimizer.step()
    torch.testing.assert_close(bias.detach(), before - 0.5)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("adamm", "did you mean 'adam"),
        ("lbfgs", "it needs the loss several times a step"),
        ("muon", "it takes matrices only"),
    ],
)
def test_an_optimizer_that_cannot_be_used_is_one_clear_message(name, said):
    with pytest.raises(SettingsError, match=said):
        optimizer_class(name)


def test_arguments_are_read_and_wrong_ones_named(folder):
    settings = TrainSettings(optim="sgd", optim_args="momentum=0.9, nesterov=True")
    assert optimizer_arguments(settings) == {"momentum": 0.9, "nesterov": True}
    with pytest.raises(SettingsError, match="'momentum' is not name=number"):
        optimizer_arguments(TrainSettings(optim_args="momentum"))
    with pytest.raises(SettingsError, match=r"SGD does not take it: .*betas"):
        make_optimizer(classifier(folder), TrainSettings(optim="sgd", optim_args="betas=0.9"))


@pytest.mark.parametrize("course", ["linear", "cosine", "constant", "constant_with_warmup"])
def test_the_course_is_that_of_transformers_one_step_later(course):
    settings = TrainSettings(learning_rate=1.0, warmup_steps=4, lr_scheduler_type=course)
    ours = [learning_rate_at(step, 20, settings) for step in range(1, 21)]
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    theirs = get_scheduler(course, optimizer, num_warmup_steps=5, num_training_steps=21)
    rates = []
    for _ in range(20):
        optimizer.step()
        theirs.step()
        rates.append(theirs.get_last_lr()[0])
    np.testing.assert_allclose(ours, rates, atol=1e-9)


def test_restarts_begin_at_the_peak_and_no_step_stands_still():
    settings = TrainSettings(
        learning_rate=1.0, warmup_steps=0, lr_scheduler_type="cosine_with_restarts", num_cycles=2
    )
    rates = [learning_rate_at(step, 10, settings) for step in range(1, 11)]
    assert rates[0] == rates[5] == 1.0
    assert min(rates) > 0
    slow = TrainSettings(learning_rate=1.0, warmup_steps=4, lr_scheduler_type="inverse_sqrt")
    assert learning_rate_at(17, 100, slow) == pytest.approx((4 / (4 + 12)) ** 0.5)
