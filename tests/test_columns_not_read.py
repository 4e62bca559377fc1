"""Columns that are not read, though they are like one that is: pairs, more texts, more labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from luthier.errors import InputError
from luthier.journeys.verbs import load
from luthier.records import Rows
from small_workbook import write_workbook

ASKED = [f"What is the price of thing number {word}?" for word in "abcdefghijkl"]
TOLD = [f"It was {word} when we looked last week." for word in "abcdefghijkl"]


def table(folder: Path, header: str, *columns: list[str]) -> Path:
    """A file of 12 rows with these values, taken in turns."""
    rows = [",".join(values[n % len(values)] for values in columns) for n in range(12)]
    path = folder / "data.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def notes(rows: Rows) -> str:
    return "\n".join(f"{note.kind}: {note.message}" for note in rows.source.notes)


@pytest.mark.parametrize("header", ["question,answer,label", "Query,Passage,label"])
def test_a_known_pair_of_running_texts_is_read_and_how_to_read_one_is_said(tmp_path, header):
    first, second, _ = header.split(",")
    rows = load(table(tmp_path, header, ASKED, TOLD, ["0", "1"]))
    assert (rows.source.columns["text"], rows.source.columns["text_pair"]) == (first, second)
    assert f"read as pairs of {first!r} and {second!r}; the first alone: --text-column {first}" in (
        notes(rows)
    )


def test_answers_that_come_again_are_no_second_text(tmp_path):
    canned = ["Please see our page on prices.", "We are sorry to hear that."]
    rows = load(table(tmp_path, "question,answer,label", ASKED, canned, ["price", "sorry"]))
    assert rows.source.columns == {"text": "question", "label": "label"}


def test_a_column_that_is_named_alone_leaves_the_pair_and_says_what_is_not_read(tmp_path):
    path = table(tmp_path, "question,answer,label", ASKED, TOLD, ["0", "1"])
    rows = load(path, settings={"data.text_column": "question"})
    assert "text_pair" not in rows.columns
    assert "not read, though it holds running text: 'answer'; to read it with 'question': " in (
        notes(rows)
    )
    assert "--text-pair-column answer" in notes(rows)


@pytest.mark.parametrize(
    "cells",
    [
        ["refund", "delivery"],
        [f"https://example.org/a/b/{n}" for n in range(12)],
        [f"2024-05-{n:02}" for n in range(1, 13)],
        ["The same words in every row of it"],
        ["", "", "Only few of the rows hold words"],
    ],
)
def test_what_is_no_running_text_is_not_said_to_be_one(tmp_path, cells):
    rows = load(table(tmp_path, "text,other,label", ASKED, cells, ["0", "1"]))
    assert "running text" not in notes(rows)


def test_labels_of_people_side_by_side_are_pointed_out(tmp_path):
    three = (["好评", "差评"], ["好评", "差评", "差评"], ["差评", "好评", "好评", "差评"])
    path = table(tmp_path, "id,text,annotator_1,annotator_2,annotator_3", ["1"], ASKED, *three)
    rows = load(path, settings={"data.label_column": "annotator_1"})
    said = notes(rows)
    assert "the same labels as 'annotator_1': 'annotator_2', 'annotator_3'; if these are" in said
    assert "write a row for each label" in said
    assert "--annotator-column NAME" in said


def test_numbers_are_the_same_labels_only_where_the_names_are_alike(tmp_path):
    path = table(
        tmp_path, "text,has_link,label_1,label_2", ASKED, ["0", "1"], ["1", "0"], ["0", "1"]
    )
    rows = load(path, settings={"data.label_column": "label_1"})
    assert "the same labels as 'label_1': 'label_2'; if" in notes(rows)


def test_a_title_above_a_header_of_unknown_names_is_left_out(tmp_path):
    header = ("工单", "甲栏", "乙栏")
    body = [(f"T{n}", f"第{n}位客户说的话", "是否"[n % 2]) for n in range(8)]
    rows = [("客服工单导出", "", ""), header, *body]
    path = write_workbook(tmp_path / "data.xlsx", {"sheet": rows})
    with pytest.raises(InputError, match="no column for the text among '工单', '甲栏', '乙栏'"):
        load(path)
    named = {"data.text_column": "甲栏", "data.label_column": "乙栏"}
    loaded = load(path, settings=named)
    assert len(loaded) == 8
    assert "rows above the header that were left out: 1 ('客服工单导出')" in notes(loaded)


def test_a_title_is_read_as_before_and_the_description_beside_it_pointed_out(tmp_path):
    rows = load(table(tmp_path, "title,description,label", ASKED, TOLD, ["0", "1"]))
    assert rows.source.columns["text"] == "title"
    assert "holds running text: 'description'" in notes(rows)


def test_addresses_in_a_column_email_are_no_text(tmp_path):
    mails = [f"someone{n}@example.org" for n in range(12)]
    rows = load(table(tmp_path, "email,message,label", mails, ASKED, ["0", "1"]))
    assert rows.source.columns["text"] == "message"
    assert "running text" not in notes(rows)
