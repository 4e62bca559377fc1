"""One tree out of defaults, a recipe, a file and flags, each value with its origin."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.errors import RunFolderError, SettingsError
from luthier.settings import Settings
from luthier.settings_file import (
    Origin,
    Resolved,
    every_setting,
    from_run_yaml,
    resolve,
    to_yaml,
    value_of,
    with_recipe,
)
from luthier.settings_tree import FOREIGN, SETTINGS, settings_called


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "luthier.yaml"


def chosen(resolved: Resolved) -> dict[str, Any]:
    return {
        name: value_of(resolved.settings, name)
        for name, origin in resolved.origins.items()
        if origin.kind != "default"
    }


def test_without_file_and_flags_every_setting_is_a_default():
    resolved = resolve()
    assert resolved.settings == Settings()
    assert resolved.origins == dict.fromkeys(SETTINGS, Origin("default"))


def test_a_flag_beats_the_file_and_the_file_beats_the_default(file):
    file.write_text("train:\n  learning_rate: 1e-4\n  seed: 7\n")
    resolved = resolve(file, {"--train.seed": "8"})
    assert chosen(resolved) == {"train.learning_rate": 1e-4, "train.seed": 8}
    assert resolved.origins["train.learning_rate"] == Origin("file", f"{file}:2")
    assert resolved.origins["train.seed"] == Origin("flag", "--train.seed")


@pytest.mark.parametrize("typed", ["--train.learning_rate", "--learning_rate", "learning-rate"])
def test_a_flag_may_be_named_by_its_last_part_and_with_hyphens(typed):
    assert chosen(resolve(flags={typed: "3e-5"})) == {"train.learning_rate": 3e-5}


@pytest.mark.parametrize("written", ["2e-5", "2.0e-05", "0.00002", "'2e-5'", ".2e-4"])
def test_every_way_to_write_a_number_is_that_number(file, written):
    file.write_text(f"train:\n  learning_rate: {written}\n")
    assert resolve(file).settings.train.learning_rate == pytest.approx(2e-5)


@pytest.mark.parametrize(
    ("written", "value"),
    [("no", False), ("off", False), ("False", False), ("0", False), ("yes", True), ("on", True)],
)
def test_every_way_to_write_a_boolean_is_that_boolean(file, written, value):
    file.write_text(f"evaluate:\n  floors: {written}\n")
    assert resolve(file).settings.evaluate.floors is value
    assert resolve(flags={"floors": written}).settings.evaluate.floors is value


@pytest.mark.parametrize("column", ["no", "on", "2024", "1:30", "0x10", "内容", "null?", "~x"])
def test_a_column_name_stays_text_whatever_yaml_takes_it_for(file, column):
    file.write_text(f"data:\n  text_column: {column}\n", encoding="utf-8")
    assert resolve(file).settings.data.text_column == column
    assert resolve(flags={"text_column": column}).settings.data.text_column == column


@pytest.mark.parametrize("written", ["", "null", "~"])
def test_an_optional_setting_may_be_left_without_a_value(file, written):
    file.write_text(f"data:\n  text_column: {written}\nmodel:\n  classifier_dropout: {written}\n")
    settings = resolve(file).settings
    assert settings.data.text_column is None
    assert settings.model.classifier_dropout is None


def test_none_is_no_value_for_a_number_and_for_flags(file):
    file.write_text("model:\n  classifier_dropout: none\n")
    assert resolve(file).settings.model.classifier_dropout is None
    assert resolve(flags={"data.text_column": "none"}).settings.data.text_column is None
    assert resolve(flags={"time_budget": "none"}).settings.train.time_budget == "none"


def test_class_weights_take_numeric_and_chinese_labels_as_text(file):
    file.write_text(
        "train:\n  class_weights:\n    0: 1.5\n    退貨: 2\n    no: 1e1\n", encoding="utf-8"
    )
    expected = {"0": 1.5, "退貨": 2.0, "no": 10.0}
    assert resolve(file).settings.train.class_weights == expected
    flag = {"class_weights": "{0: 1.5, 退貨: 2, no: 1e1}"}
    assert resolve(flags=flag).settings.train.class_weights == expected
    python = {"class_weights": {0: 1.5, "退貨": 2, "no": 10}}
    assert resolve(flags=python).settings.train.class_weights == expected


def test_a_quoted_flag_is_read_as_in_a_file():
    assert resolve(flags={"delimiter": '"\\t"'}).settings.data.delimiter == "\t"
    assert resolve(flags={"delimiter": "'"}).settings.data.delimiter == "'"


def test_python_values_and_paths_are_taken_as_they_are(tmp_path):
    flags = {"num_train_epochs": 3, "floors": False, "data.path": tmp_path}
    settings = resolve(flags=flags, flag_prefix="").settings
    assert (settings.train.num_train_epochs, settings.evaluate.floors) == (3, False)
    assert settings.data.path == str(tmp_path)


@pytest.mark.parametrize("text", ["", "# nothing\n", "train:\n", "---\n", "\ufefftrain:\n"])
def test_a_file_without_settings_changes_nothing(file, text):
    file.write_text(text, encoding="utf-8")
    assert chosen(resolve(file)) == {}


def test_a_recipe_fills_defaults_and_never_what_a_person_chose(file):
    file.write_text("train:\n  weight_decay: 0.2\n")
    resolved = resolve(file, {"train.seed": "1"})
    values = {"train.weight_decay": 0.1, "train.seed": 5, "train.num_train_epochs": 4}
    filled = with_recipe(resolved, values, reasons={"train.num_train_epochs": "600 rows"})
    assert chosen(filled) == {
        "train.weight_decay": 0.2,
        "train.seed": 1,
        "train.num_train_epochs": 4,
    }
    assert filled.origins["train.num_train_epochs"] == Origin("recipe", "600 rows")
    assert resolved.settings.train.num_train_epochs == Settings().train.num_train_epochs


def test_a_measured_value_replaces_a_recipe_and_a_recipe_never_a_measured_value():
    name = "train.max_tokens_per_batch"
    recipe = with_recipe(resolve(), {name: 4096})
    measured = with_recipe(recipe, {name: 2048}, kind="measured", reasons={name: "memory"})
    assert value_of(measured.settings, name) == 2048
    assert measured.origins[name] == Origin("measured", "memory")
    assert with_recipe(measured, {name: 9999}) == measured
    halved = with_recipe(measured, {name: 1024}, kind="measured")
    assert value_of(halved.settings, name) == 1024


@pytest.mark.parametrize("values", [{"train.lr": 1}, {"train.seed": -1}, {"train.seed": "x"}])
def test_a_recipe_with_an_invalid_value_is_refused(values):
    with pytest.raises(SettingsError):
        with_recipe(resolve(), values)


def test_run_yaml_keeps_every_value_and_every_origin(file, tmp_path):
    file.write_text(
        "data:\n  text_column: 'none'\n  delimiter: \"\\t\"\n"
        "train:\n  class_weights: {0: 2, 退貨: 1e-7}\n",
        encoding="utf-8",
    )
    flags = {"learning_rate": "2e-5", "floors": "no", "data.label_column": '"null"'}
    resolved = with_recipe(
        resolve(file, flags), {"text.max_length": 64}, reasons={"text.max_length": "p99: 61 字"}
    )
    run_yaml = tmp_path / "run.yaml"
    run_yaml.write_text(to_yaml(resolved), encoding="utf-8")
    assert from_run_yaml(run_yaml) == resolved
    written = yaml.safe_load(run_yaml.read_text(encoding="utf-8"))
    assert written["settings"] == resolved.settings.model_dump(mode="json")
    assert written["origins"]["evaluate.floors"] == {"kind": "flag", "detail": "--evaluate.floors"}
    assert written["origins"].keys() == SETTINGS.keys()


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    column=st.none() | st.text(st.characters(codec="utf-8", exclude_categories=["Cs"])),
    weights=st.dictionaries(st.text(st.characters(codec="utf-8")), st.floats(1e-9, 1e9)),
    rate=st.floats(1e-300, 1e300),
)
def test_any_values_survive_run_yaml(tmp_path_factory, column, weights, rate):
    tree = Settings.model_validate(
        {
            "data": {"text_column": column},
            "train": {"class_weights": weights, "learning_rate": rate},
        }
    )
    resolved = dataclasses.replace(resolve(), settings=tree)
    path = tmp_path_factory.getbasetemp() / "run.yaml"
    path.write_bytes(to_yaml(resolved).encode())
    assert from_run_yaml(path) == resolved


def test_the_run_yaml_of_a_run_is_a_settings_file_to_repeat_it_with(tmp_path):
    resolved = with_recipe(resolve(flags={"train.seed": "5"}), {"text.max_length": 64})
    run_yaml = tmp_path / "run.yaml"
    run_yaml.write_text(to_yaml(resolved))
    repeated = resolve(run_yaml, {"weight_decay": "0.3"})
    assert repeated.settings.text.max_length == 64
    assert repeated.settings.train.weight_decay == 0.3
    assert repeated.origins["train.seed"].kind == "file"
    again = with_recipe(repeated, {"text.max_length": 32})
    assert again.settings.text.max_length == 64


def test_a_setting_that_an_older_run_did_not_know_has_its_default(tmp_path):
    written = yaml.safe_load(to_yaml(resolve(flags={"train.seed": "5"})))
    del written["settings"]["train"]["save_steps"], written["origins"]["train.save_steps"]
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(written))
    read = from_run_yaml(tmp_path / "run.yaml")
    assert read.settings.train.seed == 5
    assert read.origins["train.save_steps"] == Origin("default")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "settings: {}\n",
        "settings: {train: {lr: 1}}\norigins: {}\n",
        "settings: {}\norigins: {train.seed: {kind: guess}}\n",
        "settings: {}\norigins: [1\n",
        "[a, b]\n",
    ],
)
def test_a_damaged_run_yaml_is_named(tmp_path, text):
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(RunFolderError, match=re.escape(str(path))):
        from_run_yaml(path)


def test_every_setting_has_a_meaning_and_stands_in_the_list_once():
    rows = every_setting(resolve(flags={"train.seed": "5"}))
    assert [row.name for row in rows] == list(SETTINGS)
    assert all(row.meaning and not row.meaning.endswith(".") for row in rows)
    assert next(row for row in rows if row.name == "train.seed")[4:] == (
        5,
        Origin("flag", "--train.seed"),
    )
    assert [row.value for row in every_setting()] == [row.default for row in rows]


def test_every_setting_says_what_it_expects():
    assert all(setting.expects for setting in SETTINGS.values())


def test_names_of_other_tools_lead_to_settings_that_exist():
    assert set(FOREIGN.values()) <= SETTINGS.keys()
    assert not [name for name in FOREIGN if settings_called(name)]
