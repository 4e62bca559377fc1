"""How long each row is, and what the model does not see of it, survives the run folder."""

from __future__ import annotations

import numpy as np

from luthier.records import Encoded, RowLengths, Rows, Source
from luthier.run_folder import RunFolder, write_text


def encoded(ids: list[int], kept: list[int], full: list[int]) -> Encoded:
    return Encoded(
        row_ids=np.array(ids),
        targets=np.zeros(len(ids), dtype=np.int64),
        flat={"input_ids": np.zeros(sum(kept), dtype=np.int64)},
        offsets=np.concatenate([[0], np.cumsum(kept)]).astype(np.int64),
        full_lengths=np.array(full),
        unknown_tokens=np.zeros(len(ids), dtype=np.int64),
    )


def test_the_lengths_of_all_splits_are_written_and_read_again(tmp_path):
    run = RunFolder(tmp_path)
    write_text(run.settings_path, "settings: {}\n")
    parts = [encoded([4, 7], [8, 5], [20, 5]), encoded([1], [8], [9])]
    run.save_lengths(RowLengths.of(parts))
    again = run.lengths
    assert again.row_ids.tolist() == [4, 7, 1]
    assert again.tokens.tolist() == [20, 5, 9]
    assert again.lost.tolist() == [12, 0, 1]


def test_only_some_rows_are_kept_in_their_order():
    rows = Rows(
        ids=np.array([3, 5, 8, 9]),
        columns={"text": list("甲乙丙丁")},
        locations=["f:1", "f:2", "f:3", "f:4"],
        given_split=[None] * 4,
        source=Source("f", (), 4, {}),
    )
    assert rows.only(np.array([9, 3])).columns["text"] == ["甲", "丁"]
    assert rows.only(rows.ids) is rows
