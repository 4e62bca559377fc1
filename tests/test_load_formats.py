"""Load: each kind of file that people have, written by the program that people have it from.

The files in tests/files were written by openpyxl 3.1, datasets 5.2 and Python's codecs.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from luthier.errors import InputError
from luthier.journeys.verbs import load
from luthier.kit.text_pairs import texts_apart
from luthier.records import Rows
from small_workbook import write_workbook

FILES = Path(__file__).parent / "files"
SIMPLIFIED = ["咨询", "售后", "物流", "售后", "物流", "咨询"]
CANTONESE = ["物流", "售後", "售後", "諮詢", "物流", "諮詢"]
TRADITIONAL = ["物流", "售後", "諮詢", "售後", "物流", "諮詢"]


def notes(rows: Rows) -> str:
    return "\n".join(note.message for note in rows.source.notes)


def lines(path: Path, rows: list[object]) -> Path:
    path.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in rows), encoding="utf-8")
    return path


# encodings ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "encoding", "labels", "first"),
    [
        ("simplified_gb18030.csv", "gb18030", SIMPLIFIED, "这个柜子高度能定做吗？"),
        ("simplified_utf8_bom.csv", "utf-8-sig", SIMPLIFIED, "这个柜子高度能定做吗？"),
        ("traditional_big5.csv", "big5", TRADITIONAL, "請問包裹寄出了嗎？"),
        ("cantonese_big5hkscs.csv", "big5hkscs", CANTONESE, "件貨幾時先到呀？"),
        ("traditional_utf16.txt", "utf-16", TRADITIONAL * 3, "請問包裹寄出了嗎？"),
    ],
)
def test_a_chinese_file_is_read_in_its_encoding_and_the_guess_is_said(
    name, encoding, labels, first
):
    rows = load(FILES / name)
    assert rows.source.files[0].encoding == encoding
    assert rows.columns["label"] == labels
    assert rows.columns["text"][0] == first
    assert encoding in notes(rows) or "byte order mark" in notes(rows)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_recognised(tmp_path, encoding):
    path = tmp_path / "data.csv"
    path.write_bytes("text,label\n退款什么时候到,退款\n包裹寄出了嗎,物流\n".encode(encoding))
    assert load(path).source.files[0].encoding == encoding


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_asked_for_wide_text_without_its_mark_is_read_in_its_byte_order(tmp_path, encoding):
    path = tmp_path / "data.csv"
    path.write_bytes("text,label\n退款什么时候到,退款\n包裹寄出了嗎,物流\n".encode(encoding))
    rows = load(path, settings={"data.encoding": encoding[:6]})
    assert rows.columns["text"][0] == "退款什么时候到"
    assert rows.source.files[0].encoding == encoding


@pytest.mark.parametrize("asked", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("is_", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_that_is_not_the_wide_text_asked_for_is_said_to_be_what_it_looks_like(
    tmp_path, asked, is_
):
    path = tmp_path / "data.csv"
    rows = "退款什么时候到,退款\n我的包裹寄出了吗,物流\n" * 10
    path.write_bytes(f"text,label\n{rows}".encode(is_))
    with pytest.raises(InputError, match=r"which data\.encoding asks for") as caught:
        load(path, settings={"data.encoding": asked})
    looks = is_.removesuffix("-sig")
    assert str(path) in str(caught.value)
    assert f"is not {asked} text" in str(caught.value)
    assert f"it looks like {looks}" in str(caught.value)
    assert f"--data.encoding {looks}" in caught.value.next_step


def test_a_western_file_is_read_as_latin_1_or_windows_1252(tmp_path):
    path = tmp_path / "data.csv"
    text = "text,label\nthe naïve approach of the café did not help me,a\nwhere is my parcel,b\n"
    path.write_bytes(text.encode("latin-1"))
    assert load(path).columns["text"][0].startswith("the naïve approach")
    path.write_bytes(text.replace("not", "not — ever —").encode("cp1252"))
    assert load(path).source.files[0].encoding == "cp1252"


def test_one_chinese_line_in_an_english_file_is_not_taken_for_western_letters(tmp_path):
    path = tmp_path / "data.csv"
    text = "text,label\n" + "where is my parcel,b\n" * 40 + "退款什么时候到,a\n"
    path.write_bytes(text.encode("gb18030"))
    assert load(path).columns["text"][-1] == "退款什么时候到"


MAINLAND = "请问这个包裹什么时候能送到我家,物流\n我想退款不知道怎么办,退款\n"
TAIWAN = "請問這個包裹什麼時候能送到我家,物流\n我想退款不知道怎麼辦,退款\n"


@pytest.mark.parametrize(
    ("most", "encoding", "some", "other"),
    [(MAINLAND, "gb18030", TAIWAN, "big5"), (TAIWAN, "big5", MAINLAND, "gb18030")],
)
def test_lines_of_the_other_chinese_encoding_are_named_and_not_read_as_nonsense(
    tmp_path, most, encoding, some, other
):
    path = tmp_path / "data.csv"
    path.write_bytes(b"text,label\n" + (most * 20).encode(encoding) + some.encode(other))
    with pytest.raises(
        InputError, match=f"mixes encodings: most of it is {encoding}, lines 42, 43 {other}"
    ):
        load(path)
    assert len(load(path, settings={"data.encoding": encoding})) == 42


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-le", "utf-32-be"])
def test_utf_32_is_read_with_and_without_its_mark(tmp_path, encoding):
    path = tmp_path / "data.csv"
    path.write_bytes(("text,label\n" + MAINLAND).encode(encoding))
    assert load(path).columns["label"] == ["物流", "退款"]


# binary tables -----------------------------------------------------------------------------------


def test_the_first_sheet_with_rows_is_read_and_the_choice_is_said():
    rows = load(FILES / "messages.xlsx", settings={"id_column": "编号", "time_column": "日期"})
    assert rows.columns["label"] == SIMPLIFIED + TRADITIONAL
    assert rows.columns["id"][:2] == ["1", "2"]
    assert rows.columns["time"][0] == "2024-05-01T08:30:00"
    assert rows.locations[0].endswith("messages.xlsx: row 2")
    assert "sheet '数据' was read, not '说明'" in notes(rows)


ASKED = [[f"第{n}个问题怎么办", "物流" if n % 2 else "退款"] for n in range(240)]


def test_a_cover_sheet_is_passed_over_and_it_is_said(tmp_path):
    cover = [["客服对话导出", ""], ["制作人", "王小明"], ["日期", "2024-05-01"]]
    sheets = {"封面": cover, "对话": [["内容", "标签"], *ASKED]}
    path = write_workbook(tmp_path / "export.xlsx", sheets)
    loaded = load(path)
    assert len(loaded) == 240
    assert "sheet '对话' was read, not '封面'" in notes(loaded)
    alone = write_workbook(
        tmp_path / "small.xlsx",
        {"one": [["内容", "标签"], *ASKED[:30]], "two": [["x", "y"], *ASKED[:60]]},
    )
    assert len(load(alone)) == 30


def test_a_title_above_the_header_is_left_out_and_said(tmp_path):
    above = [["客服对话导出（2024 年 5 月）", "", ""], ["", "内部资料", ""]]
    rows = [[text, label, "微信"] for text, label in ASKED]
    path = write_workbook(
        tmp_path / "export.xlsx", {"对话": [*above, ["内容", "标签", "渠道"], *rows]}
    )
    loaded = load(path)
    assert (len(loaded), loaded.source.columns) == (240, {"text": "内容", "label": "标签"})
    assert "rows above the header that were left out: 2 ('客服对话导出（2024 年 5 月）')" in notes(
        loaded
    )
    assert loaded.locations[0].endswith("export.xlsx: row 4")


def test_a_first_row_of_one_cell_above_wider_ones_is_said_to_look_like_a_title(tmp_path, snapshot):
    path = table(tmp_path / "data.csv", "Export of May", ["text,label", "hello,a", "bye,b", "hi,a"])
    with pytest.raises(InputError) as caught:
        load(path)
    assert str(caught.value).replace(str(tmp_path), "") == snapshot


def test_a_column_of_objects_that_was_skipped_is_named_where_it_is_missed(tmp_path, snapshot):
    path = tmp_path / "data.parquet"
    texts = [{"zh": "好", "en": "good"}, {"zh": "坏", "en": "bad"}] * 6
    pq.write_table(pa.table({"text": texts, "label": ["a", "b"] * 6}), path)
    with pytest.raises(InputError) as caught:
        load(path)
    assert str(caught.value).replace(str(tmp_path), "") == snapshot


def test_a_sheet_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(
        InputError, match=r"there is no sheet '资料'.*the sheets are '说明', '数据'"
    ):
        load(FILES / "messages.xlsx", settings={"data.sheet": "资料"})


@pytest.mark.parametrize("name", ["class_labels.parquet", "saved_dataset"])
def test_class_numbers_of_datasets_are_read_by_their_names(name):
    rows = load(FILES / name)
    assert rows.columns["label"] == SIMPLIFIED
    assert "label names taken from the file's own list of 3" in notes(rows)
    assert rows.locations[0].endswith(f"{name}: row 1")


def test_a_saved_dataset_gives_its_splits():
    rows = load(FILES / "saved_dataset_dict")
    assert rows.given_split == ["train"] * 6 + ["test"] * 3
    assert rows.columns["label"][6:] == SIMPLIFIED[:3]


def test_a_damaged_saved_dataset_is_named(tmp_path):
    (tmp_path / "state.json").write_text('{"_data_files": [{"filename": "gone.arrow"}]}')
    with pytest.raises(InputError, match="cannot be read as data set of save_to_disk"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["data.parquet", "data.arrow", "data.feather"])
def test_missing_cells_whole_numbers_and_categories_are_texts(tmp_path, name):
    table = pa.table(
        {
            "text": ["退款", "物流", "where"],
            "label": pa.array(["a", "b", "a"]).dictionary_encode(),
            "stars": [1.0, 2.0, None],
            "vector": [[0.1], [0.2], [0.3]],
        }
    )
    path = tmp_path / name
    if name == "data.parquet":
        pq.write_table(table, path)
    else:
        pyarrow.feather.write_feather(table, path)
    rows = load(path, settings={"id_column": "stars"})
    assert rows.columns["label"] == ["a", "b", "a"]
    assert rows.columns["id"] == ["1", "2", ""]
    assert "neither text nor numbers were skipped: vector" in notes(rows)


def test_numbered_parts_of_one_split_are_read_in_order(tmp_path):
    for number, texts in enumerate((["一", "二"], ["三", "四"])):
        table = pa.table({"text": texts, "label": ["a", "b"]})
        pq.write_table(table, tmp_path / f"train-0000{number}-of-00002.parquet")
    pq.write_table(table, tmp_path / "test-00000-of-00001.parquet")
    rows = load(tmp_path)
    assert rows.columns["text"][:4] == ["一", "二", "三", "四"]
    assert rows.given_split == ["train"] * 4 + ["test"] * 2


def test_a_folder_per_split_is_read(tmp_path):
    for split in ("train", "test"):
        folder = tmp_path / "data" / split
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"text": ["a", "b"], "label": ["x", "y"]}), folder / "0000.parquet")
    rows = load(tmp_path)
    assert rows.given_split == ["train"] * 2 + ["test"] * 2
    assert rows.locations[2] == "test/0000.parquet: row 1"


def test_a_packed_text_file_is_read(tmp_path):
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress("text,label\n退款,a\n物流,b\n".encode()))
    rows = load(path)
    assert rows.columns["text"] == ["退款", "物流"]
    assert rows.source.files[0].format == "csv"


# lines -------------------------------------------------------------------------------------------


def test_fasttext_lines_are_read(tmp_path):
    path = tmp_path / "data.txt"
    path.write_text("__label__退款 我要 退款\n__label__物流 包裹 到 了\n", encoding="utf-8")
    rows = load(path)
    assert rows.columns == {"text": ["我要 退款", "包裹 到 了"], "label": ["退款", "物流"]}
    assert "fastText's format" in notes(rows)


def test_a_fasttext_line_without_a_label_is_named(tmp_path):
    path = tmp_path / "data.txt"
    path.write_text("__label__a one\ntwo\n__label__b three\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"data\.txt:2: this line does not begin with __label__"):
        load(path)


def test_question_types_before_the_first_space_are_labels(tmp_path):
    path = tmp_path / "data.txt"
    kinds = ["DESC:manner How did it go ?", "HUM:ind Who was Galileo ?", "NUM:dist How far ?"]
    path.write_text("\n".join(kinds * 5), encoding="latin-1")
    rows = load(path)
    assert set(rows.columns["label"]) == {"DESC:manner", "HUM:ind", "NUM:dist"}
    assert "each line begins with its label" in notes(rows)


def test_english_sentences_to_predict_are_not_cut_at_their_first_word(tmp_path):
    from luthier.settings import DataSettings
    from luthier.stages.load import load as load_rows
    from luthier.tasks import get_task

    path = tmp_path / "new.txt"
    texts = ["What is it ?", "Who was that ?", "What now ?", "Who are you ?"] * 5
    path.write_text("\n".join(texts), encoding="utf-8")
    task = get_task("text_classification")
    rows = load_rows(path, task, DataSettings(), targets_required=False)
    assert rows.columns["text"] == texts


@pytest.mark.parametrize("delimiter", ["||", "::", "\x01", "^", "@@@"])
def test_unusual_delimiters_are_found_and_said(tmp_path, delimiter):
    path = tmp_path / "data.csv"
    rows = [f"第{n}条，退款{delimiter}{'ab'[n % 2]}" for n in range(12)]
    path.write_text("\n".join([f"text{delimiter}label", *rows]), encoding="utf-8")
    assert load(path).columns["label"] == ["a", "b"] * 6
    assert "columns are separated by" in notes(load(path))


def test_a_delimiter_of_several_characters_can_be_given(tmp_path):
    path = tmp_path / "data.txt"
    lines_ = [f"第{n}条退款 ### {'ab'[n % 2]}" for n in range(6)]
    path.write_text("\n".join(lines_), encoding="utf-8")
    rows = load(path, settings={"data.delimiter": " ### "})
    assert rows.columns["label"] == ["a", "b"] * 3


def test_a_table_without_header_of_three_columns_is_understood_when_one_repeats(tmp_path):
    path = tmp_path / "data.tsv"
    rows = [f"{n}\t这是第{n}条很长的评论内容\t{'好坏'[n % 2]}" for n in range(20)]
    path.write_text("\n".join(rows), encoding="utf-8")
    loaded = load(path)
    assert dict(loaded.source.columns) == {"text": "column 2", "label": "column 3"}


# exports of annotation tools ---------------------------------------------------------------------


def studio_task(number: int, text: str, *answers: tuple[int, str]) -> dict[str, object]:
    """A task as Label Studio 1.x exports it in the format JSON."""
    annotations = [
        {
            "id": 10 * number + who,
            "completed_by": who,
            "was_cancelled": choice == "skip",
            "created_at": "2024-05-01T08:30:00.000000Z",
            "result": [
                {
                    "value": {"choices": [choice]},
                    "id": "x",
                    "from_name": "sentiment",
                    "to_name": "text",
                    "type": "choices",
                }
            ],
        }
        for who, choice in answers
    ]
    return {"id": number, "data": {"text": text}, "annotations": annotations, "predictions": []}


def test_label_studio_gives_one_row_per_annotation(tmp_path):
    path = tmp_path / "project-1.json"
    tasks = [
        studio_task(1, "很好", (1, "正面"), (2, "正面")),
        studio_task(2, "很差", (1, "负面"), (2, "skip")),
    ]
    path.write_text(json.dumps(tasks, ensure_ascii=False), encoding="utf-8")
    rows = load(path, settings={"id_column": "id", "time_column": "created_at"})
    assert rows.columns["text"] == ["很好", "很好", "很差"]
    assert rows.columns["label"] == ["正面", "正面", "负面"]
    assert rows.columns["annotator"] == ["1", "2", "1"]
    assert rows.columns["id"] == ["1", "1", "2"]
    assert rows.columns["time"][0] == "2024-05-01T08:30:00"
    assert "an export of Label Studio" in notes(rows)
    assert "1 annotations that the annotator skipped were left out" in notes(rows)


def test_label_studios_short_format_is_read(tmp_path):
    path = tmp_path / "min.json"
    rows = [
        {"text": "很好", "id": 1, "sentiment": "正面", "annotator": 1, "lead_time": 2.5},
        {"text": "很差", "id": 2, "sentiment": {"choices": ["负面"]}, "annotator": 2},
    ]
    path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    loaded = load(path)
    assert loaded.columns["label"] == ["正面", "负面"]
    assert loaded.columns["annotator"] == ["1", "2"]


def test_doccano_lines_with_lists_of_one_label_are_single_labels(tmp_path):
    rows = [
        {"id": 1, "text": "很好", "label": ["正面"]},
        {"id": 2, "text": "很差", "label": ["负面"]},
    ]
    loaded = load(lines(tmp_path / "all.jsonl", rows))
    assert loaded.columns["label"] == ["正面", "负面"]
    assert "lists of one label, which were taken as the label" in notes(loaded)


def test_doccanos_older_annotations_give_one_row_per_annotator(tmp_path):
    rows = [
        {
            "id": 1,
            "text": "很好",
            "annotations": [{"label": 7, "user": 1}, {"label": 8, "user": 2}],
        },
        {"id": 2, "text": "很差", "annotations": [{"label": 8, "user": 1}]},
    ]
    loaded = load(lines(tmp_path / "export.jsonl", rows), settings={"id_column": "id"})
    assert loaded.columns["label"] == ["7", "8", "8"]
    assert loaded.columns["annotator"] == ["1", "2", "1"]
    assert loaded.columns["id"] == ["1", "1", "2"]


def test_rows_under_one_name_of_one_object_are_read(tmp_path):
    path = tmp_path / "data.json"
    rows = [{"text": "好", "label": "a"}, {"text": "坏", "label": "b"}]
    path.write_text(json.dumps({"version": "1", "data": rows}, indent=1), encoding="utf-8")
    loaded = load(path)
    assert loaded.columns["label"] == ["a", "b"]
    assert "the rows stand under 'data'" in notes(loaded)


# names of labels ---------------------------------------------------------------------------------


@pytest.fixture
def numbered(tmp_path) -> Path:
    path = tmp_path / "train.tsv"
    path.write_text("体育新闻\t0\n财经新闻\t1\n又一条体育\t0\n又一条财经\t1\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("class.txt", "体育\n财经\n"),
        ("labels.json", '["体育", "财经"]'),
        ("labels.json", '{"0": "体育", "1": "财经"}'),
        ("labels.json", '{"体育": 0, "财经": 1}'),
        ("labels.json", '{"label": 0, "label_des": "体育"}\n{"label": 1, "label_des": "财经"}'),
        ("labels.txt", "0\t体育\n1\t财经\n"),
    ],
)
def test_names_beside_numbered_labels_are_found_and_said(numbered, tmp_path, name, content):
    (tmp_path / name).write_text(content, encoding="utf-8")
    rows = load(tmp_path)
    assert rows.columns["label"] == ["体育", "财经", "体育", "财经"]
    assert f"label names taken from {name}" in notes(rows)


def test_label_names_can_be_given_as_a_file_or_as_a_list(numbered, tmp_path):
    (tmp_path / "names.txt").write_text("体育\n财经\n", encoding="utf-8")
    for given in (str(tmp_path / "names.txt"), "体育, 财经"):
        rows = load(numbered, settings={"label_names": given})
        assert rows.columns["label"] == ["体育", "财经", "体育", "财经"]


def test_names_for_numbers_from_one_on_are_understood(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("text,label\na,1\nb,2\nc,1\n", encoding="utf-8")
    rows = load(path, settings={"label_names": "体育,财经"})
    assert rows.columns["label"] == ["体育", "财经", "体育"]
    assert "number 1 first" in notes(rows)


@pytest.mark.parametrize("given", ["体育,财经,体育", "只有一个", "体育,财经"])
def test_names_that_do_not_fit_are_refused(tmp_path, given):
    path = tmp_path / "data.csv"
    path.write_text("text,label\na,0\nb,1\nc,7\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"do not fit the labels|there is no such file"):
        load(path, settings={"label_names": given})


# columns that any task may have ------------------------------------------------------------------


def test_group_annotator_and_time_are_read_where_they_are_named(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(
        "text,label,customer,who,written\na,x,7,li,2024/5/1\nb,y,8,wang,2024年5月2日\n",
        encoding="utf-8",
    )
    names = {"group_column": "customer", "annotator_column": "who", "time_column": "written"}
    rows = load(path, settings=names)
    assert rows.columns["group"] == ["7", "8"]
    assert rows.columns["annotator"] == ["li", "wang"]
    assert rows.columns["time"] == ["2024-05-01T00:00:00", "2024-05-02T00:00:00"]


def test_a_column_that_looks_like_groups_is_pointed_out_but_not_used(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("text,label,user_id\na,x,7\nb,y,8\n", encoding="utf-8")
    rows = load(path)
    assert "group" not in rows.columns
    assert "--group-column user_id" in notes(rows)


def test_a_time_with_two_meanings_is_refused_with_its_line(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("text,label,t\na,x,2024-05-01\nb,y,01/02/2024\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"data\.csv:3: t: '01/02/2024' is no time"):
        load(path, settings={"time_column": "t"})


def test_two_columns_of_sentences_are_a_pair_and_it_is_said(tmp_path):
    path = tmp_path / "data.tsv"
    path.write_text("sentence1\tsentence2\tlabel\n退款\t退钱\t1\n退款\t物流\t0\n", encoding="utf-8")
    rows = load(path)
    assert rows.columns["text"] == ["退款\n退钱", "退款\n物流"]  # both, for whoever compares rows
    assert rows.columns["text_pair"] == ["退钱", "物流"]
    assert texts_apart(rows) == (["退款", "退款"], ["退钱", "物流"])
    assert "read as pairs of 'sentence1' and 'sentence2'" in notes(rows)


def test_an_empty_second_text_is_named(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("text,label,other\na,x,b\nb,y,\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"data\.csv:3: other: the second text is empty"):
        load(path, settings={"text_pair_column": "other"})


# several sets, patterns, names on the hub --------------------------------------------------------


def test_one_of_several_sets_in_a_folder_is_named_by_a_pattern(tmp_path):
    for name in ("trec_train", "trec_test", "sst2_train", "sst2_test"):
        (tmp_path / f"{name}.csv").write_text(f"text,label\n{name},a\nb,b\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load(tmp_path)
    assert f"'{tmp_path}/sst2*' or '{tmp_path}/trec*'" in caught.value.next_step
    rows = load(tmp_path / "trec*")
    assert rows.columns["text"][0] == "trec_train"
    assert rows.given_split == ["train"] * 2 + ["test"] * 2


def test_a_pattern_that_fits_nothing_is_refused(tmp_path):
    with pytest.raises(InputError, match="no file has a name of this pattern"):
        load(tmp_path / "x*.csv")


def test_a_hub_name_without_network_is_refused_in_plain_words(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError) as caught:
        load("nobody/no-such-data")
    assert "huggingface.co cannot be reached, and the data set is not in the cache" in str(
        caught.value
    )


def test_a_hub_data_set_is_read_from_its_parquet_copy(monkeypatch, tmp_path):
    """The network's edge is the only thing that is not real here."""
    import huggingface_hub

    asked = {}

    def snapshot_download(repository, **options):
        asked.update(options, repository=repository)
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    for split in ("train", "test"):
        folder = tmp_path / "default" / split
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"text": ["a", "b"], "label": ["x", "y"]}), folder / "0000.parquet")
    rows = load("owner/name")
    assert asked["repository"] == "owner/name"
    assert asked["repo_type"] == "dataset"
    assert rows.given_split == ["train"] * 2 + ["test"] * 2
    assert "data set owner/name of huggingface.co" in notes(rows)


# what is learned ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "column", "first"),
    [
        (["退款", "物流", "退款"] * 4, "label", "退款"),
        (["1", "2", "1"] * 4, "label", "1"),
        (["退款|物流", "物流", "退款"] * 4, "labels", ("退款", "物流")),
        (["0.5", "1.25", "3"] * 4, "number", 0.5),
    ],
)
def test_the_task_follows_from_what_the_answers_are(tmp_path, answers, column, first):
    path = tmp_path / "data.csv"
    rows = [f"第{n}条消息,{answer}" for n, answer in enumerate(answers)]
    path.write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    loaded = load(path)
    assert loaded.columns[column][0] == first
    if column != "label":
        assert "--task text_classification" in notes(loaded)
        again = load(path, settings={"task": "text_classification"})
        assert again.columns["label"][0] == answers[0]


def test_whole_numbers_that_pandas_wrote_with_a_point_are_labels(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("text,label\na,1.0\nb,0.0\nc,1.0\n", encoding="utf-8")
    loaded = load(path, settings={"label_names": "退款,物流"})
    assert loaded.columns["label"] == ["物流", "退款", "物流"]
    assert "whole numbers written as 1.0: taken as labels" in notes(loaded)


def test_answers_that_the_named_task_cannot_learn_are_refused_with_their_lines(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("text,label\na,3.5\nb,viel\nc,1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"data\.csv:3: label: 'viel' is not a finite number"):
        load(path, settings={"task": "text_regression"})


def test_several_labels_get_their_names_and_none_is_a_row_of_its_own(tmp_path):
    rows = [{"text": "a", "label": ["0", "1"]}, {"text": "b", "label": []}]
    rows.append({"text": "c", "label": ["1"]})
    loaded = load(lines(tmp_path / "data.jsonl", rows), settings={"label_names": "退款,物流"})
    assert loaded.columns["labels"] == [("退款", "物流"), (), ("物流",)]


# answers in other shapes --------------------------------------------------------------------------


def table(path: Path, head: str, rows: list[str]) -> Path:
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def test_a_cell_without_a_number_is_named_with_its_line_and_both_ways_out(tmp_path, snapshot):
    rows = [f"第{n}条,{n / 7:.2f}" for n in range(40)]
    rows[7] = "第7条,n/a"
    with pytest.raises(InputError) as caught:
        load(table(tmp_path / "data.csv", "text,score", rows))
    assert str(caught.value).replace(str(tmp_path), "") == snapshot


def test_numbers_with_a_decimal_comma_are_read_and_it_is_said(tmp_path):
    rows = [f"第{n}条;{n / 8:.2f}".replace(".", ",") for n in range(40)]
    loaded = load(table(tmp_path / "data.csv", "text;score", rows))
    assert loaded.columns["number"][:3] == [0.0, 0.12, 0.25]
    assert "numbers with a decimal comma" in notes(loaded)


def test_columns_of_0_and_1_are_labels_and_it_is_said(tmp_path):
    rows = [f"{n},第{n}条,{n % 2},{int(n % 3 == 0)},0" for n in range(12)]
    loaded = load(table(tmp_path / "data.csv", "id,text,退款,物流,其他", rows))
    assert loaded.columns["labels"][:4] == [("物流",), ("退款",), (), ("退款", "物流")]
    assert "3 columns of 0 and 1 were taken as labels" in notes(loaded)


def test_columns_with_one_1_in_each_row_are_one_label(tmp_path):
    rows = [f"第{n}条,{n % 2},{1 - n % 2}" for n in range(12)]
    loaded = load(table(tmp_path / "data.csv", "text,退款,物流", rows))
    assert loaded.columns["label"][:3] == ["物流", "退款", "物流"]
    assert "lists of one label" in notes(loaded)


def wide(tmp_path, header, more=""):
    rows = [f"{n},第{n}条评论,{n % 2},{1 - n % 2}{more}" for n in range(12)]
    return table(tmp_path / "data.csv", header, rows)


def test_columns_of_0_and_1_beside_as_many_others_are_not_guessed_to_be_labels(tmp_path):
    path = wide(tmp_path, "id,text,退款,物流,渠道,城市", ",APP,北京")
    with pytest.raises(InputError, match="no column for the label among"):
        load(path)


@pytest.mark.parametrize("text", ["comment_text", "reviewText", "full_text", "用户评论"])
def test_columns_of_0_and_1_are_labels_beside_a_text_known_by_a_word_and_one_other(tmp_path, text):
    loaded = load(wide(tmp_path, f"id,{text},退款,物流,lang", ",zh"))
    assert loaded.source.columns["text"] == text
    assert "2 columns of 0 and 1 were taken as labels, those with a 1 apply: 退款, 物流" in notes(
        loaded
    )
    assert set(loaded.columns["label"]) == {"退款", "物流"}  # one 1 in every row


def test_a_column_of_words_that_is_called_like_a_label_comes_before_columns_of_0_and_1(tmp_path):
    rows = [f"第{n}条,{n % 2},{1 - n % 2},{'ab'[n % 2]}" for n in range(12)]
    loaded = load(table(tmp_path / "data.csv", "text,退款,物流,user_topic", rows))
    assert loaded.source.columns["label"] == "user_topic"


def test_several_columns_of_0_and_1_are_named_with_commas(tmp_path):
    path = wide(tmp_path, "id,text,退款,物流,渠道,城市", ",APP,北京")
    loaded = load(path, settings={"data.label_column": "退款，物流"})
    assert loaded.columns["label"][:2] == ["物流", "退款"]
    with pytest.raises(InputError) as caught:
        load(path, settings={"data.label_column": "退款,渠道,快递"})
    assert "there is no column '快递'" in str(caught.value)
    assert "column '渠道' is listed as one of several, and holds more than 0 and 1" in str(
        caught.value
    )


def test_labels_in_objects_are_read(tmp_path):
    named = [
        {"text": f"第{n}条", "label": {"id": n % 2, "name": "退款物流"[n % 2 :]}} for n in range(4)
    ]
    loaded = load(lines(tmp_path / "named.jsonl", named))
    assert loaded.columns["label"][:2] == ["退款物流", "款物流"]
    assert "its 'name' was taken as the label" in notes(loaded)
    flags = [{"text": f"第{n}条", "cats": {"退款": n % 2, "物流": n % 3 == 0}} for n in range(6)]
    settings = {"data.label_column": "cats"}
    loaded = load(lines(tmp_path / "flags.jsonl", flags), settings=settings)
    assert loaded.columns["labels"][:4] == [("物流",), ("退款",), (), ("退款", "物流")]
    assert "holds an object per row whose 2 keys are the labels" in notes(loaded)


def test_the_one_column_that_is_left_is_offered_by_its_name(tmp_path):
    path = table(tmp_path / "data.csv", "text,渠道", ["第一条,a", "第二条,b"])
    with pytest.raises(InputError, match=r"say which: --data\.label_column 渠道"):
        load(path)


def test_of_a_table_without_header_the_columns_are_shown_with_what_stands_in_them(
    tmp_path, snapshot
):
    rows = [f"第{n}条消息,{'ab'[n % 2]},{'xyz'[n % 3]}" for n in range(12)]
    path = tmp_path / "data.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load(path)
    assert str(caught.value).replace(str(tmp_path), "") == snapshot


def test_labels_that_differ_only_in_case_width_or_spaces_are_pointed_out(tmp_path):
    written = ["refund", "Refund", "Ｒefund", "物流", "物 流", "会员"]
    rows = [f"第{n}条,{written[n % 6]}" for n in range(24)]
    loaded = load(table(tmp_path / "data.csv", "text,label", rows))
    assert len(set(loaded.columns["label"])) == 6  # kept apart: the file decides
    said = notes(loaded)
    assert "'refund' (4) and 'Refund' (4) and 'Ｒefund' (4); '物流' (4) and '物 流' (4)" in said


def test_labels_in_both_scripts_and_with_unseen_characters_are_pointed_out(tmp_path):
    written = ["退货", "退貨", "物流", "物流\u200b"]
    rows = [f"第{n}条,{written[n % 4]}" for n in range(24)]
    said = notes(load(table(tmp_path / "data.csv", "text,label", rows)))
    assert "'退货' (6) and '退貨' (6); '物流' (6) and '物流\\u200b' (6)" in said


def test_labels_that_differ_in_more_are_not_pointed_out(tmp_path):
    rows = [f"第{n}条,{['refund', 'refunds', '退款', '退貨'][n % 4]}" for n in range(24)]
    assert "kept apart" not in notes(load(table(tmp_path / "data.csv", "text,label", rows)))


def test_alike_labels_are_pointed_out_where_rows_have_several(tmp_path):
    rows: list[object] = [{"text": f"第{n}条", "label": ["退款", "Refund"]} for n in range(4)]
    rows.append({"text": "x", "label": ["refund"]})
    said = notes(load(lines(tmp_path / "data.jsonl", rows)))
    assert "'Refund' (4) and 'refund' (1)" in said
