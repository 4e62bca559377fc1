"""What recipe `auto` chooses by the size of the model."""

from dataclasses import replace

import pytest

from luthier.recipes import PlanFacts, RunCosts, auto, frozen_start, head_alone, steps_within


@pytest.mark.parametrize(
    ("parameters", "rate"),
    [(5_300_000, 5e-4), (22_700_000, 2e-4), (110_000_000, 3e-5), (560_000_000, 1e-5)],
)
def test_the_smaller_the_model_the_higher_the_rate(parameters, rate):
    facts = PlanFacts(
        train_rows=1000,
        labels=5,
        parameters=parameters,
        longest_input=512,
        length_p99=40.0,
        on_accelerator=False,
    )
    choice = auto(facts)
    assert choice.values["train.learning_rate"] == rate
    assert f"{parameters / 1e6:.0f} million" in choice.reasons["train.learning_rate"]


@pytest.mark.parametrize(
    ("rows", "batch", "rate"), [(30, 32, 0.0035), (2000, 64, 0.005), (7000, 256, 0.01)]
)
def test_a_head_alone_learns_from_large_batches_at_a_high_rate(rows, batch, rate):
    values = head_alone(rows).values
    assert values["train.per_device_train_batch_size"] == batch
    assert values["train.learning_rate"] == rate
    assert values["model.pooling"] == "mean"


def test_of_a_head_above_a_decoder_only_the_rate_is_chosen():
    assert head_alone(7000, decoder=True).values == {"train.learning_rate": 2e-3}


def test_what_is_chosen_for_a_head_alone_replaces_what_holds_for_whole_models():
    facts = PlanFacts(7000, 5, 5_300_000, 512, 40.0, on_accelerator=False)
    whole, alone = auto(facts), auto(replace(facts, head_alone=True))
    assert "model.pooling" not in whole.values
    assert alone.values["train.learning_rate"] == 0.01
    assert alone.reasons["train.learning_rate"] == "recipe auto: a head alone takes a higher rate"
    assert alone.values["text.max_length"] == whole.values["text.max_length"]


def test_a_tiny_model_with_many_labels_begins_with_a_frozen_lower_half_where_it_may():
    facts = PlanFacts(10_000, 118, 5_300_000, 512, 40.0, on_accelerator=False, may_freeze=True)
    values = auto(facts).values
    assert (values["train.num_train_epochs"], values["train.freeze_epochs"]) == (12, 5)
    changes = ({"may_freeze": False}, {"parameters": 22_700_000}, {"labels": 15})
    for other in (replace(facts, **change) for change in changes):
        assert "train.freeze_epochs" not in auto(other).values


def test_some_epochs_are_left_for_all_layers_and_a_single_one_is_not_frozen():
    frozen = [frozen_start(epochs).values["train.freeze_epochs"] for epochs in (1, 2, 3, 9, 20)]
    assert frozen == [0, 1, 1, 4, 9]


def test_cheap_epochs_leave_time_for_more_of_them():
    plain = RunCosts(start=0, step=0.1, judging=1.0, steps_per_epoch=100)
    half = replace(plain, frozen_step=0.02, frozen_share=0.5)
    assert steps_within(100.0, plain) == int(96 / 0.11)
    assert steps_within(100.0, half) == int(96 / 0.07)
