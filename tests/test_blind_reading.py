"""Reading doubted rows blind: halves kept apart, verdicts complete, figures by hand."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import fisher_exact

from luthier.records import Rows
from tiny_models import tiny_rows

SCRIPT = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "blind_reading.py"))
Drawn, draw, read_sheet, shares = (SCRIPT[k] for k in ("Drawn", "draw", "read_sheet", "shares"))


def rows_of(number) -> Rows:
    return tiny_rows(number)


def test_each_row_stands_once_on_the_sheet_even_when_it_is_in_both_halves():
    rows = rows_of(150)
    queue = [int(i) for i in rows.ids[:120]]
    drawn = draw(rows, queue)
    assert len(drawn.positions) == len(set(drawn.positions))
    assert set(drawn.positions) == drawn.suspects | drawn.chance
    assert drawn.suspects == frozenset(range(100))
    assert len(drawn.chance) == 100
    assert draw(rows, queue) == drawn


def test_the_order_of_the_sheet_says_nothing_about_the_halves():
    drawn = draw(rows_of(400), list(range(400)))
    suspects = [place for place, i in enumerate(drawn.positions) if i in drawn.suspects]
    middle = (len(drawn.positions) - 1) / 2
    assert abs(np.mean(suspects) - middle) < 0.1 * len(drawn.positions)


def test_shares_lift_and_test_agree_with_a_hand_worked_case():
    drawn = Drawn((0, 1, 2, 3, 4, 5), frozenset({0, 1, 2, 3}), frozenset({2, 3, 4, 5}))
    verdicts = {0: "wrong", 1: "wrong", 2: "wrong", 3: "right", 4: "unclear", 5: "right"}
    found = shares(verdicts, drawn)
    assert found["suspects"]["wrong_share"] == 0.75
    assert found["chance"] | {"low": 0, "high": 0} == {
        "rows": 4, "wrong": 1, "right": 2, "unclear": 1, "wrong_share": 0.25, "low": 0, "high": 0,
    }  # fmt: skip
    assert found["lift"] == 3.0
    assert found["fisher_p"] == pytest.approx(fisher_exact([[3, 1], [1, 3]]).pvalue, rel=0.01)
    assert found["in_both_halves"] == 2


def test_a_row_without_a_verdict_is_named(tmp_path):
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("number,row,label,verdict\n1,5,a,wrong\n2,9,b,\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="row 2 has the verdict ''"):
        read_sheet(sheet)
