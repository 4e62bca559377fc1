"""The report of models that give any number of labels, or a number."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import yaml

from fake_tasks import TOPICS, make_number_run, make_set_run, number_predictions, set_predictions
from luthier.kit.missed_and_given import missed_and_given
from luthier.kit.number_parts import number_parts
from luthier.records import Evaluation
from luthier.reporting.chart_numbers import numbers_chart
from luthier.reporting.page import page
from luthier.reporting.payload import payload
from luthier.reporting.verdict import verdict
from luthier.run_folder import write_text
from luthier.stages import report as report_module
from luthier.stages.report import gather, report


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    drawn, report_module.draw_charts = report_module.draw_charts, lambda *_: {}
    found = {}
    for name, make in (("set", make_set_run), ("number", make_number_run)):
        run, rows = make(tmp_path_factory.mktemp(name) / "run")
        html = report(run, rows).read_text(encoding="utf-8")
        found[name] = (run, html, json.loads(re.search(r'id="data">(.*?)</script>', html)[1]))
    report_module.draw_charts = drawn
    return found


def test_missed_and_given_counts_what_a_person_would_count():
    labels = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 1, 1], [1, 0, 0]])
    answers = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 1], [0, 1, 1]])
    nothing = 3
    counts = missed_and_given(labels, answers)
    assert counts[0, 1] == 2, "the first label is missing, the second wrongly given"
    assert counts[0, 2] == 1
    assert counts[1, nothing] == 1, "missing, and nothing given instead"
    assert counts[nothing, 2] == 1, "wrongly given, and nothing missing"
    assert counts.diagonal().tolist() == [1, 1, 1, 0]
    assert counts.sum() == 8


def test_parts_of_numbers_hold_all_rows_and_show_where_answers_lean():
    answers = number_predictions(np.arange(600), 1)
    parts = number_parts(answers.labels, answers.predicted, 200, 42)
    assert sum(part.error.n for part in parts) == 600
    assert parts[0].bias > 0.3 > -0.3 > parts[-1].bias, "drawn to the middle"
    assert all(a.high < b.low for a, b in pairwise(parts))
    assert all(part.error.low <= part.error.value <= part.error.high for part in parts)


def test_few_or_equal_numbers_make_one_part_and_none_make_none():
    assert number_parts(np.zeros(0), np.zeros(0), 100, 1) == ()
    (part,) = number_parts(np.full(300, 2.0), np.full(300, 2.5), 100, 1)
    assert (part.low, part.high, part.bias) == (2.0, 2.0, 0.5)


def test_the_matrix_of_label_sets_counts_test_rows_without_showing_them(made):
    run, _, data = made["set"]
    for split in ("validation", "test"):
        answers = run.answers(split)
        matrix = data["matrices"][split]
        assert [data["labels"][place] for place in matrix["labels"][:-1]] == list(TOPICS)
        assert matrix["labels"][-1] == -1
        cells = {(i, j): n for i, j, n in matrix["cells"]}
        assert cells[0, 0] == int((answers.labels * answers.predicted)[:, 0].sum())
        support = [data["figures"][split][str(place)][0] for place in matrix["labels"][:-1]]
        assert support == answers.labels.sum(axis=0).tolist(), "rows of a label, for its line"
    assert data["kind"] == "set"
    assert 2 not in data["rows"]["split"], "test rows stay closed"


def test_a_label_has_the_same_figures_in_its_table_and_in_its_panel(made):
    _, html, data = made["set"]
    table = html.split('<table class="sortable" data-split="test"')[1].split("</table>")[0]
    for place, (_, _, *shares) in data["figures"]["test"].items():
        line = table.split(f'data-label="{data["labels"][int(place)]}"')[1].split("</tr>")[0]
        for value, low, high in (shares[:3], shares[3:6], shares[6:]):
            assert re.search(rf"{value}.{{0,40}}{low}.{{1,8}}{high}", line, re.DOTALL)


def test_a_rival_above_the_model_is_named_beside_its_score(made):
    run, _, _ = made["set"]
    facts = gather(run, None)
    split = facts.evaluation.splits["test"]
    ours = split.figures["macro_f1"]
    ours = replace(ours, value=0.413, low=0.338, high=0.497)
    better = replace(ours, value=0.584, low=0.500, high=0.668)
    worse = replace(ours, value=0.0, low=0.0, high=0.0)

    def said(**floor):
        beside = {name: {"macro_f1": figure} for name, figure in floor.items()}
        judged = replace(split, figures={"macro_f1": ours}, floor=beside)
        splits = {"test": judged, "validation": facts.evaluation.splits["validation"]}
        return verdict(replace(facts, evaluation=Evaluation(splits, "macro_f1"))).scores

    test, ahead, validation = said(base_rates=worse, tfidf_linear=better)
    assert ("test rows" in test, "validation rows" in validation) == (True, True)
    assert ahead.startswith("Linear model on TF-IDF: macro-F1")
    assert "0.171 below" in ahead
    assert not any("above" in s or "below" in s for s in said(base_rates=worse))


def test_rows_carry_their_label_sets_wrong_ones_first(made):
    run, _, data = made["set"]
    rows = data["rows"]
    answers = run.answers("validation")
    at = rows["id"].index(int(answers.row_ids[0]))
    own = [TOPICS.index(data["labels"][place]) for place in rows["label"][at]]
    assert own == np.flatnonzero(answers.labels[0]).tolist()
    both = zip(rows["label"], rows["answer"], strict=True)
    wrong = [sorted(own) != sorted(answer) for own, answer in both if answer is not None]
    assert wrong[0]
    assert not wrong[-1]


def test_the_page_of_numbers_has_errors_in_place_of_matrix_and_labels(made):
    run, html, data = made["number"]
    assert data["kind"] == "number"
    assert data["matrices"] == {}
    assert 'id="answers"' in html
    assert 'id="confusion"' not in html
    assert 'href="#labels"' not in html
    assert html.count('<th scope="row" data-split="validation"') == 5
    answers = run.answers("validation")
    at = data["rows"]["id"].index(int(answers.row_ids[3]))
    assert data["rows"]["label"][at] == pytest.approx(answers.labels[3])
    assert data["rows"]["loss"][at] == pytest.approx(
        abs(answers.predicted[3] - answers.labels[3]), rel=1e-4
    )


def test_a_negative_number_is_a_number(made):
    data = made["number"][2]
    assert min(value for value in data["rows"]["label"] if value is not None) < -0.5


@pytest.mark.parametrize(("kind", "sign"), [("set", "|"), ("number", ".")])
def test_rows_csv_has_the_answers_of_every_task(made, kind, sign):
    run = made[kind][0]
    table = list(csv.DictReader(io.StringIO((run.path / "rows.csv").read_text("utf-8-sig"))))
    answered = [line for line in table if line["split"] == "validation"]
    assert any(sign in line["answer"] for line in answered)
    assert all(line["label"] or kind == "set" for line in answered)
    assert all(line["split"] != "test" for line in table)


@pytest.mark.parametrize(("kind", "metric"), [("set", "Macro-F1"), ("number", "R²")])
def test_the_history_shows_the_figure_of_the_task(made, kind, metric):
    history = made[kind][2]["history"]
    assert history["title"] == metric
    assert history["metric"] in history["evaluations"][0]["validation"]


def test_nothing_is_said_to_be_missing_of_another_task(made):
    for _, html, _ in made.values():
        assert "Rows are shown without answers" not in html


def test_a_run_of_numbers_that_is_not_judged_has_the_sections_of_numbers(tmp_path, made):
    run, rows = make_number_run(tmp_path / "run")
    tree = yaml.safe_load(run.settings_path.read_text(encoding="utf-8"))
    tree["settings"]["task"] = "text_regression"
    write_text(run.settings_path, yaml.safe_dump(tree))
    (run.path / "metrics.json").unlink()
    for path in (run.path / "predictions").iterdir():
        path.unlink()
    facts = gather(run, rows)
    shown = payload(facts)
    assert (facts.answers, shown["kind"]) == ({}, "number")
    assert {type(label) for label in shown["rows"]["label"]} <= {float, type(None)}
    html = page(facts)
    assert 'id="answers"' in html
    assert 'id="confusion"' not in html


def test_the_loss_of_numbers_is_not_called_a_logarithm(made):
    script = made["number"][1]
    assert 'data.kind === "number" ? _("Loss (squared error, per row)")' in script


def test_the_plot_of_numbers_is_drawn_and_needs_one_known_number():
    png = numbers_chart(number_predictions(np.arange(80), 1), "test")
    assert png is not None
    assert png.startswith(b"\x89PNG")
    answers = number_predictions(np.arange(3), 1)
    answers.labels[:] = np.nan
    assert numbers_chart(answers, "test") is None


def test_fake_label_sets_are_not_all_right():
    part = set_predictions(np.arange(300), 1)
    assert 0.2 < (part.labels == part.predicted).all(axis=1).mean() < 0.95
