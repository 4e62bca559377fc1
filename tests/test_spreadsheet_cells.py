"""Texts are shown by a spreadsheet, never computed."""

from __future__ import annotations

import itertools

import pytest

from luthier.kit.spreadsheet_cells import FORMULA, disarmed, restored


@pytest.mark.parametrize("start", FORMULA)
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe(start):
    assert disarmed(f"{start}HYPERLINK()") == f"'{start}HYPERLINK()"


@pytest.mark.parametrize("cell", ["退款", "a=1", "", -1, 0.5, None])
def test_other_cells_stay_as_they_are(cell):
    assert disarmed(cell) == cell


@pytest.mark.parametrize("quotes", ["", "'", "''", "'" * 3])
@pytest.mark.parametrize("rest", [*FORMULA, "=1'", "a", "'a", "退款", " =", ""])
def test_what_was_disarmed_is_restored_exactly_and_no_formula_is_left(quotes, rest):
    text = f"{quotes}{rest}"
    cell = disarmed(text)
    assert restored(cell) == text
    assert not str(cell).startswith(FORMULA)


def test_no_two_texts_become_the_same_cell():
    signs = ["'", "=", "a", "\n", "＝"]
    texts = ["".join(parts) for n in range(5) for parts in itertools.product(signs, repeat=n)]
    assert len({disarmed(text) for text in texts}) == len(texts)
    assert [restored(disarmed(text)) for text in texts] == texts
