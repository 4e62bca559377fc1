"""The relabel queue and the cleaned copy: what is proposed, what is done, and what never is."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

import luthier
from luthier.cli.main import main
from luthier.errors import InputError
from luthier.evidence.out_of_fold import out_of_fold
from luthier.faults import example_evidence as example
from luthier.journeys.verbs import fix, save_relabel_queue
from luthier.kit.cleaned_copy import plan_changes
from luthier.kit.junk import junk_of
from luthier.kit.relabel_queue import COLUMNS, queue_as_csv, relabel_queue
from luthier.records import RelabelRow
from test_label_noise import messages


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "empty"),
        ("\u200b \t", "empty"),
        ("<p><br/></p><div class='x'></div>ok", "html"),
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
    return [(change.deed, change.label) for change in changes], notes


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
