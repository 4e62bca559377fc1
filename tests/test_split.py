"""Split: complete, disjoint, fair, and the same whatever the order of the rows."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from luthier.errors import InputError
from luthier.kit.text_key import text_key
from luthier.records import Rows, Source
from luthier.settings import SplitSettings
from luthier.stages.split import split


def rows_of(pairs, given_split=None) -> Rows:
    n = len(pairs)
    return Rows(
        ids=np.arange(n),
        columns={"text": [text for text, _ in pairs], "label": [label for _, label in pairs]},
        locations=[f"data.csv:{i + 2}" for i in range(n)],
        given_split=given_split or [None] * n,
        source=Source("data.csv", (), n, {}),
    )


def texts_of(**counts: int):
    return [(f"{label} {i}", label) for label, count in counts.items() for i in range(count)]


def by_label(pairs, names):
    return {
        label: Counter(name for (_, own), name in zip(pairs, names, strict=True) if own == label)
        for label in dict.fromkeys(label for _, label in pairs)
    }


PROFILE = settings(derandomize=True, deadline=None, database=None, max_examples=60)

# Few distinct texts and labels, so that duplicates and conflicting labels are common.
DATA = st.lists(
    st.tuples(
        st.sampled_from([f"{a}{b}" for a in "退物發询問abc" for b in "款流票 1!"]),
        st.sampled_from(["x", "y", "z"]),
    ),
    min_size=10,
    max_size=80,
)


def try_split(pairs, seed=42):
    try:
        return split(rows_of(pairs), SplitSettings(seed=seed))
    except InputError:
        return None


@PROFILE
@given(DATA, st.integers(0, 3))
def test_every_row_is_in_one_split_and_no_split_is_empty(pairs, seed):
    result = try_split(pairs, seed)
    assume(result is not None)
    assert result.row_ids.tolist() == list(range(len(pairs)))
    assert len(result.names) == len(pairs)
    assert all(result.counts().values())
    assert sum(result.counts().values()) == len(pairs)


@PROFILE
@given(DATA)
def test_the_same_text_is_never_in_two_splits(pairs):
    result = try_split(pairs)
    assume(result is not None)
    seen = {}
    for (text, _), name in zip(pairs, result.names, strict=True):
        assert seen.setdefault(text_key(text), name) == name


@PROFILE
@given(DATA)
def test_every_label_can_be_learned(pairs):
    result = try_split(pairs)
    assume(result is not None)
    assert all(counts["train"] for counts in by_label(pairs, result.names).values())


@PROFILE
@given(DATA, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(pairs, shuffler):
    shuffled = list(pairs)
    shuffler.shuffle(shuffled)
    one, other = try_split(pairs), try_split(shuffled)
    assert (one is None) == (other is None)
    assume(one is not None)
    assert Counter(zip(pairs, one.names, strict=True)) == Counter(
        zip(shuffled, other.names, strict=True)
    )


@PROFILE
@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.integers(3, 60), min_size=2))
def test_each_label_with_three_texts_is_in_every_split_in_fair_number(counts):
    pairs = texts_of(**counts)
    assume(len(pairs) >= 10)
    result = split(rows_of(pairs), SplitSettings())
    for label, own in by_label(pairs, result.names).items():
        for name in ("validation", "test"):
            fair = 0.15 * counts[label]
            assert own[name] >= 1
            assert own[name] == max(1, int(fair)) or own[name] == int(fair) + 1
        assert own["train"] >= 1
    if min(counts.values()) >= 7:
        assert result.counts()["test"] == round(0.15 * len(pairs))


def test_the_default_is_70_15_15_to_the_row():
    pairs = texts_of(delivery=196, returns=157, repair=123, question=132, member=63, invoice=30)
    result = split(rows_of(pairs), SplitSettings())
    assert result.counts() == {"train": 491, "validation": 105, "test": 105}
    assert result.method == "stratified"
    assert by_label(pairs, result.names)["invoice"]["test"] in (4, 5)


def test_another_seed_is_another_split():
    pairs = texts_of(a=50, b=50)
    names = {split(rows_of(pairs), SplitSettings(seed=seed)).names for seed in range(3)}
    assert len(names) == 3


def test_a_label_with_one_or_two_texts_goes_to_training_first_and_is_named():
    pairs = [*texts_of(a=20, b=20), ("only", "rare"), ("one", "pair"), ("two", "pair")]
    result = split(rows_of(pairs), SplitSettings())
    labels = by_label(pairs, result.names)
    assert labels["rare"] == {"train": 1}
    assert labels["pair"] == {"train": 1, "validation": 1}
    warnings = [note.message for note in result.notes if note.kind == "warning"]
    assert warnings == [
        "1 labels have too few different texts to be in validation: rare",
        "2 labels have too few different texts to be in test: pair, rare",
    ]


def test_copies_of_one_text_count_as_one():
    pairs = [*texts_of(a=20, b=20), *[("我要退款！", "c")] * 5, *[("我要退款", "c")] * 4]
    result = split(rows_of(pairs), SplitSettings())
    assert by_label(pairs, result.names)["c"] == {"train": 9}
    assert any("9 rows with 1 repeated texts stay together" in n.message for n in result.notes)


def test_a_label_that_only_stands_beside_another_is_still_learned():
    conflicts = [(f"b {i}", "c") for i in range(3)]
    for seed in range(20):
        pairs = [*texts_of(a=20, b=20), *conflicts, ("b 0", "b"), ("b 1", "b"), ("b 2", "b")]
        result = split(rows_of(pairs), SplitSettings(seed=seed))
        assert by_label(pairs, result.names)["c"]["train"] >= 1


def test_given_splits_are_kept_even_where_texts_cross():
    pairs = [*texts_of(a=5, b=5), ("a 0", "a"), ("b 0", "b")]
    own = ["train"] * 10 + ["validation", "test"]
    result = split(rows_of(pairs, own), SplitSettings())
    assert list(result.names) == own
    assert result.method == "given"


@pytest.mark.parametrize(("there", "missing"), [("test", "validation"), ("validation", "test")])
def test_a_missing_split_is_taken_from_training(there, missing):
    pairs = [*texts_of(a=100, b=40), ("new a", "a"), ("new b", "b")]
    result = split(rows_of(pairs, ["train"] * 140 + [there] * 2), SplitSettings())
    assert result.counts() == {"train": 119, missing: 21, there: 2}
    assert result.method == "given+stratified"
    messages = [note.message for note in result.notes]
    assert messages[0] == f"splits given by the files were kept: train, {there}"
    assert f"of the training rows 0.15 to {missing}" in messages[1]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        (texts_of(a=4, b=5), "9 rows are too few to share out; at least 10 are needed"),
        (texts_of(a=20, b=2), "fewer than 2 labels have 3 different texts ('a' has 20, 'b' has 2)"),
        ([("same", "a")] * 10 + [("other", "b")] * 10, "fewer than 2 labels have 3 different"),
    ],
)
def test_too_few_rows_are_refused(pairs, expected):
    with pytest.raises(InputError) as caught:
        split(rows_of(pairs), SplitSettings())
    assert expected in str(caught.value)


def test_files_without_training_rows_are_refused():
    pairs = texts_of(a=10, b=10)
    with pytest.raises(InputError, match="no rows to learn from"):
        split(rows_of(pairs, ["test"] * 20), SplitSettings())


def test_a_hundred_thousand_rows_take_seconds():
    pairs = texts_of(a=60_000, b=40_000)
    random.Random(0).shuffle(pairs)
    result = split(rows_of(pairs), SplitSettings())
    assert result.counts() == {"train": 70_000, "validation": 15_000, "test": 15_000}
