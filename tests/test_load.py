"""Load: every kind of file, every guess said, every mistake named with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from luthier.errors import InputError
from luthier.kit.tables import read_table
from luthier.records import Column, Rows
from luthier.settings import DataSettings
from luthier.stages.load import load

SHARED = Path(__file__).parents[1].parent / "shared" / "data"
HEADER = "text,label\n"
GOOD = "退款什么时候到,退款\n請問包裹寄出了嗎,物流\nWhere is it?,物流\n"


class OneLabelPerText:
    columns = (
        Column("text", ("text", "sentence", "review", "title", "内容"), False, "data.text_column"),
        Column("label", ("label", "category", "标签"), True, "data.label_column"),
    )

    def check(self, rows):
        return []


TASK = OneLabelPerText()


def read(path: Path, *, targets_required: bool = True, **settings: str) -> Rows:
    return load(path, TASK, DataSettings(**settings), targets_required=targets_required)


@pytest.fixture
def write(tmp_path):
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def message(path: Path, **settings) -> str:
    with pytest.raises(InputError) as caught:
        read(path, **settings)
    return str(caught.value)


def notes(rows: Rows) -> str:
    return "\n".join(note.message for note in rows.source.notes)


# formats -----------------------------------------------------------------------------------------


def test_a_csv_file_gives_texts_labels_and_the_line_of_each_row(write):
    path = write("data.csv", HEADER + '"first line\nsecond line",a\nplain,b\n')
    rows = read(path)
    assert rows.columns == {"text": ["first line\nsecond line", "plain"], "label": ["a", "b"]}
    assert rows.locations == [f"{path}:2", f"{path}:4"]
    assert rows.ids.tolist() == [0, 1]
    assert rows.source.files[0].rows == 2
    assert rows.source.notes == ()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data.tsv", "text\tlabel\n好\ta\n坏\tb\n"),
        ("data.csv", "text;label\n好;a\n坏;b\n"),
        ("data.csv", "text|label\n好|a\n坏|b\n"),
        ("data.csv", "text\tlabel\n好\ta\n坏\tb\n"),
        ("data.csv", "text,label\r\n好,a\r\n坏,b\r\n"),
        ("data.csv", "text,label\r好,a\r坏,b\r"),
        ("data.json", '[{"text": "好", "label": "a"},\n {"text": "坏", "label": "b"}]'),
        ("data.json", '{"text": "好", "label": "a"}\n{"text": "坏", "label": "b"}\n'),
        ("data.jsonl", '{"text": "好", "label": "a"}\n\n{"label": "b", "text": "坏"}'),
        ("data.jsonl", '\ufeff{"text": "好", "label": "a"}\n{"text": "坏", "label": "b"}'),
        ("data.csv", "\ufefftext,label\n好,a\n坏,b\n"),
        ("data.csv", "text,label\n好,a\n坏,b\n".encode("utf-16")),
    ],
)
def test_every_format_gives_the_same_rows(write, name, content):
    rows = read(write(name, content))
    assert rows.columns == {"text": ["好", "坏"], "label": ["a", "b"]}


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "utf-16-le", "utf-8"])
def test_an_encoding_that_is_given_is_used(write, encoding):
    rows = read(write("data.csv", (HEADER + "退,甲\n物,乙\n").encode(encoding)), encoding=encoding)
    assert rows.columns["text"] == ["退", "物"]
    assert rows.source.files[0].encoding == encoding


def test_json_lines_end_at_newlines_only(write):
    text = "one\u2028two\u0085three"
    lines = [json.dumps({"text": text, "label": la}, ensure_ascii=False) for la in "ab"]
    rows = read(write("data.jsonl", "\n".join(lines)))
    assert rows.columns["text"] == [text, text]
    assert [place.rpartition(":")[2] for place in rows.locations] == ["1", "2"]


def test_items_of_a_json_array_have_their_lines(write):
    path = write(
        "data.json", '[\n{"text": "a",\n "label": "x"},\n\n{"text": "b", "label": "y"}\n]\n'
    )
    assert read(path).locations == [f"{path}:2", f"{path}:5"]


def test_numbers_stay_as_they_are_written(write):
    lines = (
        '{"text": 1.50, "label": 57}\n{"text": "b", "label": 1e3}\n{"text": true, "label": -0}\n'
    )
    rows = read(write("data.jsonl", lines))
    assert rows.columns == {"text": ["1.50", "b", "true"], "label": ["57", "1e3", "-0"]}


def test_a_text_longer_than_the_csv_module_allows_is_read(write):
    rows = read(write("data.csv", HEADER + "长" * 200_000 + ",a\nb,b\n"))
    assert len(rows.columns["text"][0]) == 200_000


def test_quotes_in_a_tab_file_are_ordinary_characters_and_said(write):
    rows = read(write("data.tsv", 'text\tlabel\n"Hi" she said\ta\n"all of it"\tb\n'))
    assert rows.columns["text"] == ['"Hi" she said', '"all of it"']
    assert "cells in double quotes, which were kept: 1" in notes(rows)


def test_a_tab_file_with_quoted_line_ends_is_read_with_quotes(write):
    rows = read(write("data.tsv", 'text\tlabel\n"one\ntwo"\ta\nthree\tb\n'))
    assert rows.columns["text"] == ["one\ntwo", "three"]


# guesses -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["text first", "label first"])
def test_a_headerless_tab_file_is_understood_by_its_content(write, order):
    pairs = [("see you at 8", "ham"), ("WIN a prize", "spam"), ("ok lar", "ham"), ("free!", "spam")]
    lines = [f"{t}\t{la}" if order == "text first" else f"{la}\t{t}" for t, la in pairs]
    rows = read(write("data.txt", "\n".join(lines) + "\n"))
    assert rows.columns["text"] == [text for text, _ in pairs]
    assert rows.columns["label"] == [label for _, label in pairs]
    assert "no header" in notes(rows)
    assert "by what stands in it" in notes(rows)


@pytest.mark.parametrize("again", ["text,label", "\ufefftext,label", " text , label"])
def test_a_header_that_stands_again_between_the_rows_is_left_out_and_said(write, again):
    rows = read(write("joined.csv", f"text,label\n退款,a\n物流,b\n{again}\n发票,a\n会员,b\n"))
    assert rows.columns["label"] == ["a", "b", "a", "b"]
    assert "rows that repeat the header: 1 (the first at" in notes(rows)
    assert rows.locations[2].endswith("joined.csv:5")


def test_a_row_that_repeats_a_first_row_of_data_stays(write):
    lines = [f"see you at {hour} o'clock\tham" for hour in (8, 9, 8, 10, 11)]
    lines += [f"WIN prize number {number}\tspam" for number in range(5)]
    rows = read(write("data.txt", "\n".join(lines) + "\n"))
    assert rows.columns["label"] == ["ham"] * 5 + ["spam"] * 5


def test_a_header_with_unknown_names_is_not_taken_for_a_row(write):
    content = "comment,stars\ngood,5\nbad,1\nfine,5\n"
    assert "no column for the text among 'comment', 'stars'" in message(write("data.csv", content))


def test_a_label_that_looks_like_a_column_name_does_not_make_a_header(write):
    rows = read(write("data.tsv", "title\tHow are you\ntitle\tWhat\nother\tNo\nother\tYes\n"))
    assert rows.columns["label"] == ["title", "title", "other", "other"]


def test_columns_are_found_by_other_names_and_it_is_said(write):
    rows = read(write("data.csv", "ID,标签,内容\n1,a,好\n2,b,坏\n"))
    assert rows.source.columns == {"text": "内容", "label": "标签"}
    assert "text is column '内容'" in notes(rows)


def test_of_two_known_names_the_likelier_is_taken_and_the_other_said(write):
    rows = read(write("data.csv", "title,text,label\nt,x,a\nu,y,b\n"))
    assert rows.columns["text"] == ["x", "y"]
    assert "text could also be title; data.text_column decides" in notes(rows)


def test_columns_named_in_the_settings_are_used(write):
    path = write("data.csv", "no,comment,stars\n7,x,1\n8,y,5\n")
    rows = read(path, text_column="comment", label_column="stars", id_column="no")
    assert rows.columns == {"text": ["x", "y"], "label": ["1", "5"], "id": ["7", "8"]}


def test_a_column_that_is_one_to_one_with_the_label_names_it(write):
    content = "text,label,label_des,other\nw,0,物流,p\nx,1,退款,p\ny,0,物流,q\nz,1,退款,q\n"
    rows = read(write("data.csv", content))
    assert rows.label_titles == {"0": "物流", "1": "退款"}
    assert "label names taken from column label_des" in notes(rows)


def test_a_column_with_two_names_for_one_label_names_nothing(write):
    rows = read(write("data.csv", "text,label,note\nw,0,a\nx,1,b\ny,0,c\nz,1,b\n"))
    assert rows.label_titles == {}


def test_spaces_around_labels_are_dropped_and_said(write):
    rows = read(write("data.csv", HEADER + "x, a\ny,b\nz,a\n"))
    assert rows.columns["label"] == ["a", "b", "a"]
    assert "spaces at the ends were dropped: 1" in notes(rows)


def test_empty_lines_between_rows_are_skipped_and_said(write):
    path = write("data.csv", HEADER + "x,a\n\n\ny,b\n\n")
    rows = read(path)
    assert rows.locations == [f"{path}:2", f"{path}:5"]
    assert "2 empty lines" in notes(rows)


# folders -----------------------------------------------------------------------------------------


def test_a_folder_gives_its_splits_in_order_and_leaves_the_rest_out(write, tmp_path):
    for name, label in [("test_public.json", "1"), ("dev.json", "0"), ("train.json", "1")]:
        row = {"text": name, "label": label}
        extra = '{"text": "more", "label": "0"}\n' if name.startswith("train") else ""
        write(name, json.dumps(row) + "\n" + extra)
    write("labels.json", '{"label": 0, "label_des": "零"}\n{"label": 1, "label_des": "一"}\n')
    write("README.txt", "about")
    rows = read(tmp_path)
    assert rows.columns["text"] == ["train.json", "more", "dev.json", "test_public.json"]
    assert rows.given_split == ["train", "train", "validation", "test"]
    assert rows.locations[2] == "dev.json:1"
    assert rows.label_titles == {"0": "零", "1": "一"}
    assert "left out, their names do not say rows: README.txt, labels.json" in notes(rows)


def test_a_folder_with_one_file_of_rows_is_that_file(write, tmp_path):
    write("train.csv", HEADER + GOOD)
    rows = read(tmp_path)
    assert set(rows.given_split) == {None}
    assert not rows.source.has_own_splits


def test_two_files_for_one_split_are_refused(write, tmp_path):
    for name in ("train.csv", "my_training.csv", "test.csv"):
        write(name, HEADER + GOOD)
    assert "2 files stand for train: my_training.csv, train.csv" in message(tmp_path)


def test_a_folder_without_training_rows_is_refused(write, tmp_path):
    write("dev.csv", HEADER + GOOD)
    write("test.csv", HEADER + GOOD)
    assert "no training file beside dev.csv, test.csv" in message(tmp_path)


def test_a_folder_of_unclear_files_is_refused(write, tmp_path):
    write("a.csv", HEADER + GOOD)
    write("b.csv", HEADER + GOOD)
    assert "unclear which of 2 files hold what: a.csv, b.csv" in message(tmp_path)


def test_a_folder_without_files_of_rows_is_refused(write, tmp_path):
    write("data.docx", b"PK")
    assert "no file of rows in this folder (data.docx)" in message(tmp_path)


def test_labels_that_training_lacks_are_named_with_the_near_name(write, tmp_path):
    write("train.csv", HEADER + "x,refund\ny,delivery\n")
    write("test.csv", HEADER + "x,Refund\ny,delivery\nz,Refund\n")
    text = message(tmp_path)
    assert "test.csv:2: label 'Refund' (2 rows in test) does not occur in training" in text
    assert "did you mean 'refund'?" in text


def test_problems_of_all_files_come_at_once(write, tmp_path):
    write("train.csv", HEADER + "x,a,b\ny,b\n")
    write("test.csv", b"text,label\n\xff\xff,a\n")
    text = message(tmp_path)
    assert "train.csv:2: this row has 3 cells" in text
    assert "test.csv:2: byte 0xff" in text


# files to predict --------------------------------------------------------------------------------


def test_a_file_to_predict_needs_no_label(write):
    rows = read(write("new.csv", "text\nx\ny\n"), targets_required=False)
    assert rows.columns == {"text": ["x", "y"]}


def test_a_file_to_predict_keeps_its_labels_and_may_lack_some(write):
    rows = read(write("new.csv", HEADER + "x,a\ny,\n"), targets_required=False)
    assert rows.columns["label"] == ["a", ""]


def test_a_text_file_to_predict_has_one_text_per_line(write):
    rows = read(write("new.txt", "我要退款\n你好，在吗\n"), targets_required=False)
    assert rows.columns == {"text": ["我要退款", "你好，在吗"]}


# wrong input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("data.csv", "", "data.csv: the file is empty"),
        ("data.csv", "\n\n", "data.csv: the file is empty"),
        ("data.json", "[]", "data.json: the file is empty"),
        ("data.csv", HEADER, "data.csv: the file holds a header and no rows"),
        ("data.docx", b"PK\x03\x04", "files ending in .docx are not read"),
        ("data.xlsx", b"PK\x03\x04", "data.xlsx: cannot be read as a workbook"),
        ("data.parquet", b"PAR1", "data.parquet: cannot be read as parquet"),
        ("data.csv.gz", b"PK\x03\x04", "data.csv.gz: cannot be unpacked"),
        ("data.csv", "text,kind\nx,a\ny,b\n", "data.csv:1: no column for the label among"),
        ("data.csv", "text,lable\nx,a\ny,b\n", "--data.label_column lable"),
        (
            "data.csv",
            "text,label,label\nx,a,a\n",
            "data.csv:1: the column name 'label' stands twice",
        ),
        ("data.csv", HEADER + "x,a\n,b\n", "data.csv:3: text: the text is empty"),
        ("data.csv", HEADER + "x,a\n\u200b \t,b\n", "data.csv:3: text: the text is empty"),
        ("data.csv", HEADER + "x,a\ny,b\nz, \n", "data.csv:4: label: the label is empty"),
        ("data.csv", HEADER + "x,a\ny,a\n", "only one label, 'a'"),
        (
            "data.csv",
            HEADER + "x,a\ny\nz,b\n",
            "data.csv:3: this row has 1 cell, the first row has 2",
        ),
        (
            "data.csv",
            HEADER + 'x,a\n"y,b\nz,a\n',
            "data.csv:3: a double quote opened in this row is",
        ),
        ("data.csv", HEADER + 'x,a\n"y" z,b\n', "data.csv:3: text follows a closing double quote"),
        ("data.csv", HEADER + "x,a\ny\0,b\n", "data.csv:3: holds NUL bytes"),
        ("data.csv", (HEADER + GOOD).encode("utf-16-le") + b"a", "--data.encoding utf-16-le"),
        (
            "data.jsonl",
            '{"text": "x", "label": "a"}\n{"text": \n',
            "data.jsonl:2: this is not JSON",
        ),
        ("data.jsonl", '{"text": "x", "label": "a"}\n["y"]\n', "data.jsonl:2: this is a list"),
        ("data.jsonl", '{"text": "x"}\n{"text": "y", "label": "b"}\n', "data.jsonl:1: label: the"),
        ("data.jsonl", '{"text": NaN, "label": "a"}\n', "data.jsonl:1: text: the text is empty"),
        ("data.jsonl", '{"text": "\\ud83d", "label": "a"}\n', "half of a surrogate pair"),
        (
            "data.jsonl",
            '{"text": "x", "label": {"a": 1}}\n',
            "the label is not one text but an object",
        ),
        (
            "data.json",
            '[{"text": "x", "label": "a"}\n{"text": "y"}]',
            "data.json:2: the array needs",
        ),
        ("data.json", '[{"text": "x", "label": "a"},\n', "data.json:2: this is not JSON"),
        ("data.json", '{"data": [{"text": "x"}]}', "no column for the label among 'text'"),
        ("data.txt", "0 no tab here\n1 nor here\n", "no tab in this file"),
    ],
)
def test_wrong_input_is_named_with_its_place(write, name, content, expected):
    assert expected in message(write(name, content))


def test_a_missing_file_is_named_with_a_near_one(write):
    path = write("messages.csv", HEADER + GOOD)
    assert "did you mean 'messages.csv'?" in message(path.with_name("mesages.csv"))


def test_mixed_encodings_are_said_in_one_message(write):
    content = (HEADER + GOOD).encode() + "退货,退款\n".encode("gb18030")
    text = message(write("data.csv", content))
    assert "data.csv:5: " in text
    assert "the file mixes encodings: 3 lines in utf-8, line 5 not" in text


def test_an_unknown_encoding_or_column_is_named_with_a_near_one(write):
    path = write("data.csv", HEADER + GOOD)
    assert "did you mean 'gb18030'?" in message(path, encoding="gb18033")
    assert "there is no text encoding 'base64'" in message(path, encoding="base64")
    text = message(path, text_column="txt", label_column="labels")
    assert "there is no column 'txt' (data.text_column); did you mean 'text'?" in text
    assert "there is no column 'labels' (data.label_column)" in text


def test_a_delimiter_that_is_no_character_is_refused(write):
    path = write("data.csv", HEADER + GOOD)
    assert "data.delimiter must be characters or `tab`" in message(path, delimiter='"')


def test_twenty_problems_are_listed_and_the_rest_counted(write):
    text = message(write("data.csv", HEADER + "x,a\n" + "only one cell\n" * 50))
    assert text.count("this row has 1 cell") == 20
    assert "and 30 more" in text


# real files --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "rows", "labels", "columns"),
    [
        ("cic_zh", 14_000, 118, {"text": "sentence", "label": "label"}),
        ("thucnews_titles_zh", 43_547, 10, {"text": "column 1", "label": "column 2"}),
        ("waimai_zh", 11_987, 2, {"text": "review", "label": "label"}),
        ("banking77_en", 13_083, 77, {"text": "text", "label": "category"}),
        ("sms_spam_en", 5_574, 2, {"text": "column 2", "label": "column 1"}),
        ("bbc_news_long_en", 2_225, 5, {"text": "text", "label": "label"}),
        ("news_long_zh", 1_000, 10, {"text": "column 2", "label": "column 1"}),
    ],
)
def test_real_files_are_read(folder, rows, labels, columns):
    if not (SHARED / folder).is_dir():
        pytest.skip(f"the real data are not here ({folder})")
    loaded = read(SHARED / folder)
    assert len(loaded) == rows
    assert len(set(loaded.columns["label"])) == labels
    assert dict(loaded.source.columns) == columns


def test_the_customer_messages_have_their_intents_as_label_titles():
    if not (SHARED / "cic_zh").is_dir():
        pytest.skip("the real data are not here (cic_zh)")
    rows = read(SHARED / "cic_zh")
    assert rows.label_titles["57"] == "买家咨询返现金额"
    assert rows.locations[10_000] == "dev.json:1"


def test_lines_are_counted_right_after_many_rows(write):
    path = write("data.csv", HEADER + '"a\nb",x\n' * 1000)
    table = read_table(path)
    assert table.places[:3] == [f"{path}:1", f"{path}:2", f"{path}:4"]
    assert table.places[-1] == f"{path}:2000"


def test_rows_without_text_or_label_are_left_out_and_said_when_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("text,label\n好,a\n,a\n坏,b\n差,\n行,b\n", encoding="utf-8")
    rows = load(path, TASK, DataSettings(empty_rows="drop"))
    assert list(rows.columns["text"]) == ["好", "坏", "行"]
    assert rows.ids.tolist() == [0, 2, 4]  # the place of each among all rows read
    assert rows.source.rows == 3
    assert any("rows without text or label: 2" in note.message for note in rows.source.notes)


def test_rows_without_a_time_are_left_out_where_it_was_named_and_empty_ones_may_go(
    tmp_path: Path,
) -> None:
    path = tmp_path / "data.csv"
    path.write_text("text,day,label\n好,2024-05-01,a\n差,,a\n坏,2024-05-02,b\n", encoding="utf-8")
    data = DataSettings(time_column="day", empty_rows="drop")
    rows = load(path, TASK, data)
    assert list(rows.columns["text"]) == ["好", "坏"]
    assert any("without text, label or time: 1" in note.message for note in rows.source.notes)
    with pytest.raises(InputError, match=r"there is no time[^~]*--data\.empty_rows drop"):
        load(path, TASK, DataSettings(time_column="day"))
