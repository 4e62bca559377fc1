"""The report of a run with folds: pooled figures, each fold beside them, how they differ."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pytest

from fake_runs import add_folds, make_run
from fake_tasks import make_number_run
from luthier.records import (
    ConfusionMatrix,
    Figure,
    FoldFigures,
    FoldsEvaluation,
    SplitEvaluation,
    Spread,
)
from luthier.reporting import page as page_module
from luthier.reporting.catalogue import catalogue
from luthier.reporting.folds_part import MOST_LINES, folds_part
from luthier.reporting.page import page
from luthier.run_folder import RunFolder
from luthier.stages.report import gather


@pytest.fixture(autouse=True)
def no_font(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "font_face", lambda *_: "")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    made = make_run(tmp_path / "run")[0]
    add_folds(made)
    return made


def words_of(html: str) -> str:
    """What stands in the page, without tags."""
    body = re.sub(r"<(style|script).*?</\1>", "", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_the_first_screen_has_the_pooled_figure_and_every_fold(run: RunFolder) -> None:
    html = page(gather(run, None))
    verdict = words_of(html.split('id="findings"')[0])
    found = run.folds_evaluation
    macro = found.pooled.figures["macro_f1"]
    assert f"On 595 cross-validation rows: macro-F1 {macro.value:.3f} ({macro.low:.3f}" in verdict
    for one in found.each:
        assert f"fold {one.fold} {one.figures['macro_f1'].value:.3f}" in verdict
    spread = found.spread["macro_f1"]
    assert f"macro-F1 from {spread.least:.3f} to {spread.largest:.3f}" in verdict
    assert f"(standard deviation {spread.deviation:.3f})" in verdict
    assert "2 different models have been judged on the rows of a fold" in verdict


def test_the_table_of_folds_has_their_rows_intervals_and_rivals(run: RunFolder) -> None:
    verdict = words_of(page(gather(run, None)).split('id="findings"')[0])
    one = run.folds_evaluation.each[1]
    accuracy = one.figures["accuracy"]
    cells = f"{one.rows} {one.train_rows} 0"
    assert f"2 {cells}" in verdict
    assert f"{accuracy.value:.3f} ({accuracy.low:.3f} to {accuracy.high:.3f})" in verdict
    assert "all folds: linear model on TF-IDF 595" in verdict
    assert "cross-validation (595 rows)" in verdict, "a column of all figures"


def test_labels_have_their_pooled_figures(run: RunFolder) -> None:
    html = page(gather(run, None))
    labels = html.split('<section id="labels">')[1].split("</section>")[0]
    assert "The same on 595 cross-validation rows" in labels
    table = labels.split('data-split="cross-validation"')[1]
    pooled = run.folds_evaluation.pooled.per_label
    for name, figures in pooled.items():
        assert f'data-label="{name}"' in table
        assert f'<td class="n">{figures.support}</td>' in table
    data = json.loads(re.search(r'id="data">(.*?)</script>', html, re.DOTALL)[1])
    place = str(data["labels"].index("退換貨"))
    assert data["figures"]["cross-validation"][place][0] == pooled["退換貨"].support


def test_a_run_without_folds_says_nothing_of_them(tmp_path: Path) -> None:
    html = page(gather(make_run(tmp_path / "run")[0], None))
    assert "cross-validation rows" not in words_of(html)
    assert 'class="folds"' not in html


def test_folds_that_are_not_all_judged_are_named(run: RunFolder) -> None:
    (run.path / "folds.json").unlink()
    said = words_of(page(gather(run, None)))
    assert "The rows are dealt into folds, but not every fold has been judged." in said
    assert "cross-validation rows" not in said


def test_notes_of_the_folds_stand_with_the_others(run: RunFolder) -> None:
    assert "(folds) each of these models learned from 400 rows" in words_of(page(gather(run, None)))


def test_many_folds_stand_in_the_table_alone() -> None:
    figure = Figure(0.7, 0.6, 0.8, 20)
    pooled = SplitEvaluation(400, 2, {"macro_f1": figure}, {}, ConfusionMatrix((), ()))
    each = [FoldFigures(k, 20, 380, 0, {"macro_f1": figure}, "") for k in range(1, MOST_LINES + 2)]
    spread = {"macro_f1": Spread(0.7, 0.1, 0.5, 0.8)}
    assert len(folds_part(FoldsEvaluation(pooled, tuple(each), spread, 1)).lines) == 1
    fewer = FoldsEvaluation(pooled, tuple(each[:3]), spread, 1)
    assert len(folds_part(fewer).lines) == 4


def test_folds_of_numbers_have_no_table_of_labels(tmp_path: Path) -> None:
    run = make_number_run(tmp_path / "run")[0]
    test = run.evaluation.splits["test"]
    each = tuple(FoldFigures(k, test.n, 300, 60, test.figures, f"d{k}") for k in (1, 2))
    spread = {name: Spread(f.value, 0.0, f.value, f.value) for name, f in test.figures.items()}
    facts = gather(run, None)
    shown = folds_part(FoldsEvaluation(test, each, spread, None))
    assert shown.metric == "r2"
    assert [line.name for line in shown.lines] == ["all folds", "fold 1", "fold 2"]
    assert facts.folds is None


@pytest.mark.parametrize("language", ["zh-TW", "zh-CN"])
def test_the_folds_are_told_in_chinese(run: RunFolder, language: str) -> None:
    say = catalogue(language)
    verdict = words_of(page(gather(run, None), say).split('id="findings"')[0])
    name = {"zh-TW": "在 595 筆交叉驗證資料上", "zh-CN": "在 595 条交叉验证数据上"}[language]
    assert name in verdict
    assert "第 2 折" in verdict
    folds = verdict[verdict.index("3 折") : verdict.index(say("What was found"))]
    assert not re.search(r"[a-z]{3,} [a-z]{3,}", folds)
