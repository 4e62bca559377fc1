"""Marks are found where they are no words, and what is read of a cut text is what was meant."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.kit.cut_texts import cut_shares, what_is_read
from luthier.kit.surface_marks import candidates, marks_of, without
from luthier.kit.typical_terms import terms_of, typical_terms


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("退货吗", set()),
        ("Where is my order 8812?", {"8812", "?"}),
        ("【京东】您的快递到了", {"【京东】"}),
        ("see https://a.example/x?y=1 or mail a.b@c.de", {"https://a.example/x?y=1", "a.b@c.de"}),
        ("@team please  #urgent", {"@team", "#urgent", "  "}),
        ("My card. It is lost\nSent from my phone", {".", "\n", "My card", "Sent from my phone"}),
    ],
)
def test_marks_are_found_and_words_are_not(text, marks):
    assert marks_of(text) == marks


def test_a_mark_is_taken_out_everywhere():
    assert without("#1 退货 #1", "#1") == " 退货 "
    assert without("a\n\nb", "\n") == "a  b"


def test_only_marks_that_go_with_a_label_by_more_than_chance_are_candidates():
    labels = ["a", "b"] * 100
    marks = [({"#7"} if label == "a" and i % 4 else set()) | ({"!"} if i % 3 else set())
             for i, label in enumerate(labels)]  # fmt: skip
    found = candidates(marks, labels, fewest=20, purity=0.8)
    assert [(c.mark, c.label, c.share) for c in found] == [("#7", "a", 1.0)]
    assert candidates(marks, labels, fewest=101, purity=0.8) == []


@pytest.mark.parametrize(
    ("way", "read"),
    [("head", "0123"), ("tail", "6789"), ("head_tail", "0 789"), ("windows", "0123")],
)
def test_a_cut_text_is_read_as_the_setting_says(way, read):
    assert what_is_read("0123456789", 10, 6, way) == read
    assert what_is_read("0123456789", 10, 0, way) == "0123456789"


def test_the_label_that_is_cut_most_is_named():
    labels = {i: "long" if i < 50 else "short" for i in range(200)}
    lost = {i: int(i < 40 or i > 190) for i in range(200)}
    assert cut_shares(range(200), lost, labels) == (pytest.approx(49 / 200), "long", 0.8)
    assert cut_shares([], {}, {}) == (0.0, "", 0.0)


def test_words_that_are_commoner_are_named_first():
    rng = np.random.default_rng(0)
    ours = [f"the parcel 丢失 {rng.integers(9)}" for _ in range(50)]
    theirs = [f"the parcel 到了 {rng.integers(9)}" for _ in range(50)]
    assert typical_terms(ours, theirs) == ("丢失",)
    assert typical_terms(ours, ours) == ()
    assert terms_of("Don't 丢") == {"don", "t", "丢"}
