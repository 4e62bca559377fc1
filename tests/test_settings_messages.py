"""What a person reads when settings are wrong: every problem at once, each with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from luthier.errors import SettingsError
from luthier.settings_file import resolve


@pytest.fixture
def message(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def of(text: str | bytes | None = None, flags: dict[str, Any] | None = None) -> str:
        file = None
        if text is not None:
            file = Path("luthier.yaml")
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(SettingsError) as caught:
            resolve(file, flags)
        return str(caught.value)

    return of


WRONG_EVERYWHERE = """\
task: text_classification
recipe: classik
learning_rate: 2e-5
train.seed: 4
train:
  learning_rat: 2e-5
  lr: 1e-3
  num_train_epochs: 2.5
  weight_decay: -1
  warmup_ratio: 0.1
  class_weights: {退貨: x, 0: 1, 其他: 2}
  seed: true
  seed: 3
  text: {max_length: 5}
  max_grad_norm: [1, 2]
  threads:
  metric_for_best_model: f1
  time_budget: 1:30
split:
  validation_size: 15%
  max_length: 64
model: bert-base-chinese
txt: {max_length: 5}
dropout: 0.3
diagnose: [fail_on]
evaluate:
  floors: maybe
  xyzzy: 1
"""


def test_a_wrong_file_gets_all_its_problems_at_once_in_the_order_of_its_lines(message, snapshot):
    said = message(WRONG_EVERYWHERE)
    lines = [int(line.split(":")[1]) for line in said.split("\n")[:-1]]
    assert lines == sorted(lines)
    assert len(lines) == 24
    assert said == snapshot


def test_wrong_flags_get_all_their_problems_at_once(message, snapshot):
    flags = {
        "--learning-rat": "1e-4",
        "--data.learning_rate": "1",
        "--trian.seed": "1",
        "--seed": "1",
        "--epochs": "3",
        "--model": "bert-base-chinese",
        "--train": "1",
        "--train.seed": "two",
        "--max_length": "3",
        "--text.max-length": "5",
        "--class_weights": "{退貨: 1, 退貨: 2}",
        "--fail_on": "hihg",
    }
    assert message(flags=flags) == snapshot


def test_problems_of_the_file_come_before_problems_of_the_flags(message, snapshot):
    assert message("train:\n  seed: x\n", {"train.seed": "y"}) == snapshot


def test_values_that_do_not_fit_together_are_named(message, snapshot):
    assert message("split:\n  validation_size: 0.5\n", {"test_size": "0.6"}) == snapshot


def test_a_flag_may_mend_values_of_the_file_that_do_not_fit_together(tmp_path):
    file = tmp_path / "luthier.yaml"
    file.write_text("split:\n  validation_size: 0.9\n")
    assert resolve(file, {"test_size": "0.05"}).settings.split.validation_size == 0.9


def test_a_python_caller_reads_names_without_dashes(snapshot):
    with pytest.raises(SettingsError) as caught:
        resolve(flags={"train.seed": True, "learning_rate": 0, "lr": 1}, flag_prefix="")
    assert str(caught.value) == snapshot


@pytest.mark.parametrize("written", ["inf", ".inf", "nan", ".nan", "1e999", "2,5", "２"])
def test_a_number_that_is_none_is_refused(message, written):
    said = message(f"train:\n  learning_rate: {written}\n")
    assert said.startswith("luthier.yaml:2: train.learning_rate: must be a number above 0, not")


def test_every_foreign_kind_of_file_is_named_with_its_line(message, snapshot):
    files: dict[str, str | bytes] = {
        "a tab": "train:\n\tseed: 3\n",
        "a full-width colon": "train:\n  seed：3\n",
        "a full-width colon at the top": "recipe：auto\n",
        "no space after the colon": "train:\n  seed:3\n",
        "no space after the first of two colons": "train:\n  learning_rate:2e-5\n  seed: 3\n",
        "two colons": "recipe: auto: x\n",
        "an open quote": "data:\n  text_column: 'text\n",
        "an open bracket": "train: {seed: 1\n",
        "an alias": "data:\n  text_column: *\n",
        "an unknown alias": "train: *base\n",
        "wrong indentation": "train:\n  seed: 3\n weight_decay: 3\n",
        "GB18030": "train:\n  seed: 3\n# 种子\n".encode("gb18030"),
        "UTF-16": "train:\n".encode("utf-16"),
        "a NUL": "train:\n  seed: 3\x00\n",
        "a list": "- train\n",
        "plain text": "hello\n",
        "two documents": "---\nrecipe: auto\n---\nrecipe: auto\n",
        "a merge": "<<: {seed: 3}\n",
        "a list for a name": "? [a]\n: b\n",
        "a run.yaml with a wrong value": "settings:\n  train:\n    seed: x\norigins: {}\n",
        "deep brackets": "a: " + "[" * 5000,
        "a list that holds itself": "train: &a [*a]\n",
    }
    assert {what: message(text) for what, text in files.items()} == snapshot


def test_a_missing_file_is_named_with_near_names(message, tmp_path, snapshot):
    (tmp_path / "luthier.yml").write_text("")
    with pytest.raises(SettingsError) as caught:
        resolve(Path("luthier.yaml"))
    assert str(caught.value) == snapshot


def test_a_folder_is_no_settings_file(message, snapshot):
    Path("luthier.yaml").mkdir()
    with pytest.raises(SettingsError) as caught:
        resolve(Path("luthier.yaml"))
    assert str(caught.value) == snapshot


def test_values_are_shown_as_text_and_cut_when_they_are_long(message):
    said = message(f"train:\n  seed: '<b>{'長' * 500}\\x1b[31m'\n")
    assert said.count("長") < 100
    assert "\x1b" not in said
