"""Several runs beside each other: paired, honest, and only where the rows are the same."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

from fake_runs import make_run
from luthier.cli.main import main
from luthier.errors import InputError, RunFolderError
from luthier.journeys.compare import compare
from luthier.reporting import compare_page as page_module
from luthier.run_folder import RunFolder, write_text
from luthier.stages.compare import compare as compare_runs


@pytest.fixture
def two(tmp_path: Path) -> tuple[RunFolder, RunFolder]:
    """Run `b` is run `a` with at most 14 wrong answers mended and 2 right ones spoiled."""
    runs = tuple(make_run(tmp_path / name)[0] for name in "ab")
    answers = runs[1].predictions("validation")
    wrong = np.flatnonzero(answers.labels != answers.predicted)[:14]
    right = np.flatnonzero(answers.labels == answers.predicted)[:2]
    said = answers.predicted.copy()
    said[wrong] = answers.labels[wrong]
    said[right] = (answers.labels[right] + 1) % 6
    runs[1].save_predictions("validation", replace(answers, predicted=said))
    tree = yaml.safe_load(runs[1].settings_path.read_text(encoding="utf-8"))
    tree["settings"]["train"]["learning_rate"] = 1e-4
    write_text(runs[1].settings_path, yaml.safe_dump(tree, allow_unicode=True))
    return runs


@pytest.fixture
def no_font(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "font_face", lambda *_: "")


def test_a_better_run_is_called_better_with_its_paired_interval(two):
    found = compare_runs(two)
    accuracy = next(one for one in found.differences if one.metric == "accuracy")
    wrong = two[0].predictions("validation").labels != two[0].predictions("validation").predicted
    gained = min(14, int(wrong.sum()))
    assert accuracy.difference.value == pytest.approx((gained - 2) / 105)
    assert 0 < accuracy.difference.low < accuracy.difference.value < accuracy.difference.high
    assert accuracy.verdict == "better"
    assert [one.verdict for one in compare_runs(two[::-1]).differences] == ["worse", "worse"]


def test_two_runs_that_answer_alike_are_not_told_apart(tmp_path):
    runs = [make_run(tmp_path / name)[0] for name in "ab"]
    found = compare_runs(runs)
    assert {one.verdict for one in found.differences} == {"cannot_tell"}
    assert all(one.difference.low < 0 < one.difference.high for one in found.differences)
    assert all(one.rows_needed > found.n for one in found.differences)
    assert (found.flipped, found.settings) == ((), {})


def test_settings_and_flipped_rows_are_named(two):
    found = compare_runs(two)
    assert found.settings == {"train.learning_rate": (3e-5, 1e-4)}
    before, after = (run.predictions("validation") for run in two)
    differ = before.row_ids[before.predicted != after.predicted]
    assert sorted(row.row_id for row in found.flipped) == sorted(differ.tolist())
    assert all(row.answers[0] != row.answers[1] for row in found.flipped)


def test_runs_that_name_their_labels_in_another_order_are_compared_by_name(two):
    answers = two[1].predictions("validation")
    order = np.arange(6)[::-1]
    place = np.argsort(order)
    turned = replace(
        answers, label_names=tuple(answers.label_names[i] for i in order),
        labels=place[answers.labels], predicted=place[answers.predicted],
        probabilities=answers.probabilities[:, order],
    )  # fmt: skip
    expected = compare_runs(two)
    two[1].save_predictions("validation", turned)
    assert compare_runs(two).differences == expected.differences


def test_runs_on_other_rows_are_refused(two, tmp_path):
    other = make_run(tmp_path / "other", n=600)[0]
    with pytest.raises(InputError, match="rows are not those of"):
        compare_runs([two[0], other])
    binary = make_run(tmp_path / "binary", 2)[0]
    with pytest.raises(InputError, match="labels are not those of"):
        compare_runs([two[0], binary])
    with pytest.raises(InputError, match="two runs or more"):
        compare_runs(two[:1])


def test_a_run_that_was_not_judged_is_refused(two):
    (two[1].path / "metrics.json").unlink()
    with pytest.raises(RunFolderError, match=r"has no metrics\.json yet"):
        compare_runs(two)


def test_the_page_of_several_runs_runs_no_script(two, no_font):
    found, page = compare(two)
    html = page.read_text(encoding="utf-8")
    assert page == two[0].path / "comparison.html"
    assert "<script" not in html
    assert "b is better than a: accuracy" in html
    assert "train.learning_rate" in html
    assert html.count("✗") + html.count("✓") == 2 * len(found.flipped)
    assert "運行" not in html
    assert "執行對比" in compare(two, language="zh-TW")[1].read_text(encoding="utf-8")


def test_the_command_says_it_in_lines_and_as_json(
    two, no_font, snapshot: SnapshotAssertion, capsys, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    assert main(["compare", "a", "b"]) == 0
    assert capsys.readouterr().out == snapshot
    assert main(["compare", "a", "b", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [run["name"] for run in said["runs"]] == ["a", "b"]
    assert said["differences"][0]["verdict"] == "better"
