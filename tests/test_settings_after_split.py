"""A run that is shared out but not trained takes settings; one that is planned takes none."""

import pytest
import yaml

import luthier
from luthier.errors import SettingsError
from shop_csv import shop

QUICK = {
    "model.strategy": "frozen",
    "train.num_train_epochs": 1,
    "train.threads": 1,
    "train.time_budget": "none",
}


@pytest.fixture
def shared_out(tmp_path):
    data, model = shop(tmp_path, 60)
    return luthier.split(
        data, run_dir=tmp_path / "run", settings={"model.name_or_path": str(model)}
    )


def settings_of(run):
    return yaml.safe_load(run.settings_path.read_text(encoding="utf-8"))


def test_training_goes_by_what_was_given_to_split_and_to_train(shared_out):
    before = (shared_out.path / "splits.parquet").read_bytes()
    done = luthier.train(shared_out.path, settings={**QUICK, "train.learning_rate": 0.01})
    written = settings_of(done)
    assert written["settings"]["train"]["learning_rate"] == 0.01
    assert written["origins"]["train.learning_rate"]["kind"] == "flag"
    assert written["settings"]["model"]["strategy"] == "frozen"
    assert written["origins"]["model.name_or_path"]["kind"] == "flag"
    assert (done.path / "splits.parquet").read_bytes() == before


def test_a_recipe_given_late_fills_what_nobody_chose(shared_out):
    done = luthier.train(shared_out.path, settings={**QUICK, "recipe": "classic"})
    written = settings_of(done)
    assert written["settings"]["train"]["weight_decay"] == 0.1
    assert written["settings"]["train"]["num_train_epochs"] == 1


def test_settings_of_the_rows_come_too_late_unless_they_are_the_same(shared_out):
    before = shared_out.settings_path.read_text(encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        luthier.train(
            shared_out.path, settings={"split.seed": 7, "data.delimiter": ";", "split.folds": 0}
        )
    assert str(caught.value) == (
        "data.delimiter: the rows of this run were shared out without it\n"
        "split.seed: the rows of this run were shared out with 42\n"
        f"next: a new run: luthier workup --settings {shared_out.settings_path}, and the flags"
    )
    assert shared_out.settings_path.read_text(encoding="utf-8") == before


def test_a_setting_that_does_not_fit_the_model_is_not_kept(shared_out):
    before = shared_out.settings_path.read_text(encoding="utf-8")
    wrong = {"model.strategy": "partial", "model.trainable_layers": 99}
    with pytest.raises(SettingsError, match=r"model\.trainable_layers: is 99"):
        luthier.train(shared_out.path, settings=wrong)
    assert shared_out.settings_path.read_text(encoding="utf-8") == before
    assert (shared_out.path / "splits.parquet").is_file()


def test_settings_of_both_times_must_go_together(tmp_path):
    data, model = shop(tmp_path, 60)
    first = {
        "model.name_or_path": str(model),
        "train.loss": "focal",
        "train.label_smoothing_factor": 0,
    }
    run = luthier.split(data, run_dir=tmp_path / "run", settings=first)
    with pytest.raises(SettingsError, match="loss focal learns one label per row"):
        luthier.train(run.path, settings={"train.teacher": "linear"})


def test_a_planned_run_takes_no_settings(shared_out):
    luthier.train(shared_out.path, settings=QUICK)
    with pytest.raises(SettingsError) as caught:
        luthier.train(shared_out.path, settings={"train.num_train_epochs": 2})
    assert str(caught.value) == (
        "the settings of this run are decided, so none can be given to it any more\n"
        f"next: without them: luthier workup --resume --run-dir {shared_out.path}; "
        f"a new run with them: luthier workup --settings {shared_out.settings_path}, and the flags"
    )
