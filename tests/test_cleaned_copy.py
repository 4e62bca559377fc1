"""The relabel queue and the cleaned copy: what is proposed, what is done, and what never is."""

from __future__ import annotations

import csv
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import luthier
from luthier.cli.main import main
from luthier.errors import InputError, MachineError
from luthier.evidence.out_of_fold import out_of_fold
from luthier.faults import example_evidence as example
from luthier.journeys.auditing import fix, save_relabel_queue
from luthier.journeys.label_check import write_cleaned_copy
from luthier.kit.cleaned_copy import plan_changes
from luthier.kit.copy_forms import COPY_ENDINGS, copy_text
from luthier.kit.junk import junk_of
from luthier.kit.own_copies import ADDED, texts_restored
from luthier.kit.relabel_queue import COLUMNS, queue_as_csv, relabel_queue
from luthier.kit.spreadsheet_cells import FORMULA
from luthier.kit.table import with_header
from luthier.kit.tables import read_table
from luthier.records import RelabelRow
from luthier.run_folder import write_text
from test_label_noise import messages


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "empty"),
        ("\u200b \t", "empty"),
        ("<p><br/></p><div class='x'></div>ok", "html"),
        ("&lt;br&gt;&nbsp;&lt;/p&gt;ok", "html"),
        ("<p></p><style>p.row { color: red }</style><br><br><div></div><div></div><hr>", "html"),
        ("<p><br/></p><div class='x'></div>哈哈哈哈哈哈哈哈哈哈哈哈哈哈", "repeated_characters"),
        ("锟斤拷锟斤拷锟斤拷", "broken_characters"),
        ("é€€æ¬¾å¤šä¹…".encode("cp1252", "ignore").decode("latin-1"), "broken_characters"),
        ("哈哈哈哈哈哈哈哈哈哈哈哈哈哈", "repeated_characters"),
        ("abababababababab", "repeated_characters"),
        ("？？？……", "no_letters"),
    ],
)
def test_what_holds_nothing_is_junk(text, kind):
    assert junk_of(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "退",
        "好",
        "ok",
        "12",
        "😡😡",
        "哈哈哈",
        "100000000000",
        "請問<b>發票</b>怎麼開",
        "&lt;br&gt;味道不错&amp;便宜",
        "&amp;lt;p&amp;gt;物流太慢&amp;lt;/p&amp;gt;",
        '<div class="review"><p>味道不错</p></div>',
        '<div class="review"><p>great food</p></div>',
        "naïve café",
    ],
)
def test_short_and_odd_texts_are_no_junk(text):
    if text == "100000000000":
        assert junk_of(text) == "repeated_characters"
    else:
        assert junk_of(text) is None


def deeds(rows, opinions=None):
    changes, notes = plan_changes(rows, opinions)
    return [(change.deed, change.answer) for change in changes], notes


def test_repeats_are_left_out_and_the_first_stays():
    rows = example.rows(["退款", "退款！", "发票"], ["a", "a", "b"])
    assert deeds(rows)[0] == [("kept", "a"), ("left out", "a"), ("kept", "b")]


def test_a_majority_settles_contradicting_labels_and_a_tie_does_not():
    rows = example.rows(["退款", "退款！", "退款。", "发票", "发票!"], ["a", "b", "b", "a", "b"])
    done, _ = deeds(rows)
    assert done[:3] == [("relabelled", "b"), ("left out", "b"), ("left out", "b")]
    assert [deed for deed, _ in done[3:]] == ["left out", "left out"]


def test_every_change_has_a_reason():
    rows = example.rows(["退款", "退款！", "？？？", "发票"], ["a", "b", "a", "b"])
    changes, _ = plan_changes(rows, None)
    assert all(bool(change.reason) == (change.deed != "kept") for change in changes)


@pytest.fixture(scope="module")
def noisy():
    texts, labels, wrong, names = messages(800, 0.1)
    rows = example.rows(texts, [names[i] for i in labels])
    opinions = out_of_fold(rows.ids, texts, labels, names)
    return rows, opinions, wrong


def test_only_surely_wrong_labels_are_changed_and_it_is_said_what_that_means(noisy):
    rows, opinions, wrong = noisy
    done, notes = deeds(rows, opinions)
    changed = [i for i, (deed, _) in enumerate(done) if deed == "relabelled"]
    assert changed
    assert wrong[changed].mean() > 0.95
    assert any("judge models on rows that a person labelled" in note.message for note in notes)


def test_rows_that_judge_keep_their_labels(noisy):
    rows, opinions, _ = noisy
    given = ["test" if i % 2 else "train" for i in range(len(rows))]
    done, notes = deeds(replace(rows, given_split=given), opinions)
    assert not [i for i, (deed, _) in enumerate(done) if deed == "relabelled" and i % 2]
    assert [deed for deed, _ in done].count("relabelled") > 0
    assert any("validation and test rows are left as they are" in note.message for note in notes)


def test_the_queue_names_row_place_labels_and_reason(noisy):
    rows, opinions, wrong = noisy
    queue = relabel_queue(rows, opinions, {int(i): "train" for i in rows.ids})
    first = queue[0]
    assert wrong[first.row_id]
    assert first.label != first.proposed
    assert first.location == rows.locations[first.row_id]
    assert first.split == "train"
    assert "did not learn from this row" in first.reason
    assert [row.score for row in queue] == sorted((row.score for row in queue), reverse=True)


def test_a_cell_that_a_spreadsheet_would_run_is_harmless():
    row = RelabelRow(1, "a.csv:2", "", "=HYPERLINK(1)", "a", "b", 0.9, "why, indeed")
    line = list(csv.reader(queue_as_csv([row]).splitlines()))
    assert line[0] == list(COLUMNS)
    assert line[1][3] == "'=HYPERLINK(1)"


# the command --------------------------------------------------------------------------------------


@pytest.fixture
def shop(tmp_path, noisy):
    rows = noisy[0]
    path = tmp_path / "shop.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label"])
        pairs = zip(rows.columns["text"], rows.columns["label"], strict=True)
        writer.writerows([*list(pairs)[:300], ("?!?!", "退款")])
    return path


def test_the_command_writes_a_copy_a_queue_and_leaves_the_file_alone(shop, tmp_path, capsys):
    before = shop.read_bytes()
    out, queue = tmp_path / "clean.csv", tmp_path / "queue.csv"
    main(["audit", str(shop), "--fix", str(out), "--relabel", str(queue)])
    assert shop.read_bytes() == before
    with out.open(encoding="utf-8", newline="") as stream:
        copy = list(csv.DictReader(stream))
    with (tmp_path / "clean.left_out.csv").open(encoding="utf-8", newline="") as stream:
        left = list(csv.DictReader(stream))
    assert len(copy) + len(left) == 301
    assert [row["text"] for row in left] == ["?!?!"]
    assert {row["luthier_did"] for row in copy} <= {"kept", "relabelled"}
    assert all(row["luthier_source"].endswith(tuple("0123456789")) for row in copy)
    with queue.open(encoding="utf-8", newline="") as stream:
        assert next(iter(csv.DictReader(stream)))["proposed"]
    assert "kept" in capsys.readouterr().err


def test_the_copy_can_be_loaded_again(shop, tmp_path):
    report = luthier.audit(shop)
    fix(report, tmp_path / "clean.csv")
    again = luthier.load(tmp_path / "clean.csv")
    assert set(again.columns["label"]) == set(report.rows.columns["label"])


STRANGE = [
    *(
        f"{quotes}{sign}{rest}"
        for quotes in ("", "'", "''", "'" * 3)
        for sign in ("", *FORMULA)
        for rest in ("SUM(A1)", '是 退款,"吗"', "'", "a\r\nb\tc\rd")
    ),
    *("a=1", "'引用'", "it's", "''", "，，好", " =1", "\u3000-2", "\ufeff=1", "A\u2028=1"),
    *('"', '"好" 的', 'a"b', "\t" * 6 + "\n", "a\t\t\t\t\t\nb", "C:\\temp\\new", "{"),
]
HARMLESS = [
    "退款什麼時候到",
    "a, b; c | d",
    "C:\\temp\\new",
    "'引用'",
    "=1",
    "A\u2028B",
    "{",
]
"""Without what ends a cell: a table of these needs no quotes."""


def cells_of(path: Path) -> list[dict[str, str]]:
    """What another program reads in a copy."""
    with path.open(encoding="utf-8", newline="") as stream:
        if path.suffix == ".jsonl":
            return [json.loads(line) for line in stream.read().split("\n") if line]
        plain = path.suffix == ".tsv" and stream.read(1) != '"'
        stream.seek(0)
        quoting = csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL
        tab_or_comma = "\t" if path.suffix == ".tsv" else ","
        return list(csv.DictReader(stream, delimiter=tab_or_comma, quoting=quoting))


@pytest.mark.parametrize("ending", COPY_ENDINGS)
@pytest.mark.parametrize("texts", [STRANGE, HARMLESS], ids=["strange", "harmless"])
def test_the_copy_gives_every_text_back_as_it_was(tmp_path, ending, texts):
    path, out = tmp_path / "strange.jsonl", tmp_path / f"clean{ending}"
    texts = [f"{text} 第{i}条" for i, text in enumerate(texts)]  # none repeats another
    rows = [{"text": text, "label": "ab"[i % 2]} for i, text in enumerate(texts)]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    first = luthier.load(path)
    texts_at = dict(zip(first.locations, first.columns["text"], strict=True))
    for _ in range(2):  # the copy of a copy, too
        fixed = write_cleaned_copy(luthier.load(path), None, out)
        want = [texts_at[row["luthier_source"]] for row in cells_of(out)]
        again = luthier.load(out)
        assert list(again.columns["text"]) == want
        assert again.source.files[0].format == ending[1:]
        path, texts_at = out, dict(zip(again.locations, want, strict=True))
        out = tmp_path / f"copy_of_the_copy{ending}"
        assert fixed.deeds == {"kept": len(texts)}


@given(
    texts=st.lists(
        st.text(st.one_of(st.sampled_from("\"'\t\r\n,=\u2028 a退"), st.characters(codec="utf-8"))),
        min_size=1,
        max_size=6,
    ),
    ending=st.sampled_from(COPY_ENDINGS),
)
@settings(max_examples=150, deadline=None)
def test_any_text_at_all_comes_back_from_a_copy(texts, ending):
    cells = [text.replace("\0", "") for text in texts]  # a text table cannot hold NUL
    rows = [[text, "a", "kept", "a", "", f"x.csv:{n}"] for n, text in enumerate(cells, start=2)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"clean{ending}"
        write_text(path, copy_text(["text", "label", *ADDED], rows, ending, ["text"]))
        table = read_table(path)
        table = table if table.headed else with_header(table)
        assert texts_restored(table, {"text": "text"})[0].columns["text"] == cells


@pytest.mark.parametrize(
    ("ending", "cell"), [(".csv", "'=1+1"), (".tsv", "'=1+1"), (".jsonl", "=1+1")]
)
def test_a_formula_is_harmless_where_a_spreadsheet_opens_the_copy(tmp_path, ending, cell):
    out = tmp_path / f"clean{ending}"
    write_cleaned_copy(example.rows(["=1+1", "退款"], ["a", "b"]), None, out)
    assert [row["text"] for row in cells_of(out)] == [cell, "退款"]


def test_every_form_says_the_same_of_every_row(tmp_path):
    rows = example.rows(["退款", "退款！", "发票\t二", "发票", '"好" 的', "？？？"], list("ababab"))
    said = []
    for ending in COPY_ENDINGS:
        out = tmp_path / f"clean{ending}"
        write_cleaned_copy(rows, None, out)
        said.append([cells_of(out), cells_of(tmp_path / f"clean.left_out{ending}")])
    assert said[0] == said[1] == said[2]
    assert list(said[0][0][0]) == ["text", "label", *ADDED]
    assert said[0][1][-1]["luthier_did"] == "left out"


@pytest.mark.parametrize("ending", COPY_ENDINGS)
def test_a_disk_that_fills_up_leaves_no_half_a_copy(tmp_path, monkeypatch, ending):
    out = tmp_path / f"clean{ending}"
    out.write_text("the copy of yesterday", encoding="utf-8")

    def full(*args, **more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    monkeypatch.setattr("os.replace", full)
    with pytest.raises((OSError, MachineError)):
        write_cleaned_copy(example.rows(["退款", "发票"], ["a", "b"]), None, out)
    assert out.read_text(encoding="utf-8") == "the copy of yesterday"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("columns", [["text", "label"], ["text", "label", "luthier_did"]])
def test_apostrophes_of_other_files_are_never_taken_off(tmp_path, columns):
    path = tmp_path / "own.csv"
    rows = [["'=1+1", "a", "kept"], ["''-2", "b", "kept"]]
    cells = [columns, *(row[: len(columns)] for row in rows)]
    path.write_text("\n".join(map(",".join, cells)), encoding="utf-8")
    assert list(luthier.load(path).columns["text"]) == ["'=1+1", "''-2"]


# where it is written ------------------------------------------------------------------------------


def refused(capsys, *args) -> str:
    """What an audit says that is refused before its work."""
    assert main(["audit", *map(str, args)]) == 2
    told = capsys.readouterr()
    assert not told.out
    assert "fault of Luthier" not in told.err
    return told.err


@pytest.mark.parametrize("flag", ["--fix", "--relabel"])
def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path, capsys, flag):
    missing = tmp_path / "missing.csv"  # this would be the error if the work had begun
    (tmp_path / "file").write_text("x", encoding="utf-8")
    told = refused(capsys, missing, flag, tmp_path / "file" / "x.csv")
    assert "no file can be written in" in told
    assert "choose a folder" in told
    if Path("/proc/self").exists():
        assert "no file can be written in /proc" in refused(capsys, missing, flag, "/proc/x.csv")


@pytest.mark.parametrize("flag", ["--fix", "--relabel"])
def test_a_folder_or_another_ending_is_said_to_be_one(tmp_path, capsys, flag):
    folder = tmp_path / "victim"
    folder.mkdir()
    told = refused(capsys, tmp_path / "missing.csv", flag, folder, "--force")
    assert "is a folder" in told
    assert "--force" not in told
    for name in ("out.xlsx", "out.parquet", "out", "out.csv.gz"):
        told = refused(capsys, tmp_path / "missing.csv", flag, tmp_path / name)
        assert "only, and its name must say so" in told
        assert told.strip().endswith(str(tmp_path / "out.csv"))


@pytest.mark.parametrize(("flag", "name"), [("--fix", "out.xlsx"), ("--relabel", "out.tsv")])
def test_what_can_be_written_is_listed(tmp_path, capsys, snapshot, flag, name):
    told = refused(capsys, tmp_path / "missing.csv", flag, tmp_path / name)
    assert told.replace(str(tmp_path), "") == snapshot


def test_the_rows_left_out_are_not_written_over_anything_either(shop, tmp_path, capsys):
    mine = tmp_path / "clean.left_out.csv"
    mine.write_text("mine", encoding="utf-8")
    assert "clean.left_out.csv" in refused(capsys, shop, "--fix", tmp_path / "clean.csv")
    with pytest.raises(InputError, match="is there already"):
        fix(luthier.audit(shop), tmp_path / "clean.csv")
    told = refused(capsys, mine, "--fix", tmp_path / "clean.csv", "--force")
    assert "the data themselves" in told
    assert mine.read_text(encoding="utf-8") == "mine"


def test_the_copy_and_the_queue_need_two_files(tmp_path, capsys):
    data, copy = tmp_path / "missing.csv", tmp_path / "a.csv"
    for queue in (copy, tmp_path / "a.left_out.csv"):
        told = refused(capsys, data, "--fix", copy, "--relabel", queue)
        assert "give --relabel a file of its own" in told


def test_a_folder_that_is_not_there_yet_is_made(shop, tmp_path):
    out = tmp_path / "new" / "deeper" / "clean.csv"
    main(["audit", str(shop), "--fix", str(out)])
    assert out.exists()


@pytest.mark.parametrize("ending", COPY_ENDINGS)
def test_the_command_writes_the_form_that_the_name_says(shop, tmp_path, ending):
    before = shop.read_bytes()
    assert main(["audit", str(shop), "--fix", str(tmp_path / f"clean{ending.upper()}")]) in (0, 1)
    assert shop.read_bytes() == before
    again = luthier.load(tmp_path / f"clean{ending.upper()}")
    assert again.source.files[0].format == ending[1:]
    assert set(again.columns["text"]) < set(luthier.load(shop).columns["text"])
    assert (tmp_path / f"clean.left_out{ending.upper()}").exists()


@pytest.mark.parametrize("ending", COPY_ENDINGS)
def test_no_form_is_written_over_the_file_itself(shop, tmp_path, capsys, ending):
    own = tmp_path / f"own{ending}"
    own.write_text(shop.read_text(encoding="utf-8"), encoding="utf-8")
    assert "your files are never changed" in refused(capsys, own, "--fix", own, "--force")


def test_nothing_is_written_over_unasked(shop, tmp_path):
    report = luthier.audit(shop)
    taken = tmp_path / "taken.csv"
    taken.write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="is there already"):
        fix(report, taken)
    with pytest.raises(InputError, match="is there already"):
        save_relabel_queue(report, taken)
    with pytest.raises(InputError, match="the data themselves"):
        fix(report, shop, force=True)
    assert taken.read_text(encoding="utf-8") == "mine"
    save_relabel_queue(report, taken, force=True)
    assert np.size(taken.read_text(encoding="utf-8").splitlines()) > 1
