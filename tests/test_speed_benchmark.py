"""The benchmark of speed: what runs, in which order, and what is written down of it."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # benchmarks lie beside the package, not in it

from benchmarks import speed
from benchmarks.speed_cells import EVERY_SEED, KINDS, SAMPLING, Cell
from benchmarks.speed_summary import summary

TRAINERS = KINDS["train"]


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    """Those of a whole run with two seeds, on one data set that is there."""
    (tmp_path / "cic_zh").mkdir()
    monkeypatch.setattr(speed, "SHARED_DATA", tmp_path)
    return argparse.Namespace(quick=False, seeds=2, threads=2, work=str(tmp_path / "work"))


def measured(folder: Path, contender: str, seconds: float) -> None:
    """Leave what a finished cell of the first seed leaves."""
    cell = Cell("train", "cic_zh", contender, 0, "starter", 0, 20_000, 15, 5e-4, 2)
    told = {"cell": cell.facts, "seconds": seconds}
    (folder / f"{cell.name}.json").write_text(json.dumps(told), encoding="utf-8")


def test_the_first_seed_runs_every_contender_and_later_ones_the_faster_trainer(
    options: argparse.Namespace, tmp_path: Path
) -> None:
    measured(tmp_path, "trainer_group_by_length", 300.0)
    measured(tmp_path, "trainer_batch_rebalance", 200.0)

    cells = list(speed._cells(options, tmp_path))

    of_seed = [[cell.contender for cell in cells if cell.seed == seed] for seed in range(2)]
    assert of_seed[0] == [one for contenders in KINDS.values() for one in contenders]
    assert of_seed[1] == ["trainer_batch_rebalance", *EVERY_SEED]


def test_before_anything_is_measured_the_first_way_of_batching_stands_in(
    options: argparse.Namespace, tmp_path: Path
) -> None:
    cells = list(speed._cells(options, tmp_path))

    assert next(cell for cell in cells if cell.seed == 1).contender == SAMPLING[0]


def test_of_padding_to_the_longest_input_only_epochs_are_timed(
    options: argparse.Namespace, tmp_path: Path
) -> None:
    epochs = {cell.contender: cell.epochs for cell in speed._cells(options, tmp_path)}

    assert epochs["trainer_max_length"] == 2
    assert {epochs[name] for name in TRAINERS if name != "trainer_max_length"} == {15}


def test_what_is_written_down_of_a_cell_names_no_folder_of_this_machine() -> None:
    cell = Cell("train", "cic_zh", "luthier_full", 3, "starter", 0, 20_000, 15, 5e-4, 2, "/secret")

    assert "/secret" not in json.dumps(cell.facts)
    assert Cell(**cell.facts).name == cell.name == "train.cic_zh.starter.0.luthier_full.3"


def test_only_seeds_that_both_have_run_are_compared(tmp_path: Path) -> None:
    """The benchmark goes on another day: one side may be a seed ahead."""
    results = []
    for contender, seconds in (
        ("trainer_group_by_length", [300.0, 500.0]),
        ("luthier_full", [100.0]),
    ):
        for seed, took in enumerate(seconds):
            cell = Cell("train", "cic_zh", contender, seed, "starter", 0, 20_000, 15, 5e-4, 2)
            truth = np.array([0, 1, 0, 1])
            np.savez_compressed(tmp_path / f"{cell.name}.npz", truth=truth, predicted=truth)
            told = {"seconds": took, "epoch_seconds": took / 10, "macro_f1": 1.0}
            results.append({"cell": cell.facts, "curve": [[took / 2, 0.5]], **told})

    ratios = {one["what"]: one for one in summary(results, tmp_path)["ratios"]}

    assert ratios["seconds"]["times_as_fast"] == ratios["seconds_to_same"]["times_as_fast"] == 3.0
    assert ratios["seconds"]["seeds"] == 1
    assert ratios["seconds"]["non_inferior"] is True
