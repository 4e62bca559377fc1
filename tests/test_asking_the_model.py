"""`luthier diagnose RUN --parity` and `--probe`: what the model itself can still be asked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from safetensors.torch import load_file, save_file

import luthier
from luthier.cli.main import main
from luthier.records.probe import OverfitProbe
from shop_csv import shop

QUICK = {
    "recipe": "classic",
    "train.learning_rate": 3e-3,
    "train.num_train_epochs": 3,
    "train.per_device_train_batch_size": 8,
    "train.threads": 1,
    "evaluate.bootstrap_samples": 100,
    "evaluate.floors": False,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parity")
    data, model = shop(folder)
    luthier.workup(
        data, run_dir=folder / "run", settings={**QUICK, "model.name_or_path": str(model)}
    )
    return folder / "run"


def said(run: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    """Fault ids by outcome, as the command prints them."""
    capsys.readouterr()
    assert main(["diagnose", str(run), "--parity", "--json", "--fail-on", "never"]) == 0
    printed = json.loads(capsys.readouterr().out)
    return {kind: [one["fault"] for one in printed[kind]] for kind in ("fired", "clear")}


def test_a_model_that_ships_as_it_was_judged_is_clear(run, capsys):
    outcome = said(run, capsys)
    parity = json.loads((run / "parity.json").read_text(encoding="utf-8"))
    assert parity["split"] == "validation"
    assert parity["stages"]["tokens"] == 0
    assert {"reload_differs", "preprocessing_differs"} <= set(outcome["clear"])


@pytest.mark.slow
def test_a_model_that_was_changed_after_it_was_judged_is_found(run, capsys, tmp_path):
    changed = tmp_path / "changed"
    shutil.copytree(run, changed)
    weights = changed / "model" / "model.safetensors"
    tensors = load_file(weights)
    tensors["classifier.weight"] = -tensors["classifier.weight"]
    save_file(tensors, weights, metadata={"format": "pt"})
    assert "reload_differs" in said(changed, capsys)["fired"]


def test_a_sound_training_is_not_stuck_on_sixteen_rows(run, capsys):
    before = (run / "history.jsonl").read_bytes()
    capsys.readouterr()
    assert main(["diagnose", str(run), "--probe", "--json", "--fail-on", "never"]) == 0
    found = TypeAdapter(OverfitProbe).validate_json((run / "probe.json").read_bytes())
    assert (found.rows, found.broke) == (16, "")
    assert 100 < found.steps <= 200
    assert not found.stuck
    assert found.last_loss < 0.8 * found.first_loss
    assert (run / "history.jsonl").read_bytes() == before
