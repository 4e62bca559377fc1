"""A run goes on where its data were moved along with it, and says which file it reads."""

import shutil

import pytest

import luthier
from luthier.errors import InputError, RunFolderError
from luthier.records import StageSaid
from shop_csv import shop


@pytest.fixture
def run(tmp_path):
    first = tmp_path / "server"
    first.mkdir()
    data, model = shop(first, 60)
    settings = {
        "model.name_or_path": str(model),
        "model.strategy": "frozen",
        "train.num_train_epochs": 1,
        "train.threads": 1,
        "train.time_budget": "none",
        "evaluate.bootstrap_samples": 100,
        "evaluate.floors": False,
    }
    return luthier.workup(data, run_dir=first / "runs" / "one", settings=settings)


def test_data_beside_the_folder_of_runs_are_found_again(run, tmp_path, monkeypatch):
    laptop = tmp_path / "laptop"
    shutil.move(run.path.parents[1], laptop)
    monkeypatch.chdir(tmp_path)
    heard = []
    page = luthier.report(laptop / "runs" / "one", listen=heard.append)
    assert page == laptop / "runs" / "one" / "report.html"
    said = [note.note.message for note in heard if isinstance(note, StageSaid)]
    gone, found = run.path.parents[1] / "data.csv", laptop / "data.csv"
    assert f"the data are no longer at {gone}; read from {found}" in said


def test_a_namesake_with_other_rows_is_refused(run, tmp_path, monkeypatch):
    (run.path.parents[1] / "data.csv").unlink()
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "data.csv").write_text("text,label\n甲,a\n乙,b\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(RunFolderError, match="the data have changed since this run began"):
        luthier.report(run.path)


def test_data_that_are_nowhere_are_asked_for(run, tmp_path, monkeypatch):
    data = run.path.parents[1] / "data.csv"
    data.rename(data.with_name("datas.csv"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        luthier.report(run.path)
    assert str(caught.value) == (
        f"{data}: the data of this run are not there\n"
        f"next: put data.csv back, or into this folder ({tmp_path}) or beside the run "
        f"({run.path.parent})"
    )
