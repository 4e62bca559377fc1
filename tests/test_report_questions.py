"""The questions that people have stand in the report with their causes, in its language."""

from __future__ import annotations

from dataclasses import replace

import pytest

import luthier.reporting.page as page_module
import luthier.stages.report as report_module
from fake_runs import make_run
from luthier.faults import example_evidence as example
from luthier.records import Diagnosis
from luthier.stages.diagnose import diagnose
from luthier.stages.report import report


@pytest.fixture
def written(tmp_path, monkeypatch):
    """The page of a run whose diagnosis answers these questions, in a language."""
    monkeypatch.setattr(report_module, "draw_charts", lambda *_: {})
    monkeypatch.setattr(page_module, "font_face", lambda *_: "")
    run, rows = make_run(tmp_path / "shop")

    def write(answers, language="en"):
        run.save_diagnosis(replace(run.diagnosis, answers=answers))
        report(run, rows, language=language)
        return run.report.read_text(encoding="utf-8")

    return write


def mixed_up():
    return diagnose({"label_pairs": example.label_pairs("wrong_labels")}).answers


def test_a_question_stands_there_with_its_answer_and_the_standing_of_every_cause(written):
    html = written(mixed_up())
    assert 'id="question-mixed_up_labels"' in html
    assert "Two labels are mixed up: shared words, wrong labels, or an unclear border?" in html
    assert "<strong>found:</strong>" in html
    assert html.count("<strong>ruled out:</strong>") == 2
    assert "Next test:" in html


@pytest.mark.parametrize(
    ("language", "title", "found"),
    [
        ("zh-TW", "兩個標籤混淆：用詞相同、標錯，還是界線不清？", "已找到"),
        ("zh-CN", "两个标签混淆：用词相同、标错，还是界线不清？", "已找到"),
    ],
)
def test_a_question_speaks_the_language_of_the_page(written, language, title, found):
    html = written(mixed_up(), language)
    assert title in html
    assert "Two labels are mixed up" not in html
    assert found in html


def test_without_a_question_there_is_no_such_heading(written):
    assert "Questions answered" not in written(())
    assert Diagnosis().answers == ()
