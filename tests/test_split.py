"""Split: complete, disjoint, fair, and the same whatever the order of the rows."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from luthier.errors import InputError
from luthier.journeys.opening import open_walk
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
    """Texts that are not alike, so many of each label."""
    return [(unlike(label, i), label) for label, count in counts.items() for i in range(count)]


def unlike(label: str, i: int) -> str:
    return f"{label} {hashlib.sha256(f'{label} {i}'.encode()).hexdigest()[:16]}"


def by_label(pairs, names):
    return {
        label: Counter(name for (_, own), name in zip(pairs, names, strict=True) if own == label)
        for label in dict.fromkeys(label for _, label in pairs)
    }


PROFILE = settings(derandomize=True, deadline=None, database=None, max_examples=40)

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


RARE = [*texts_of(a=20, b=20), ("only", "rare"), ("one", "pair"), ("two", "pair")]


def test_a_label_with_one_or_two_texts_is_learned_from_and_named():
    result = split(rows_of(RARE), SplitSettings())
    labels = by_label(RARE, result.names)
    assert labels["rare"] == {"train": 1}
    assert labels["pair"] == {"train": 2}
    warnings = [note.message for note in result.notes if note.kind == "warning"]
    assert warnings == [
        "labels with fewer than 3 different texts: 2, learned from but never judged (pair, rare)"
    ]


def test_rare_labels_can_be_left_out():
    result = split(rows_of(RARE), SplitSettings(rare_labels="drop"))
    assert result.row_ids.tolist() == list(range(40))
    dropped = [note.message for note in result.notes if note.kind == "dropped"]
    assert dropped == [
        "labels with fewer than 3 different texts: 2 (pair, rare); rows left out with them: 3"
    ]


def test_rare_labels_can_be_refused_each_with_its_place(snapshot):
    with pytest.raises(InputError) as caught:
        split(rows_of(RARE), SplitSettings(rare_labels="error"))
    assert str(caught.value) == snapshot


def test_copies_of_one_text_count_as_one():
    pairs = [*texts_of(a=20, b=20), *[("我要退款！", "c")] * 5, *[("我要退款", "c")] * 4]
    result = split(rows_of(pairs), SplitSettings())
    assert by_label(pairs, result.names)["c"] == {"train": 9}
    assert any(
        "texts that come several times or nearly so: 1, in 9 rows" in n.message
        for n in result.notes
    )


def test_a_label_that_only_stands_beside_another_is_still_learned():
    conflicts = [(f"b {i}", "c") for i in range(3)]
    for seed in range(20):
        pairs = [*texts_of(a=20, b=20), *conflicts, ("b 0", "b"), ("b 1", "b"), ("b 2", "b")]
        result = split(rows_of(pairs), SplitSettings(seed=seed))
        assert by_label(pairs, result.names)["c"]["train"] >= 1


def test_given_splits_are_kept_even_where_texts_cross():
    pairs = texts_of(a=5, b=5)
    pairs += [(f"{pairs[0][0]}!", "a"), (f"{pairs[5][0]}x", "b")]
    own = ["train"] * 10 + ["validation", "test"]
    result = split(rows_of(pairs, own), SplitSettings())
    assert list(result.names) == own
    assert result.method == "given"
    assert [note.message for note in result.notes if note.kind == "warning"] == [
        "test rows with texts equal or nearly equal to training rows: 1",
        "validation rows with texts equal or nearly equal to training rows: 1",
    ]


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
        (texts_of(a=4, b=5), "too few rows to share out: 9; at least 10 are needed"),
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


# near-duplicates ---------------------------------------------------------------------------------


def test_nearly_equal_texts_stay_on_one_side():
    base = texts_of(a=60, b=60)
    for seed in range(5):
        pairs = [*base, *[(f"{text}!x", label) for text, label in base[::6]]]
        result = split(rows_of(pairs), SplitSettings(seed=seed))
        for i in range(20):
            assert result.names[6 * i] == result.names[120 + i]


def test_nearly_equal_texts_may_be_parted_where_that_is_asked_for():
    base = texts_of(a=60, b=60)
    pairs = [*base, *[(f"{text}x", label) for text, label in base]]
    result = split(rows_of(pairs), SplitSettings(near_duplicates=1.0))
    assert any(result.names[i] != result.names[120 + i] for i in range(120))


def test_the_clusters_that_an_audit_found_are_used():
    pairs = texts_of(a=60, b=60)
    result = split(rows_of(pairs), SplitSettings(), [(0, 1, 2, 3), (100, 101)])
    assert len(set(result.names[:4])) == 1
    assert result.names[100] == result.names[101]


# groups ------------------------------------------------------------------------------------------


def with_column(rows: Rows, name: str, values) -> Rows:
    return replace(rows, columns={**rows.columns, name: list(values)})


@PROFILE
@given(
    st.lists(st.tuples(st.sampled_from("wxyz"), st.integers(0, 12)), min_size=12, max_size=80),
    st.randoms(use_true_random=False),
)
def test_a_group_is_never_parted_and_the_order_of_the_rows_does_not_matter(drawn, shuffler):
    pairs = [(unlike(label, i), label) for i, (label, _) in enumerate(drawn)]
    groups = [f"g{group}" for _, group in drawn]
    assume(len(set(groups)) >= 5)
    result = split(with_column(rows_of(pairs), "group", groups), SplitSettings())
    assert result.method == "grouped"
    side = {}
    for group, name in zip(groups, result.names, strict=True):
        assert side.setdefault(group, name) == name
    assert all(result.counts().values())
    order = list(range(len(pairs)))
    shuffler.shuffle(order)
    again = split(
        with_column(rows_of([pairs[i] for i in order]), "group", [groups[i] for i in order]),
        SplitSettings(),
    )
    assert [again.names[order.index(i)] for i in range(len(pairs))] == list(result.names)


def test_with_small_groups_shares_and_labels_are_fair_to_the_row():
    rng = random.Random(3)
    pairs = texts_of(a=700, b=200, c=100)
    groups = [f"customer {rng.randrange(400)}" for _ in pairs]
    result = split(with_column(rows_of(pairs), "group", groups), SplitSettings())
    assert result.counts() == {"train": 700, "validation": 150, "test": 150}
    for label, counts in by_label(pairs, result.names).items():
        total = {"a": 700, "b": 200, "c": 100}[label]
        assert abs(counts["test"] - 0.15 * total) <= 1
        assert abs(counts["validation"] - 0.15 * total) <= 1


def test_rows_without_a_group_are_groups_of_their_own():
    pairs = texts_of(a=50, b=50)
    rows = with_column(rows_of(pairs), "group", [""] * 100)
    assert split(rows, SplitSettings()).counts() == {"train": 70, "validation": 15, "test": 15}


def test_rows_without_a_group_beside_others_are_said():
    rows = with_column(rows_of(texts_of(a=50, b=50)), "group", ["", *(f"g{i}" for i in range(99))])
    said = [note.message for note in split(rows, SplitSettings()).notes]
    assert "rows without a group, each a group of its own: 1" in said


@pytest.mark.parametrize("by", ["group", "time"])
def test_one_group_or_one_time_cannot_decide_and_chance_is_offered(by, snapshot):
    rows = with_column(rows_of(texts_of(a=50, b=50)), by, ["2024-05-31"] * 100)
    with pytest.raises(InputError) as caught:
        split(rows, SplitSettings(split_by=by))
    assert str(caught.value) == snapshot


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("label", ["a", "b"] * 50, "stratified by label"),
        ("labels", [("a",), ("a", "b")] * 50, "stratified by the rarest label of each row"),
        ("number", [float(i) for i in range(100)], "stratified by the tenths of the number"),
        ("id", [str(i) for i in range(100)], "at random"),
    ],
)
def test_what_the_rows_are_stratified_by_is_said_as_it_is(column, values, said):
    rows = rows_of(texts_of(a=50, b=50))
    rows = replace(rows, columns={"text": rows.columns["text"], column: values})
    assert said in split(rows, SplitSettings()).notes[0].message


def test_a_copy_joins_two_groups():
    pairs = texts_of(a=50, b=50)
    pairs[99] = (pairs[0][0].upper(), "b")
    groups = [f"g{i // 5}" for i in range(100)]
    result = split(with_column(rows_of(pairs), "group", groups), SplitSettings())
    assert len({*result.names[:5], *result.names[95:]}) == 1


def test_chance_may_part_groups_where_that_is_asked_for():
    pairs = texts_of(a=50, b=50)
    rows = with_column(rows_of(pairs), "group", [f"g{i // 50}" for i in range(100)])
    assert split(rows, SplitSettings(split_by="random")).method == "stratified"


def test_two_groups_cannot_fill_three_splits(snapshot):
    pairs = texts_of(a=50, b=50)
    rows = with_column(rows_of(pairs), "group", [f"g{i // 50}" for i in range(100)])
    with pytest.raises(InputError) as caught:
        split(rows, SplitSettings())
    assert str(caught.value) == snapshot


# time --------------------------------------------------------------------------------------------


def test_the_newest_rows_judge():
    pairs = texts_of(a=50, b=50)
    days = [f"2024-03-{1 + (i * 7) % 100 // 4:02d}T00:00:00" for i in range(100)]
    result = split(with_column(rows_of(pairs), "time", days), SplitSettings(split_by="time"))
    latest = {
        name: [day for day, own in zip(days, result.names, strict=True) if own == name]
        for name in ("train", "validation", "test")
    }
    assert max(latest["train"]) < min(latest["validation"])
    assert max(latest["validation"]) < min(latest["test"])
    assert result.counts() == {"train": 68, "validation": 16, "test": 16}
    assert result.method == "time"
    assert "validation begins 2024-03-18" in result.notes[0].message


def test_a_text_that_was_said_before_is_not_new_later():
    pairs = texts_of(a=50, b=50)
    pairs[99] = (pairs[3][0] + "!", "a")
    times = [f"{i:03d}" for i in range(100)]
    result = split(with_column(rows_of(pairs), "time", times), SplitSettings(split_by="time"))
    assert result.names[99] == "train"
    assert any("text stands already: 1" in note.message for note in result.notes)


@pytest.mark.parametrize("by", ["group", "time"])
def test_a_column_that_is_not_there_is_asked_for(by, snapshot):
    with pytest.raises(InputError) as caught:
        split(rows_of(texts_of(a=50, b=50)), SplitSettings(split_by=by))
    assert str(caught.value) == snapshot


def test_rows_without_a_time_are_named(snapshot):
    times = [f"{i:03d}" if i not in (4, 7) else "" for i in range(100)]
    rows = with_column(rows_of(texts_of(a=50, b=50)), "time", times)
    with pytest.raises(InputError) as caught:
        split(rows, SplitSettings(split_by="time"))
    assert str(caught.value) == snapshot


def test_training_that_would_be_left_with_one_label_is_refused(snapshot):
    """The other label came late: there is nothing to tell apart."""
    rows = with_column(rows_of(texts_of(a=170, b=30)), "time", [f"{i:03d}" for i in range(200)])
    with pytest.raises(InputError) as caught:
        split(rows, SplitSettings(split_by="time"))
    assert str(caught.value) == snapshot


# other targets -----------------------------------------------------------------------------------


def test_rows_with_several_labels_are_stratified_by_their_rarest():
    pairs = texts_of(a=100, b=100)
    several = [("urgent", "a") if i % 20 == 0 else ("a",) for i in range(200)]
    rows = rows_of(pairs)
    columns = {"text": rows.columns["text"], "labels": several}
    result = split(replace(rows, columns=columns), SplitSettings())
    urgent = Counter(name for own, name in zip(several, result.names, strict=True) if len(own) == 2)
    assert urgent["test"] in (1, 2)
    assert urgent["validation"] in (1, 2)


def test_numbers_are_shared_out_by_their_tenths():
    rows = rows_of(texts_of(a=100, b=100))
    numbers = [float(i * 37 % 200) for i in range(200)]
    columns = {"text": rows.columns["text"], "number": numbers}
    result = split(replace(rows, columns=columns), SplitSettings())
    tested = [x for x, name in zip(numbers, result.names, strict=True) if name == "test"]
    assert len(tested) == 30
    assert abs(sum(tested) / 30 - 99.5) < 6


def test_task_auto_asked_for_by_name_is_settled_by_the_rows(tmp_path):
    data = tmp_path / "data.csv"
    lines = [f"第 {i} 封信 {i * 7919 % 104729},{i / 7:.2f}" for i in range(60)]
    data.write_text("text,score\n" + "\n".join(lines) + "\n", encoding="utf-8")
    walk = open_walk(data, tmp_path / "run", {"task": "auto"}, False, None, None)
    walk.run.create()
    walk.load()
    assert walk.task.name == "text_regression"
    assert walk.resolved.origins["task"].detail == "by what the column of answers holds"
