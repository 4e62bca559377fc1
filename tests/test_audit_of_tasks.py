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
    assert "60 rows, from" in capsys.readouterr().out
    found = audit(several).diagnosis
    assert not found.crashed
    assert "conflicting_labels" in {fault.fault for fault in found.not_checked}


def test_a_file_of_numbers_is_audited(numbers, capsys):
    assert main(["audit", str(numbers)]) == 0
    assert "40 rows, from" in capsys.readouterr().out
    assert not audit(numbers).diagnosis.crashed


def test_what_needs_one_label_per_row_is_refused_where_there_are_more(several, tmp_path, capsys):
    out = tmp_path / "out.csv"
    assert main(["audit", str(several), "--relabel", str(out)]) == 2
    assert "a model doubts labels only where each row has one" in capsys.readouterr().err
    assert not out.exists()
