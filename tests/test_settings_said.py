"""What is said of the settings before training."""

import pytest

from luthier.settings_file import resolve, value_of, with_recipe
from luthier.settings_said import ONLY_WITH, settings_said
from luthier.settings_tree import SETTINGS


def said(flags):
    return [note.message for note in settings_said(resolve(flags=flags))]


def test_a_setting_that_is_not_read_beside_the_others_is_said():
    assert said({"model.lora_r": "16", "model.strategy": "frozen"}) == [
        "model.lora_r = 16 changes nothing: it is read with model.strategy lora, not frozen"
    ]
    assert said({"augment.copies": "3"}) == [
        "augment.copies = 3 changes nothing: it is read with augment.change "
        "delete | swap | synonyms | masked, not none"
    ]


@pytest.mark.parametrize(
    "flags",
    [
        {"model.lora_r": "16", "model.strategy": "lora"},
        {"model.lora_r": "8"},  # its default: written out, as in a run.yaml
        {"text.stride": "16", "text.long_texts": "windows"},
        {"train.focal_gamma": "1", "train.loss": "focal"},
    ],
)
def test_of_a_setting_that_is_read_nothing_is_said(flags):
    assert said(flags) == []


def test_a_choice_of_the_recipe_is_said_with_its_reason_and_never_called_idle():
    chosen = {"model.trainable_layers": 3, "train.learning_rate": 1e-4}
    resolved = with_recipe(resolve(), chosen, reasons={"train.learning_rate": "a small model"})
    assert [note.message for note in settings_said(resolved)] == [
        "train.learning_rate = 0.0001 (a small model)"
    ]


def test_every_setting_that_may_be_idle_is_there_with_the_values_that_wake_it():
    settings = resolve().settings
    for name, (other, values) in ONLY_WITH.items():
        assert name in SETTINGS
        assert set(values) <= set(SETTINGS[other].choices)
        off = not SETTINGS[name].default
        assert off or value_of(settings, other) not in values, f"{name} is read by default"
