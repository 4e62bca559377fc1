"""Several runs beside each other: paired, honest, and only where the rows are the same."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

from fake_runs import add_folds, make_run
from fake_tasks import make_number_run, make_set_run
from luthier.cli.main import main
from luthier.errors import InputError, RunFolderError
from luthier.journeys.compare import compare
from luthier.reporting import compare_page as page_module
from luthier.reporting import page as report_page
from luthier.reporting.catalogue import catalogue
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
    monkeypatch.setattr(report_page, "font_face", lambda *_: "")


def test_a_better_run_is_called_better_with_its_paired_interval(two):
    found = compare_runs(two)
    accuracy = next(one for one in found.differences if one.metric == "accuracy")
    wrong = two[0].predictions("validation").labels != two[0].predictions("validation").predicted
    gained = min(14, int(wrong.sum()))
    assert accuracy.difference.value == pytest.approx((gained - 2) / 105)
    assert 0 < accuracy.difference.low < accuracy.difference.value < accuracy.difference.high
    assert accuracy.verdict == "better"
    assert [one.verdict for one in compare_runs(two[::-1]).differences] == ["worse", "worse"]


def test_two_runs_that_answer_alike_are_not_told_apart(two):
    answers = two[0].predictions("validation")
    right = np.flatnonzero(answers.labels == answers.predicted)[:2]
    wrong = np.flatnonzero(answers.labels != answers.predicted)[:2]
    said = answers.predicted.copy()
    said[right] = (answers.labels[right] + 1) % 6
    said[wrong] = answers.labels[wrong]
    two[1].save_predictions("validation", replace(answers, predicted=said))
    found = compare_runs(two)
    assert {one.verdict for one in found.differences} == {"cannot_tell"}
    assert all(one.difference.low < 0 < one.difference.high for one in found.differences)
    assert all(one.rows_needed > found.n for one in found.differences)


def test_runs_whose_answers_are_all_equal_are_said_to_give_the_same_once(tmp_path):
    runs = [make_run(tmp_path / name)[0] for name in "ab"]
    found = compare_runs(runs)
    assert {one.verdict for one in found.differences} == {"same"}
    assert {one.rows_needed for one in found.differences} == {None}
    assert (found.flipped, found.settings) == ((), {})
    assert page_module.difference_sentences(found) == [
        "b and a give the same answers on all 105 rows."
    ]


def test_a_run_given_twice_is_refused(two):
    again = RunFolder(two[0].path.parent / "b" / ".." / "a")
    with pytest.raises(InputError, match="this run is given twice"):
        compare_runs([*two, again])


def test_runs_of_one_name_are_told_apart_by_their_paths(tmp_path):
    runs = [make_run(tmp_path / name / "run")[0] for name in "ab"]
    assert [run.name for run in compare_runs(runs).runs] == [str(run.path) for run in runs]


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


# folds -------------------------------------------------------------------------------------------


@pytest.fixture
def folded(two: tuple[RunFolder, RunFolder]) -> tuple[RunFolder, RunFolder]:
    """Both runs have folds; run `b` mends the first 30 wrong pooled answers of run `a`."""
    answers = [add_folds(run) for run in two][1]
    wrong = np.flatnonzero(answers.labels != answers.predicted)[:30]
    said = answers.predicted.copy()
    said[wrong] = answers.labels[wrong]
    two[1].save_predictions("folds", replace(answers, predicted=said))
    return two


def test_runs_with_folds_are_compared_by_their_pooled_answers_row_by_row(folded):
    found = compare_runs(folded)
    assert (found.split, found.n) == ("folds", 595)
    accuracy = next(one for one in found.differences if one.metric == "accuracy")
    assert accuracy.difference.value == pytest.approx(30 / 595)
    assert accuracy.verdict == "better"
    assert len(found.flipped) == 30
    assert "each row is answered once in every run" in found.notes[0]
    pooled = folded[0].folds_evaluation.pooled.figures["accuracy"]
    assert found.runs[0].figures["folds"]["accuracy"] == pooled
    assert found.runs[0].figures["validation"]["accuracy"].n == 105


def test_where_one_run_has_no_folds_validation_rows_are_compared_and_it_is_said(two):
    add_folds(two[0])
    found = compare_runs(two)
    assert (found.split, found.n) == ("validation", 105)
    assert found.notes == (
        f"validation rows are compared, as no folds are judged in: {two[1].path}",
    )


def test_folds_that_are_dealt_otherwise_are_compared_and_it_is_said(folded):
    add_folds(folded[1], 5)
    found = compare_runs(folded)
    assert found.n == 595
    assert "dealt into other folds than in" in found.notes[1]


def test_rows_of_another_data_file_are_paired_by_number_and_it_is_said(two):
    source = two[1].source
    other = (replace(source.files[0], sha256="cd" * 32),)
    two[1].save_source(replace(source, files=other))
    changed = RunFolder(two[1].path)
    (note,) = compare_runs((two[0], changed)).notes
    assert note.startswith(f"{changed.path}: its data file is not that of {two[0].path}")


def test_folds_over_other_rows_are_refused_with_their_number(folded, snapshot, monkeypatch):
    answers = folded[1].predictions("folds")
    fewer = replace(
        answers,
        **{
            name: getattr(answers, name)[7:]
            for name in ("row_ids", "labels", "predicted", "probabilities", "loss")
        },
    )
    folded[1].save_predictions("folds", fewer)
    monkeypatch.chdir(folded[0].path.parent)
    with pytest.raises(InputError) as caught:
        compare_runs([RunFolder("a"), RunFolder("b")])
    assert str(caught.value) == snapshot
    labels = answers.labels.copy()
    labels[:3] = (labels[:3] + 1) % 6
    folded[1].save_predictions("folds", replace(answers, labels=labels))
    with pytest.raises(InputError, match=r"have other labels than in .* \(rows: 3\)"):
        compare_runs(folded)


def test_runs_of_other_tasks_are_refused_all_at_once(tmp_path, snapshot, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_number_run(tmp_path / "numbers")
    make_set_run(tmp_path / "sets")
    with pytest.raises(InputError) as caught:
        compare_runs([RunFolder("numbers"), RunFolder("sets")])
    assert str(caught.value) == snapshot


def test_the_page_and_the_command_call_them_cross_validation_rows(
    folded, no_font, capsys, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    assert main(["compare", "a", "b"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("on the same 595 cross-validation rows, paired, 95 % intervals:")
    assert "note: each row is answered once in every run" in said
    html = (tmp_path / "a" / "comparison.html").read_text(encoding="utf-8")
    assert "On the same 595 cross-validation rows" in html
    assert "accuracy, cross-validation" in html
    html = compare(folded, language="zh-TW")[1].read_text(encoding="utf-8")
    assert catalogue("zh-TW").told(compare_runs(folded).notes[0]) in html
    assert "交叉驗證" in html
