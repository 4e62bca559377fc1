"""Audit, and the key by which texts count as the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.kit.text_key import clusters_of_equal_keys, is_blank, text_key
from luthier.records import Rows, Source
from luthier.stages.audit import audit


def rows_of(texts, labels, first_id=0) -> Rows:
    n = len(texts)
    return Rows(
        ids=np.arange(first_id, first_id + n),
        columns={"text": texts, "label": labels},
        locations=[f"data.csv:{i + 2}" for i in range(n)],
        given_split=[None] * n,
        source=Source("data.csv", (), n, {}),
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("我要退款！", "我要退款"),
        ("你好 ，在 吗", "你好在吗"),
        ("ＡＢＣ１２３", "abc123"),
        ("Don't  stop!!", "dont stop"),
        ("zero\u200bwidth", "zerowidth"),
        ("  ﬁne ", "fine"),
    ],
)
def test_texts_that_differ_by_accident_have_one_key(one, other):
    assert text_key(one) == text_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("满3.5折", "满35折"),
        ("退款", "退货"),
        ("發票", "发票"),
        ("😀", "😡"),
        ("???", "!!!"),
        ("the rapist", "therapist"),
    ],
)
def test_texts_that_differ_in_substance_have_two_keys(one, other):
    assert text_key(one) != text_key(other)


@settings(derandomize=True, deadline=None, database=None)
@given(st.text())
def test_a_key_is_its_own_key_and_never_empty_for_visible_text(text):
    key = text_key(text)
    assert text_key(key) == key
    assert key or is_blank(text)


def test_clusters_hold_positions_in_order_of_their_first_row():
    assert clusters_of_equal_keys(["b", "a", "A!", "c", "B", "a"]) == [(0, 4), (1, 2, 5)]


def test_audit_counts_labels_duplicates_and_conflicts_by_row_id():
    texts = ["退款", "退款！", "物流", "refund", "Refund.", "", "物流"]
    labels = ["a", "b", "a", "c", "c", "a", "a"]
    result = audit(rows_of(texts, labels, first_id=100))
    assert result.rows == 7
    assert list(result.label_counts.items()) == [("a", 4), ("c", 2), ("b", 1)]
    assert result.duplicate_clusters == ((100, 101), (102, 106), (103, 104))
    assert result.conflicting_clusters == ((100, 101),)
    assert result.empty_rows == (105,)


def test_audit_measures_lengths_and_scripts():
    result = audit(rows_of(["我要退款ok", "退 1"], ["a", "b"]))
    assert result.length_characters == {"min": 3.0, "p50": 4.5, "p95": 5.85, "max": 6.0}
    assert result.scripts == pytest.approx({"han": 5 / 8, "latin": 2 / 8, "other": 1 / 8})


def test_audit_warns_of_damaged_and_invisible_characters():
    result = audit(rows_of(["坏\ufffd字", "a\u200bb", "ok"], ["a", "b", "a"]))
    assert [note.kind for note in result.notes] == ["warning", "warning", "skipped"]
    lost = "rows with the character U+FFFD, read in a wrong encoding before: 1"
    assert lost in result.notes[0].message
    assert "rows with invisible characters: 1" in result.notes[1].message


def test_audit_says_which_texts_were_too_short_to_be_nearly_equal():
    long = "the parcel has not arrived although it was sent a week ago"
    result = audit(rows_of([long, f"{long}!!", f"{long} now", "ok", "OK", "no"], list("aaabbb")))
    assert result.alike_clusters == ((0, 1, 2), (3, 4))
    assert result.notes[0].kind == "skipped"
    assert result.notes[0].message.startswith("2 of 4 different texts are very short")


def test_audit_of_no_rows_measures_nothing():
    result = audit(rows_of([], []))
    assert (result.rows, result.label_counts, result.length_characters) == (0, {}, {})
