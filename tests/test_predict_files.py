"""A file to predict: the columns its run knows, settings of the file, rows that hold no text."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

import luthier
from luthier.cli.main import main
from luthier.engines.local import LocalEngine
from luthier.errors import InputError, SettingsError
from luthier.journeys.predict import predict_file
from luthier.models.pretrained import load_tokenizer
from luthier.settings import DataSettings
from luthier.stages import predict as stage
from luthier.stages.load import load
from luthier.tasks.text_classification import TASK
from shop_csv import shop
from tiny_models import tiny_job, tiny_rows


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> luthier.Run:
    """A run whose column of texts has a name that nobody would guess."""
    data, model = shop(tmp_path_factory.mktemp("shop"), 60)
    data.write_text(data.read_text("utf-8").replace("text,label", "客户诉求,label", 1), "utf-8")
    settings = {
        "data.text_column": "客户诉求",
        "model.name_or_path": str(model),
        "train.num_train_epochs": 1,
        "train.threads": 1,
        "evaluate.bootstrap_samples": 100,
        "evaluate.floors": False,
    }
    return luthier.workup(data, run_dir=data.parent / "run", settings=settings, until="train")


def write(folder: Path, text: str) -> Path:
    path = folder / "new.csv"
    path.write_text(text, encoding="utf-8")
    return path


def said(run: luthier.Run, path: Path) -> str:
    return "\n".join(note.message for note in predict_file(run, path).rows.source.notes)


def test_the_columns_that_the_run_learned_from_come_first(run, tmp_path):
    path = write(tmp_path, "渠道,客户诉求,content\nAPP,我要退款,x\n微信,快递呢,y\n")
    answered = predict_file(run, path)
    assert answered.rows.columns["text"] == ["我要退款", "快递呢"]
    assert "new.csv: text is column '客户诉求', as in training" in said(run, path)
    assert len(luthier.predict(run, path)) == 2


def test_the_usual_names_hold_where_the_file_has_another_column(run, tmp_path):
    path = write(tmp_path, "no,text\n1,我要退款\n")
    assert predict_file(run, path).rows.columns["text"] == ["我要退款"]
    assert "as in training" not in said(run, path)


def test_a_pair_is_not_read_by_a_model_of_single_texts(run, tmp_path):
    path = write(tmp_path, "客户诉求,sentence1,sentence2\n我要退款,a,b\n")
    assert "text_pair" not in predict_file(run, path).rows.columns


@pytest.mark.parametrize("flag", ["--text-column", "--data.text_column", "--text_column"])
def test_the_column_is_named_by_a_flag_long_or_short(run, tmp_path, capsys, flag):
    path = write(tmp_path, "no,甲\n1,我要退款\n")
    assert main(["predict", str(run.path), str(path), flag, "甲"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("1,我要退款,")


def test_python_names_the_column_by_settings_and_others_are_refused(run, tmp_path):
    path = write(tmp_path, "甲,乙\n我要退款,你好\n")
    with pytest.raises(InputError, match="no column for the text"):
        luthier.predict(run, path)
    by_name = luthier.predict(run, path, settings={"text_column": "甲"})
    assert by_name.probabilities.tolist() == run.predict(["我要退款"]).probabilities.tolist()
    with pytest.raises(SettingsError, match="changes nothing here"):
        luthier.predict(run, path, settings={"train.num_train_epochs": 3})


def test_a_row_without_text_stays_in_its_place_without_an_answer(run, tmp_path, capsys):
    path = write(tmp_path, 'no,客户诉求\n1,我要退款\n2,\n3," \u200b"\n4,快递呢\n')
    out = tmp_path / "out.csv"
    assert main(["predict", str(run.path), str(path), "-o", str(out)]) == 0
    told = capsys.readouterr().err
    assert "without an answer: 2 (the first at " in told
    assert "new.csv:3)" in told
    assert "2 answers written" in told
    header, *rows = csv.reader(out.read_text("utf-8").splitlines())
    assert [row[0] for row in rows] == ["1", "2", "3", "4"]
    at = header.index("prediction")
    assert [any(row[at:]) for row in rows] == [True, False, False, True]

    assert main(["predict", str(run.path), str(path), "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert [value["prediction"] is None for value in values] == [False, True, True, False]
    assert set(values[1]["probabilities"].values()) == {None}


def test_python_has_an_answer_for_every_row_and_none_where_there_is_no_text(run, tmp_path):
    answers = luthier.predict(run, write(tmp_path, "no,客户诉求\n1,我要退款\n2,\n3,快递呢\n"))
    assert answers.row_ids.tolist() == [0, 1, 2]
    assert (answers.predicted < 0).tolist() == [False, True, False]
    assert np.isnan(answers.probabilities).all(axis=1).tolist() == [False, True, False]
    alone = run.predict(["我要退款", "快递呢"])
    np.testing.assert_allclose(answers.probabilities[[0, 2]], alone.probabilities, atol=1e-6)


def test_empty_rows_are_refused_or_left_out_where_the_settings_say_so(run, tmp_path):
    path = write(tmp_path, "no,客户诉求\n1,我要退款\n2,\n")
    with pytest.raises(InputError, match=r"new\.csv:3: 客户诉求: the text is empty"):
        luthier.predict(run, path, settings={"empty_rows": "error"})
    assert len(luthier.predict(run, path, settings={"empty_rows": "drop"})) == 1


def test_a_column_without_any_text_is_refused(run, tmp_path):
    with pytest.raises(InputError, match="no row has a text in column '客户诉求'"):
        luthier.predict(run, write(tmp_path, "no,客户诉求\n1,\n2,\n"))


def test_a_pair_that_lacks_one_text_is_not_answered(tmp_path):
    path = write(tmp_path, "甲,乙\nx,y\nx,\n,y\n")
    names = {"text": "甲", "text_pair": "乙"}
    rows = load(path, TASK, DataSettings(), targets_required=False, as_in_training=names)
    assert rows.columns["text"] == ["x\ny", "", ""]
    assert any("without an answer: 2 (the first at" in n.message for n in rows.source.notes)
    assert any(
        "read as pairs of '甲' and '乙', as in training" in n.message for n in rows.source.notes
    )


@pytest.mark.parametrize("at_once", [3, 100])
def test_windows_leave_the_same_rows_unanswered(tmp_path, monkeypatch, at_once):
    job = tiny_job(tmp_path)
    torch.manual_seed(0)
    model = job.task.load_model(job.model_source, job.label_names, job.settings).eval()
    rows = tiny_rows(10, seed=3)
    rows.columns["text"][0] = rows.columns["text"][4] = rows.columns["text"][5] = ""
    monkeypatch.setattr(stage, "ROWS_AT_ONCE", at_once)
    asked = (job.task, LocalEngine(), model, load_tokenizer(job.model_source))
    told = stage.predict(*asked, rows, job.label_names, job.settings, "")
    assert np.flatnonzero(~told.answered).tolist() == [0, 4, 5]
    kept = np.flatnonzero(told.answered)
    alone = stage.predict(*asked, rows.take(kept), job.label_names, job.settings, "")
    np.testing.assert_allclose(
        told.predictions.probabilities[kept], alone.predictions.probabilities, atol=1e-6
    )
    assert told.predictions.row_ids.tolist() == rows.ids.tolist()
    assert told.predictions.predicted[[0, 4, 5]].tolist() == [-1, -1, -1]


def test_a_whole_table_in_memory_is_refused_and_its_column_is_answered(run):
    table = pa.table({"text": ["退款到哪了", "我要退货"]})
    with pytest.raises(InputError) as caught:
        luthier.predict(run.path, table)
    assert str(caught.value) == (
        'give the texts, not a whole Table\nnext: predict(frame["text"]), or the name of a file'
    )
    column = np.array(table["text"].to_pylist(), dtype=object)
    assert len(luthier.predict(run.path, column)) == 2
