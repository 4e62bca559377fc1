"""What a Python caller gets wrong is said before anything is done, as one of Luthier's errors."""

from __future__ import annotations

from pathlib import Path

import pytest

import luthier
from luthier.errors import InputError, SettingsError
from shop_csv import shop


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return shop(tmp_path_factory.mktemp("shop"))[0]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"language": "zh"}, "language: is 'zh', which is not known"),
        ({"language": "zh_TW"}, "did you mean 'zh-TW'"),
        ({"until": "eval"}, "until: is 'eval', which is not known"),
        (
            {"settings": ["a"]},
            "the name of a YAML file, and these are of type list",
        ),
        ({"settings": 5}, "of type int"),
    ],
)
def test_a_wrong_word_costs_no_training(data, tmp_path, wrong, said):
    folder = tmp_path / "run"
    with pytest.raises(SettingsError) as error:
        luthier.workup(data, run_dir=folder, **wrong)
    assert said in str(error.value)
    assert not folder.exists()


def test_runs_are_compared_as_a_list_of_folders():
    with pytest.raises(InputError, match="as a list of them, and this is of type str"):
        luthier.compare("runs/one")
    with pytest.raises(InputError, match="named by its folder, and this is of type int"):
        luthier.compare([3, 4])
    with pytest.raises(SettingsError, match="is 'de', which is not known"):
        luthier.compare(["runs/one", "runs/other"], language="de")


@pytest.mark.parametrize("ask", [luthier.diagnose, luthier.report, luthier.evaluate, luthier.Run])
def test_a_run_is_named_by_its_folder(ask):
    with pytest.raises(InputError, match="by its folder, and this is of type NoneType"):
        ask(None)


def test_a_fault_is_explained_by_its_code_too_and_a_part_of_its_name_is_enough_for_a_hint():
    assert luthier.explain("E2") == luthier.explain("label_order") == luthier.explain("e2")
    with pytest.raises(SettingsError, match="did you mean 'overfitting_or_too_few_labels'"):
        luthier.explain("overfitting")
    with pytest.raises(SettingsError, match="there is no fault 3"):
        luthier.explain(3)  # type: ignore[arg-type]
