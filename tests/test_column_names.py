"""Columns are found by the names that people give them, and nothing is guessed between equals."""

from __future__ import annotations

from pathlib import Path

import pytest

from luthier.errors import InputError
from luthier.journeys.foreign import ForeignRun, diagnose_foreign
from luthier.journeys.verbs import load
from luthier.kit.column_names import (
    LABEL_NAMES,
    TEXT_NAMES,
    WEAK_LABEL_NAMES,
    WEAK_TEXT_NAMES,
    find_by_word,
    is_id,
)
from luthier.records import Rows

SIMPLIFIED = [
    ("送来的时候汤都洒了，包装太差", "负面"),
    ("味道很好，下次还会再点", "正面"),
    ("等了一个半小时才送到", "负面"),
    ("分量足，价格也实惠", "正面"),
    ("客服态度恶劣，再也不买了", "负面"),
    ("孩子非常喜欢这款玩具", "正面"),
    ("质量和图片完全不一样", "负面"),
    ("物流很快，第二天就收到了", "正面"),
]
TRADITIONAL = [
    ("送來的時候湯都灑了，包裝太差", "負面"),
    ("味道很好，下次還會再點", "正面"),
    ("等了一個半小時才送到", "負面"),
    ("份量足，價格也實惠", "正面"),
    ("客服態度惡劣，再也不買了", "負面"),
    ("孩子非常喜歡這款玩具", "正面"),
    ("品質和圖片完全不一樣", "負面"),
    ("物流很快，第二天就收到了", "正面"),
]


def notes(rows: Rows) -> str:
    return "\n".join(f"{note.kind}: {note.message}" for note in rows.source.notes)


def written(
    folder: Path, header: str, rows: list[tuple[str, ...]], encoding: str = "utf-8"
) -> Path:
    lines = [header, *(",".join(row) for row in rows)]
    path = folder / "data.csv"
    path.write_bytes("".join(f"{line}\r\n" for line in lines).encode(encoding))
    return path


def numbered(rows: list[tuple[str, str]]) -> list[tuple[str, ...]]:
    return [(str(number), *row) for number, row in enumerate(rows, start=1)]


def table(folder: Path, header: str, *columns: list[str]) -> Path:
    """A file of 12 rows with these values, taken in turns."""
    rows = [tuple(values[n % len(values)] for values in columns) for n in range(12)]
    return written(folder, header, rows)


def refused(path: Path, **flags: str) -> str:
    with pytest.raises(InputError) as caught:
        load(path, settings={f"data.{name}": value for name, value in flags.items()})
    return str(caught.value).replace(str(path), path.name)


SAID = [f"这是第{n}条不同的话" for n in range(12)]
AGAIN = ["甲", "乙"]


# names that people have ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "header", "rows"),
    [
        ("gb18030", "编号,评论内容,情感类别", SIMPLIFIED),
        ("utf-8-sig", "编号,评论内容,情感类别", SIMPLIFIED),
        ("utf-16", "序号,正文,情感倾向", SIMPLIFIED),
        ("big5", "編號,評論內容,情感類別", TRADITIONAL),
        ("utf-8-sig", "流水號,評論內容,情感類別", TRADITIONAL),
        ("gb18030", "序號,對話,意圖", TRADITIONAL),
    ],
)
def test_a_chinese_file_needs_no_flags_whatever_its_encoding(tmp_path, encoding, header, rows):
    _, text, label = header.split(",")
    loaded = load(written(tmp_path, header, numbered(rows), encoding))
    assert loaded.source.columns == {"text": text, "label": label}
    assert loaded.columns["text"] == [text for text, _ in rows]
    assert loaded.columns["label"] == [label for _, label in rows]
    assert f"guessed: {tmp_path / 'data.csv'}: text is column {text!r}" in notes(loaded)
    assert f"guessed: {tmp_path / 'data.csv'}: label is column {label!r}" in notes(loaded)


def test_tags_of_one_label_each_are_labels(tmp_path):
    loaded = load(table(tmp_path, "text,tags", SAID, ["refund", "delivery"]))
    assert set(loaded.columns["label"]) == {"refund", "delivery"}
    assert "guessed" in notes(loaded)
    assert "label is column 'tags'" in notes(loaded)


def test_tags_that_are_joined_are_several_labels_and_it_is_said(tmp_path):
    tags = ["refund;delivery", "refund", "delivery", "refund;invoice", "invoice"]
    loaded = load(table(tmp_path, "text,tags", SAID, tags))
    assert loaded.columns["labels"][0] == ("refund", "delivery")
    assert "holds several labels per row, separated by ';'" in notes(loaded)


@pytest.mark.parametrize(
    ("header", "text", "label"),
    [
        ("ID,Text,Label", "Text", "Label"),
        ("row_id,TEXT,TRUE LABEL", "TEXT", "TRUE LABEL"),
        ("uid,Review Text,Sentiment", "Review Text", "Sentiment"),
        ("no,utterance,intent", "utterance", "intent"),
        ("id,question,topic", "question", "topic"),
        ("id,tweet,Polarity", "tweet", "Polarity"),
        ("id,reviewText,class_name", "reviewText", "class_name"),
        ("id,Customer Comment (raw),Sentiment (0/1)", "Customer Comment (raw)", "Sentiment (0/1)"),
        ("id,ｔｅｘｔ,ｌａｂｅｌ", "ｔｅｘｔ", "ｌａｂｅｌ"),
        ("id,title,type", "title", "type"),
        ("编号,标题,类型", "标题", "类型"),
        ("编号,新闻标题,新闻类别", "新闻标题", "新闻类别"),
        ("编号,用户评论,情感标签", "用户评论", "情感标签"),
        ("編號,客戶留言,問題類型", "客戶留言", "問題類型"),
        ("序号,问题,问题类型", "问题", "问题类型"),
        ("序号,评论内容（原文）,类别名称", "评论内容（原文）", "类别名称"),
    ],
)
def test_a_column_is_known_in_any_case_width_and_spelling(tmp_path, header, text, label):
    loaded = load(table(tmp_path, header, [str(n) for n in range(12)], SAID, AGAIN))
    assert loaded.source.columns == {"text": text, "label": label}


def test_a_name_that_only_ends_with_a_known_word_is_said_to_be_taken_for_it(tmp_path, snapshot):
    loaded = load(table(tmp_path, "用户评论,商品分类", SAID, AGAIN))
    assert notes(loaded).replace(str(tmp_path), "") == snapshot


# no wrong guess -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *("comment_id", "text_length", "review date", "content-type", "commentCount", "is_comment"),
        *("评论时间", "评论数", "评论人", "内容长度", "标题编号", "问题类型", "text_label"),
    ],
)
def test_what_a_name_speaks_of_in_passing_is_no_text(name):
    groups = (("text", *TEXT_NAMES), WEAK_TEXT_NAMES)
    assert not find_by_word([name], groups, lambda _: True).name


@pytest.mark.parametrize(
    "name",
    [
        *("label_id", "pred_label", "predicted class", "tag_count", "has_tag", "intent_score"),
        *("标签数", "预测标签", "是否分类", "分类时间", "类别编号", "label text"),
    ],
)
def test_what_a_name_speaks_of_in_passing_is_no_label(name):
    assert not find_by_word([name], (("label", *LABEL_NAMES),), lambda _: True).name


@pytest.mark.parametrize(
    ("header", "role", "flag"),
    [
        ("question,comment,label", "text", "--data.text_column NAME"),
        ("text,category,sentiment", "label", "--data.label_column NAME"),
        ("内容,标签,类别", "label", "--data.label_column NAME"),
        ("text,一级分类,二级分类", "label", "--data.label_column NAME"),
        ("user review,shop review,label", "text", "--data.text_column NAME"),
    ],
)
def test_between_equals_a_person_chooses(tmp_path, header, role, flag):
    equal = [name for name in header.split(",") if name not in ("text", "label", "内容")]
    contents = [AGAIN if role == "label" and name in equal else SAID for name in header.split(",")]
    contents[-1] = AGAIN
    said = refused(table(tmp_path, header, *contents))
    assert f"unclear which column is the {role}" in said
    assert all(repr(name) in said for name in equal)
    assert flag in said


def test_the_question_that_is_asked_between_equals(tmp_path, snapshot):
    path = table(tmp_path, "评论,问题,标签,情感", SAID, SAID, AGAIN, AGAIN)
    assert refused(path) == snapshot
    loaded = load(path, settings={"data.text_column": "问题", "data.label_column": "情感"})
    assert loaded.source.columns == {"text": "问题", "label": "情感"}


def test_a_column_that_a_flag_gives_to_something_else_is_out_of_the_question(tmp_path):
    path = table(tmp_path, "question,comment,label", SAID, SAID, AGAIN)
    loaded = load(path, settings={"data.group_column": "question"})
    assert loaded.source.columns["text"] == "comment"


def test_numbers_are_no_texts_whatever_their_column_is_called(tmp_path):
    path = table(tmp_path, "review,comment,label", ["5", "1", "3"], SAID, AGAIN)
    assert load(path).source.columns["text"] == "comment"


def test_a_word_of_a_name_does_not_make_labels_of_values_that_never_come_again(tmp_path):
    unlike = [f"值{n}" for n in range(12)]
    assert "no column for the label" in refused(table(tmp_path, "text,my_tags", SAID, unlike))


def test_the_likelier_name_is_taken_and_the_other_one_said(tmp_path):
    loaded = load(table(tmp_path, "标题,正文,类型,类别", SAID, SAID, AGAIN, AGAIN))
    assert loaded.source.columns == {"text": "正文", "label": "类别"}
    assert "text could also be 标题; data.text_column decides" in notes(loaded)
    assert "label could also be 类型; data.label_column decides" in notes(loaded)


def test_columns_of_0_and_1_stay_labels_where_one_is_called_type(tmp_path):
    header = "编号,评论内容,物流,type,服务"
    flags = [["0", "1"], ["1", "0", "0"], ["1", "1", "0", "0"]]
    loaded = load(table(tmp_path, header, [str(n) for n in range(12)], SAID, *flags))
    assert loaded.columns["labels"][0] == ("type", "服务")


@pytest.mark.parametrize(
    ("task", "answers"),
    [
        ("text_classification", ["好", "坏"]),
        ("multi_label", ["好|快", "坏"]),
        ("text_regression", ["1.5", "2.25"]),
    ],
)
@pytest.mark.parametrize("name", ["label", "labels", "标签"])
def test_every_task_finds_its_answers_in_a_column_called_so(tmp_path, task, answers, name):
    path = tmp_path / "data.tsv"
    lines = [f"text\t{name}", *(f"第{i}条消息\t{answers[i % 2]}" for i in range(8))]
    path.write_text("\n".join(lines), encoding="utf-8")
    settings = {"task": task} | ({"data.label_separator": "|"} if task == "multi_label" else {})
    assert len(load(path, settings=settings)) == 8


def test_no_name_is_that_of_a_text_and_of_a_label_and_of_a_number():
    texts, labels = {*TEXT_NAMES, *WEAK_TEXT_NAMES}, {*LABEL_NAMES, *WEAK_LABEL_NAMES}
    assert not texts & labels
    assert not [name for name in (*texts, *labels) if is_id(name)]


# files of answers ---------------------------------------------------------------------------------


def test_a_file_of_answers_is_read_by_the_same_names(tmp_path, monkeypatch):
    monkeypatch.setenv("LUTHIER_HOME", str(tmp_path / "home"))
    path = table(
        tmp_path, "编号,評論內容,情感類別,預測", [str(n) for n in range(12)], SAID, AGAIN, AGAIN
    )
    result = diagnose_foreign(ForeignRun(path))
    said = "\n".join(note.message for note in result.notes)
    assert "text is column '評論內容'" in said
    assert "label is column '情感類別'" in said
    assert result.evaluation.splits["test"].figures["accuracy"].value == 1.0


def test_in_a_file_of_answers_a_person_chooses_between_equals_too(tmp_path, snapshot):
    path = table(tmp_path, "text,category,sentiment,prediction", SAID, AGAIN, AGAIN, AGAIN)
    with pytest.raises(InputError) as caught:
        diagnose_foreign(ForeignRun(path))
    assert str(caught.value).replace(str(tmp_path), "") == snapshot
