"""What stands in the column to learn: one label, several labels, or a number."""

from __future__ import annotations

import pytest

from luthier.kit.targets import guess_target, to_kind
from luthier.kit.written_numbers import decimal_point


def kind(cells, separator=None) -> str:
    return guess_target(cells, separator, "label").kind


def said(cells, separator=None) -> str:
    return " ".join(note.message for note in guess_target(cells, separator, "label").notes)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["退款", "物流", "退款"], "label"),
        (["0", "1", "1"], "label"),
        ([str(n) for n in range(200)], "label"),
        ([str(n) for n in range(201)], "number"),
        ([f"{n:04}" for n in range(500)], "label"),
        (["0.5", "1.5", "2"], "number"),
        (["1.0", "0.0", "1.0"], "label"),
        (["1", "0.0", "2"], "label"),
        (["1", "0.5", "2"], "number"),
        (["1e-3", "-2.5", ".5"], "number"),
        (["1.5", "n/a", "2.5"], "label"),
        ([["a"], ["b"]], "label"),
        ([["a", "b"], ["b"], []], "labels"),
        (['["a", "b"]', '["b"]'], "labels"),
        (["['退款', '物流']", "['退款']"], "labels"),
        (["a|b", "b", "a", "b|c", "c"], "labels"),
        (["退款、物流", "物流", "退款", "物流、会员", "会员"], "labels"),
        (["Sci/Tech", "World", "Sports", "Sci/Tech"], "label"),
        (["open,card", "close,card", "open,account", "close,account"] * 5, "label"),
        (["business", "rock & roll, live", "jazz"], "label"),
        (["[spam]", "[ham]"], "label"),
    ],
)
def test_the_kind_is_guessed(cells, expected):
    assert kind(cells) == expected


def test_a_separator_that_is_given_decides():
    assert kind(["Sci/Tech", "World"], "/") == "labels"


def test_a_separator_that_stands_nowhere_is_doubted_and_the_likely_one_is_named():
    cells = ["a|b", "b", "a", "b|c", "c"]
    doubted = said(cells, ",")
    assert "',' stands in no cell of column 'label'" in doubted
    assert "--label-separator '|'" in doubted
    assert "stands in no cell" not in said(cells, "|")


@pytest.mark.parametrize("separator", ["|", None])
def test_blank_cells_beside_several_labels_are_counted_aloud(separator):
    cells = ["a|b", "b", "a", "b|c", "c", "", "  "]
    assert "read as rows to which no label applies: 2" in said(cells, separator)
    assert "no label applies" not in said(cells[:5], separator)


def test_only_a_number_with_a_decimal_comma_gets_a_point():
    assert [decimal_point(c) for c in ("1,5", "1.234,5", "n, a", None, 2)] == [
        *("1.5", "1.234,5", "n, a"),
        *(None, 2),
    ]


def test_numbers_taken_as_a_quantity_are_said_with_the_way_back():
    assert "201 different whole numbers: taken as a quantity" in said([str(n) for n in range(201)])
    assert "--task text_classification" in said(["0.5", "1.5"])


def test_cells_become_what_the_kind_says():
    assert to_kind([" a ", None, ["b"]], "label", None) == ["a", "", "b"]
    assert to_kind([["b", "a", "b"], [], None], "labels", None) == [("b", "a"), (), None]
    assert to_kind(["a| b", "", "a"], "labels", "|") == [("a", "b"), (), ("a",)]
    assert to_kind(["0.5", "", "1e3"], "number", None) == [0.5, None, 1000.0]


def test_what_cannot_be_turned_stays_to_be_named():
    assert to_kind([{"a": 1}], "label", None) == [{"a": 1}]
    assert to_kind(["x", "inf"], "number", None) == ["x", "inf"]


def test_equal_labels_are_kept_in_memory_once():
    cells = ["".join(["退", "款"]) for _ in range(3)]
    turned = to_kind(cells, "label", None)
    assert turned[0] is turned[1] is turned[2]


def test_a_few_cells_without_a_number_do_not_make_hundreds_of_labels():
    cells = [f"{n / 7:.2f}" for n in range(60)] + ["n/a"]
    guess = guess_target(cells, None, "score")
    assert guess.kind == "number"
    assert guess.notes[1].message.endswith("without a number: 1 ('n/a')")
    assert "--task text_classification" in guess.notes[0].message
    assert to_kind(cells, "number", None)[-1] == "n/a"  # stays, to be named with its place


@pytest.mark.parametrize(
    ("cells", "expected", "comma"),
    [
        ([f"{n / 8:.2f}".replace(".", ",") for n in range(60)], "number", True),
        ([f"{n / 10:.1f}".replace(".", ",") for n in range(60)], "number", True),
        (["1,5", "2", "3,25", "4"] * 10, "number", True),
        ([f"{n:,}" for n in range(1000, 9000, 97)], "label", False),  # decimal or thousand?
        (["1,2", "2", "1", "1,3", "3", "2,3", "1,2,3"] * 10, "labels", False),
        (["1.1", "1.2", "other", "2.1"] * 10, "label", False),
        (["1", "2", "n/a", "3"] * 10, "label", False),
    ],
)
def test_a_decimal_comma_is_told_from_what_separates_labels(cells, expected, comma):
    guess = guess_target(cells, None, "score")
    assert (guess.kind, guess.rewrite is decimal_point) == (expected, comma)


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["12 %", "7.5%", "-3%", "100％"], [12.0, 7.5, -3.0, 100.0]),
        (["12,5 %", "7,25%", "3%", "4%"], [12.5, 7.25, 3.0, 4.0]),
        (["1,234.5", "12,000", "7", "0.25"], [1234.5, 12000.0, 7.0, 0.25]),
        (["1,234,567", "-89,000", "7", "1.5"], [1234567.0, -89000.0, 7.0, 1.5]),
        (["1,234.5", "999", "0.25", "17"], [1234.5, 999.0, 0.25, 17.0]),
        (["\u22123.5", "4.25", "\u22120.5", "1"], [-3.5, 4.25, -0.5, 1.0]),
        (["３．５", "４．２５", "－０．５", "1"], [3.5, 4.25, -0.5, 1.0]),
    ],
)
def test_numbers_as_people_write_them_are_a_quantity_and_how_they_were_read_is_said(cells, numbers):
    guess = guess_target([*cells, ""], None, "score")
    assert guess.kind == "number"
    assert guess.rewrite is not None
    assert to_kind(map(guess.rewrite, cells), "number", None) == numbers
    assert "holds numbers written as" in guess.notes[-1].message
    assert guess.rewrite("n/a") == "n/a"


@pytest.mark.parametrize(
    "cells",
    [
        ["10%", "20%", "30%"] * 10,  # whole, few: as labels they stay as they are written
        ["10%", "0.2", "unknown"] * 10,
        ["1,234.5", "1,5", "2"] * 10,  # thousands and decimals cannot both be
        ["C++", "C#", "1,000 words"] * 10,
    ],
)
def test_what_may_not_be_numbers_stays_a_label(cells):
    guess = guess_target(cells, None, "score")
    assert (guess.kind, guess.rewrite) == ("label", None)


def test_a_sign_that_often_separates_labels_is_said_where_it_was_taken_as_part_of_a_name():
    joined = ["退货|急", "物流|急", "会员|急"] * 4
    assert kind(joined) == "label"
    assert said(joined) == (
        "column 'label': '|' was taken as a part of the labels (in 12 of 12 rows); if it separates "
        "them: --label-separator '|'"
    )
    assert said(["Sci/Tech", "Sports"] * 5) == ""
    assert said([*["refund"] * 40, "a, b", "c, d"]) == "", "too few to be a habit"
