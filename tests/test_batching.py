"""Batches: every row once, like lengths together, within the token budget."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.kit.batching import (
    pad,
    padding_share,
    parts_within,
    steps_per_epoch,
    training_batches,
)
from luthier.records import Encoded

LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=300).map(np.array)


def encoded_of(*rows: list[int]) -> Encoded:
    n = len(rows)
    return Encoded(
        row_ids=np.arange(n),
        targets=np.zeros(n, dtype=np.int64),
        flat={"input_ids": np.concatenate(rows), "token_type_ids": np.concatenate(rows) * 0},
        offsets=np.cumsum([0, *map(len, rows)]),
        full_lengths=np.array([len(row) for row in rows]),
        unknown_tokens=np.zeros(n, dtype=np.int64),
    )


@settings(max_examples=50, deadline=None)
@given(LENGTHS, st.integers(1, 40), st.integers(0, 5), st.integers(0, 3))
def test_an_epoch_holds_every_row_once_in_as_many_batches_as_planned(lengths, size, seed, epoch):
    batches = training_batches(lengths, size, seed, epoch)
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    assert len(batches) == steps_per_epoch(len(lengths), size)
    assert min(map(len, batches)) > 0


def test_batches_hold_equal_tokens_and_on_average_the_rows_asked_for():
    lengths = np.random.default_rng(0).lognormal(3, 0.7, 20_000).astype(int) + 3
    batches = training_batches(lengths, 32, 0, 0)
    tokens = np.array([lengths[batch].sum() for batch in batches])
    assert np.mean([len(batch) for batch in batches]) == 32
    assert tokens.std() < 0.05 * tokens.mean()
    by_rows = np.sort(lengths).reshape(-1, 32).sum(1)
    assert by_rows.std() > 0.5 * by_rows.mean()


def test_a_row_longer_than_a_batch_stands_alone():
    lengths = np.array([1, 1, 1, 1000, 1000, 1000])
    batches = training_batches(lengths, 2, 0, 0)
    assert len(batches) == 3
    assert sorted(np.concatenate(batches)) == list(range(6))


def test_the_order_of_an_epoch_depends_on_seed_and_epoch_only():
    lengths = np.random.default_rng(0).integers(3, 60, 500)
    first = training_batches(lengths, 16, seed=1, epoch=0)
    assert all(map(np.array_equal, first, training_batches(lengths, 16, seed=1, epoch=0)))
    for seed, epoch in ((1, 1), (2, 0)):
        other = training_batches(lengths, 16, seed, epoch)
        assert {frozenset(b.tolist()) for b in first} != {frozenset(b.tolist()) for b in other}


def test_rows_of_a_small_data_set_meet_other_rows_in_the_next_epoch():
    lengths = np.arange(1, 97)
    epochs = [training_batches(lengths, 16, 0, epoch) for epoch in (0, 1)]
    together = [{frozenset(batch.tolist()) for batch in epoch} for epoch in epochs]
    assert not together[0] & together[1]


def test_bucketing_leaves_little_padding():
    lengths = np.random.default_rng(0).integers(5, 60, 10_000)
    batches = training_batches(lengths, 32, 0, 0)
    shuffled = np.random.default_rng(0).permutation(10_000).reshape(-1, 20)
    assert padding_share(batches, lengths) < 0.05
    assert padding_share(list(shuffled), lengths) > 0.3


@settings(max_examples=50, deadline=None)
@given(LENGTHS, st.integers(16, 400))
def test_parts_keep_within_the_token_budget_and_lose_no_row(lengths, budget):
    parts = parts_within(np.arange(len(lengths)), lengths, budget)
    assert sorted(np.concatenate(parts)) == list(range(len(lengths)))
    for part in parts:
        assert len(part) * lengths[part].max() <= budget or len(part) == 1


def test_rows_are_padded_on_the_right_and_masked():
    inputs = pad(encoded_of([5, 6], [7, 8, 9], [4]), np.array([2, 1]), {"input_ids": 99})
    assert inputs["input_ids"].tolist() == [[4, 99, 99], [7, 8, 9]]
    assert inputs["attention_mask"].tolist() == [[1, 0, 0], [1, 1, 1]]
    assert inputs["token_type_ids"].tolist() == [[0, 0, 0], [0, 0, 0]]
    assert {array.dtype for array in inputs.values()} == {np.dtype(np.int64)}


@pytest.mark.parametrize(("rows", "size", "steps"), [(1, 32, 1), (32, 32, 1), (33, 32, 2)])
def test_the_last_batch_may_be_smaller(rows, size, steps):
    assert steps_per_epoch(rows, size) == steps
