"""Texts are shown by a spreadsheet, never computed."""

from __future__ import annotations

import pytest

from luthier.kit.spreadsheet_cells import FORMULA, disarmed


@pytest.mark.parametrize("start", FORMULA)
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe(start):
    assert disarmed(f"{start}HYPERLINK()") == f"'{start}HYPERLINK()"


@pytest.mark.parametrize("cell", ["退款", "a=1", "", -1, 0.5, None])
def test_other_cells_stay_as_they_are(cell):
    assert disarmed(cell) == cell
