"""Labels of a run that Luthier did not make, as numbers in one file and names in another."""

from __future__ import annotations

import pytest

from luthier.cli.main import main


def write(path, rows):
    path.write_text("\n".join(["text,label,prediction", *rows]), encoding="utf-8")
    return str(path)


@pytest.fixture
def files(tmp_path):
    names = ("财经", "体育", "教育")
    named = [f"第{i}句话,{names[i % 3]},{names[i % 3]}" for i in range(60)]
    numbered = [f"另外第{i}句话,{i % 3},{i % 3}" for i in range(60)]
    return write(tmp_path / "val.csv", named), write(tmp_path / "test.csv", numbered)


def test_numbers_here_and_names_there_are_not_matched_by_a_guess(files, capsys):
    validation, test = files
    assert main(["diagnose", "--predictions", test, "--validation", validation]) == 2
    said = capsys.readouterr().err
    assert "test.csv: its labels are numbers, those of other files are names" in said
    assert "--label-names a,b,c" in said


def test_given_label_names_say_which_number_is_which(files, capsys):
    validation, test = files
    given = ["--label-names", "财经,体育,教育"]
    assert main(["diagnose", "--predictions", test, "--validation", validation, *given]) in (0, 1)
    assert "its labels are numbers" not in capsys.readouterr().err
