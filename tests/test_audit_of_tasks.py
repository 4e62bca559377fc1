"""`luthier audit` of files with several labels a row, and with numbers to estimate."""

from __future__ import annotations

import pytest

from luthier import audit
from luthier.cli.main import main


@pytest.fixture
def several(tmp_path):
    path = tmp_path / "several.csv"
    names = ("物流", "价格", "质量", "服务")
    several = ["；".join(name for k, name in enumerate(names) if i >> k & 1) for i in range(1, 16)]
    rows = [f"第{i}封信說到包裹,{several[i % 15]}" for i in range(60)]
    path.write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    return path


@pytest.fixture
def numbers(tmp_path):
    path = tmp_path / "numbers.csv"
    rows = [f"第{i}封信說到包裹,{i / 7:.3f}" for i in range(40)]
    path.write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    return path


def test_a_file_with_several_labels_a_row_is_audited(several, capsys):
    assert main(["audit", str(several)]) == 0
    said = capsys.readouterr().out
    assert "60 rows, 4 labels, from" in said
    assert "with different labels: 0 texts" in said
    report = audit(several)
    assert report.audit.label_counts == dict.fromkeys(("价格", "服务", "物流", "质量"), 32)
    assert not report.diagnosis.crashed
    assert {"conflicting_labels", "junk_rows", "repeated_rows"} <= asked(report)
    assert "wrong_labels" in {fault.fault for fault in report.diagnosis.not_checked}


def asked(report):
    return {fault.fault for fault in (*report.diagnosis.clear, *report.diagnosis.fired)}


def test_texts_with_two_sets_of_labels_are_found(several, capsys):
    with several.open("a", encoding="utf-8") as file:
        file.write("\n第1封信說到包裹！,服务\n第2封信說到包裹,价格；物流\n")
    assert main(["audit", str(several)]) == 0
    said = capsys.readouterr().out
    assert "repeated texts: 2 rows; with different labels: 1 texts" in said
    assert "Texts with more than one set of labels: 1 (2 rows)." in said
    assert "on at least 1 of 62 rows (1.61%)" in said


def test_texts_with_two_numbers_bound_what_can_be_explained(tmp_path, capsys):
    path = tmp_path / "numbers.csv"
    path.write_text("text,label\n好,1.5\n好！,3.5\n壞,-1.5\n不好,-3.5\n", encoding="utf-8")
    assert main(["audit", str(path)]) == 1  # a high finding
    said = capsys.readouterr().out
    assert "numbers to estimate: min -3.5, p50 0, p95 3.2, max 3.5" in said
    assert "with different numbers: 1 texts" in said
    # squares within the text: 2; of all: 1.5^2 + 3.5^2 + 1.5^2 + 3.5^2 = 29
    assert "No model explains 6.90% of their variance: R2 is at most 0.9310." in said


def test_a_file_of_numbers_is_audited(numbers, capsys):
    assert main(["audit", str(numbers)]) == 0
    assert "40 rows, from" in capsys.readouterr().out
    report = audit(numbers)
    assert not report.diagnosis.crashed
    assert "conflicting_labels" in asked(report)


def test_what_needs_one_label_per_row_is_refused_where_there_are_more(several, tmp_path, capsys):
    out = tmp_path / "out.csv"
    assert main(["audit", str(several), "--relabel", str(out)]) == 2
    assert "a model doubts labels only where each row has one" in capsys.readouterr().err
    assert not out.exists()
