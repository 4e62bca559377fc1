"""The columns of a cleaned copy, the rows that were never read, and rows of other tasks."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import luthier
from luthier.cli.main import main
from luthier.errors import InputError
from luthier.journeys.auditing import fix, save_relabel_queue
from luthier.kit.copy_forms import COPY_ENDINGS
from luthier.kit.own_copies import ADDED


def written(path: Path, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter="\t" if path.suffix == ".tsv" else ",").writerows(
            [head, *rows]
        )
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        if path.suffix == ".jsonl":
            return [json.loads(line) for line in stream]
        return list(csv.DictReader(stream, delimiter="\t" if path.suffix == ".tsv" else ","))


def fixed(
    source: Path, out: Path, settings: Mapping[str, str] | None = None
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    fix(luthier.audit(source, settings=settings, to_fix=True), out)
    return read(out), read(out.with_name(f"{out.stem}.left_out{out.suffix}"))


def without_added(row: Mapping[str, str]) -> dict[str, str]:
    return {name: cell for name, cell in row.items() if name not in ADDED}


@pytest.mark.parametrize("ending", COPY_ENDINGS)
def test_a_copy_has_every_column_of_the_file_and_is_read_by_the_same_settings(tmp_path, ending):
    head = ["day", "who", "评论", "好坏", "note"]
    rows = [
        [
            f"2024-05-{i % 28 + 1:02}",
            f"u{i % 9}",
            f"=第{i}条评论说的是{'好' * (i % 7)}事",
            "ab"[i % 2],
            "=1",
        ]
        for i in range(60)
    ]
    source = written(tmp_path / "shop.csv", head, rows)
    settings = {
        "data.text_column": "评论",
        "data.label_column": "好坏",
        "data.group_column": "who",
        "data.time_column": "day",
    }
    out = tmp_path / f"copy{ending}"
    kept, left = fixed(source, out, settings)
    assert list(kept[0]) == [*head, *ADDED]
    assert len(kept) + len(left) == 60
    assert all(row["note"] == "=1" for row in kept)  # only texts are changed, and given back
    for _ in range(2):  # the copy of a copy, too
        again = luthier.load(out, settings=settings)
        assert [*again.columns["group"]] == [row["who"] for row in kept]
        assert [day[:10] for day in again.columns["time"]] == [row["day"] for row in kept]
        assert all(text.startswith("=第") for text in again.columns["text"])
        out, source = tmp_path / f"copy_of{out.name}", out
        kept, _ = fixed(source, out, settings)
        assert list(kept[0]) == [*head, *ADDED]


def test_rows_without_text_or_label_stand_among_those_left_out_and_are_counted(tmp_path, capsys):
    source = written(
        tmp_path / "shop.csv",
        ["id", "text", "label"],
        [
            *(["1", "退款多久到账", "a"], ["2", "", "a"], ["3", "发票怎么开", "b"]),
            *(["4", "物流太慢了", " "], ["5", "退款多久到账", "a"], ["6", "", ""]),
        ],
    )
    out = tmp_path / "clean.csv"
    main(["audit", str(source), "--data.empty_rows", "drop", "--fix", str(out)])
    assert "2 kept, 4 left out" in capsys.readouterr().err
    left = read(tmp_path / "clean.left_out.csv")
    assert [(row["id"], row["luthier_reason"], row["luthier_source"]) for row in left] == [
        ("2", "without text", f"{source}:3"),
        ("4", "without label", f"{source}:5"),
        ("5", f"the same text as {source}:2", f"{source}:6"),
        ("6", "without text and label", f"{source}:7"),
    ]
    assert all(row["luthier_did"] == "left out" for row in left)


@pytest.mark.parametrize("ending", COPY_ENDINGS)
def test_both_texts_of_a_pair_stay_apart(tmp_path, ending):
    rows = [[f"问题{i}", f"=回答{i}\n又一行", "ab"[i % 2]] for i in range(20)]
    source = written(tmp_path / "pairs.csv", ["sentence1", "sentence2", "label"], rows)
    kept, _ = fixed(source, tmp_path / f"copy{ending}")
    assert list(kept[0]) == ["sentence1", "sentence2", "label", *ADDED]
    assert [row["sentence1"] for row in kept] == [row[0] for row in rows]
    again = luthier.load(tmp_path / f"copy{ending}")
    assert [*again.columns["text_pair"]] == [row[1] for row in rows]
    assert [*again.columns["text"]] == [*luthier.load(source).columns["text"]]


SETS = [
    *(["退款", "a|b"], ["退款！", "b|a"], ["退款。", "b"]),  # two of three say the same set
    *(["发票", "a"], ["发票!", "a|b"]),  # no majority
    *(["？？？", "a"], ["物流", "b"], ["物流", "a|b"], ["物流。", "a|b"], ["地址", "a|c"]),
]


def test_sets_of_labels_are_compared_as_a_whole(tmp_path):
    source = written(tmp_path / "tags.csv", ["text", "tags"], SETS)
    kept, left = fixed(source, tmp_path / "copy.csv", {"data.label_separator": "|"})
    assert [(row["text"], row["tags"], row["luthier_did"]) for row in kept] == [
        ("退款", "a|b", "kept"),
        ("物流", "a|b", "relabelled"),
        ("地址", "a|c", "kept"),
    ]
    assert kept[1]["label_before"] == "b"
    assert kept[1]["luthier_reason"] == "the same text has these labels in 2 of 3 rows"
    reasons = {row["text"]: row["luthier_reason"] for row in left}
    assert "several sets of labels and no majority" in reasons["发票"]
    assert "letter" in reasons["？？？"]
    again = luthier.load(tmp_path / "copy.csv", settings={"data.label_separator": "|"})
    assert [*again.columns["labels"]] == [("a", "b"), ("a", "b"), ("a", "c")]


def test_columns_of_0_and_1_stay_and_take_the_majority(tmp_path):
    flags = {"a": "1,0,0", "a|b": "1,1,0", "b": "0,1,0", "b|a": "1,1,0", "a|c": "1,0,1"}
    rows = [[str(i), text, *flags[tags].split(",")] for i, (text, tags) in enumerate(SETS)]
    source = written(tmp_path / "flags.csv", ["id", "text", "a", "b", "c"], rows)
    kept, _ = fixed(source, tmp_path / "copy.csv")
    assert list(kept[0]) == ["id", "text", "a", "b", "c", *ADDED]
    assert [[*without_added(row).values()] for row in kept] == [
        ["0", "退款", "1", "1", "0"],
        ["6", "物流", "1", "1", "0"],
        ["9", "地址", "1", "0", "1"],
    ]
    again = luthier.load(tmp_path / "copy.csv")
    assert [*again.columns["labels"]] == [("a", "b"), ("a", "b"), ("a", "c")]


def test_numbers_that_contradict_each_other_are_left_out_and_none_is_changed(tmp_path):
    rows = [[f"第{i}家酒店", f"{i % 5 + 0.5}"] for i in range(30)]
    rows += [["第3家酒店！", "3.50"], ["第4家酒店", "4.5"], ["第4家酒店。", "1.0"]]
    source = written(tmp_path / "stars.csv", ["text", "stars"], rows)
    settings = {"data.label_column": "stars", "task": "text_regression"}
    kept, left = fixed(source, tmp_path / "copy.csv", settings)
    assert {row["luthier_did"] for row in kept} == {"kept"}
    assert [without_added(row) for row in kept] == [
        {"text": text, "stars": number} for text, number in rows[:30] if text != "第4家酒店"
    ]
    assert [row["luthier_reason"].partition(":")[0] for row in left if "3" in row["text"]] == [
        f"the same text as {source}"
    ]
    assert sum("with several numbers" in row["luthier_reason"] for row in left) == 3
    with pytest.raises(InputError, match="a model doubts labels only where each row has one"):
        save_relabel_queue(luthier.audit(source, settings=settings), tmp_path / "queue.csv")


def test_files_of_different_columns_share_a_copy_and_their_splits(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    train = [[f"训练第{i}条", "ab"[i % 2], f"n{i}"] for i in range(20)]
    written(folder / "train.csv", ["text", "label", "note"], train)
    written(
        folder / "test.csv", ["text", "label"], [[f"测试第{i}条", "ab"[i % 2]] for i in range(9)]
    )
    kept, _ = fixed(folder, tmp_path / "copy.csv")
    assert list(kept[0]) == ["text", "label", "note", "split", *ADDED]
    assert [(row["note"], row["split"]) for row in kept] == [
        *((f"n{i}", "train") for i in range(20)),
        *([("", "test")] * 9),
    ]


def test_a_file_without_header_gets_one_that_is_understood(tmp_path):
    lines = [f"{'ab'[i % 2]}\t第{i}条说的事情" for i in range(30)]
    (tmp_path / "bare.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    kept, _ = fixed(tmp_path / "bare.tsv", tmp_path / "copy.csv")
    assert list(kept[0]) == ["label", "text", *ADDED]
    assert [*luthier.load(tmp_path / "copy.csv").columns["label"]] == ["a", "b"] * 15


def test_numbers_and_times_of_a_binary_table_are_written_as_they_are_read(tmp_path):
    table = pa.table(
        {
            "text": [f"第{i}条说的事情" for i in range(20)],
            "label": ["a", "b"] * 10,
            "when": [datetime(2024, 5, i % 28 + 1, tzinfo=UTC) for i in range(20)],
            "parts": [["x", "y, z"]] * 20,
        }
    )
    pq.write_table(table, tmp_path / "shop.parquet")
    for ending in COPY_ENDINGS:
        kept, _ = fixed(tmp_path / "shop.parquet", tmp_path / f"copy{ending}")
        assert list(kept[0]) == ["text", "label", "when", "parts", *ADDED]
        assert kept[0]["when"].startswith("2024-05-01")
        parts = kept[0]["parts"]
        assert (parts if ending == ".jsonl" else json.loads(parts)) == ["x", "y, z"]


def test_other_verbs_keep_only_the_columns_they_read(tmp_path):
    rows = [[f"第{i}条", "ab"[i % 2], "more"] for i in range(9)] + [["", "a", "more"]]
    source = written(tmp_path / "shop.csv", ["text", "label", "note"], rows)
    settings = {"data.empty_rows": "drop"}
    for loaded in (
        luthier.load(source, settings=settings),
        luthier.audit(source, settings=settings).rows,
    ):
        assert not loaded.file_columns
        assert loaded.dropped is None
    whole = luthier.audit(source, settings=settings, to_fix=True).rows
    assert [*whole.file_columns] == ["text", "label", "note"]
    assert whole.dropped is not None
    assert whole.dropped.ids.tolist() == [9]
