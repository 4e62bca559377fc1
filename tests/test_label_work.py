"""What a run folder holds about its labels, and what is made again on resume."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from luthier.faults import example_evidence as example
from luthier.journeys.label_check import (
    read_opinions,
    save_label_work,
    save_opinions,
    with_ceilings,
)
from luthier.records import Evaluation, Predictions
from luthier.run_folder import RunFolder
from luthier.tasks import get_task
from test_label_noise import messages


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run with rows, splits and opinions, and no model yet."""
    run = RunFolder(tmp_path_factory.mktemp("run"))
    run.settings_path.write_text("settings: {}\n", encoding="utf-8")
    texts, labels, wrong, names = messages(600, 0.15)
    rows = example.rows(texts, [names[i] for i in labels])
    run.save_splits(example.splits((["train"] * 3 + ["validation", "test"]) * 120))
    assert save_opinions(run, rows, get_task("text_classification"), resume=False) == ()
    save_label_work(run, rows)
    return run, rows, wrong


def model_answers(run: RunFolder, split: str, *, agrees: bool) -> Predictions:
    """Answers of a fine-tuned model for one split: those of the linear one, or the labels."""
    linear = run.predictions("out_of_fold")
    at = np.flatnonzero(np.isin(linear.row_ids, run.splits.ids_of(split)))
    predicted = (linear.predicted if agrees else linear.labels)[at]
    probabilities = np.full((len(at), len(linear.label_names)), 0.01)
    probabilities[np.arange(len(at)), predicted] = 0.97
    return Predictions(
        linear.row_ids[at],
        linear.labels[at],
        predicted,
        probabilities,
        linear.loss[at],
        linear.label_names,
    )


def test_the_queue_lies_in_the_run_with_the_split_of_each_row(run):
    folder, _, wrong = run
    with folder.relabel_path.open(encoding="utf-8", newline="") as stream:
        queue = list(csv.DictReader(stream))
    assert {row["split"] for row in queue} == {"train", "validation", "test"}
    assert np.mean([wrong[int(row["row_id"])] for row in queue[:50]]) > 0.9


def test_the_dossiers_and_the_words_of_every_label_lie_in_the_run(run):
    folder, rows, _ = run
    assert set(folder.label_pairs.label_words) == set(rows.columns["label"])
    assert folder.label_pairs.compared == 6


def test_a_resumed_run_uses_the_opinions_it_has(run, monkeypatch):
    folder, rows, _ = run
    monkeypatch.setattr("luthier.evidence.out_of_fold.out_of_fold", None)
    save_opinions(folder, rows, get_task("text_classification"), resume=True)
    assert read_opinions(folder) is not None


def test_the_ceiling_stands_beside_the_figures_of_the_rows_that_judge(run):
    folder, rows, wrong = run
    evaluation = Evaluation({"test": example.evaluation(120).splits["test"]}, "macro_f1")
    ceiling = with_ceilings(evaluation, folder, rows).splits["test"].ceiling
    test_rows = folder.splits.ids_of("test")
    bound = ceiling["label_noise"]["accuracy"]
    assert bound.low <= 1 - wrong[test_rows].mean() <= bound.high
    assert ceiling["conflicting_duplicates"]["accuracy"].value == 1.0
    folder.save_evaluation(with_ceilings(evaluation, folder, rows))
    assert folder.evaluation.splits["test"].ceiling == ceiling


def test_the_fine_tuned_model_is_asked_for_rows_it_did_not_learn_from(run):
    folder, _, _ = run
    for split in ("validation", "test"):
        folder.save_predictions(split, model_answers(folder, split, agrees=True))
    opinions = read_opinions(folder)
    assert opinions is not None
    assert opinions.model is not None
    held = {*folder.splits.ids_of("validation"), *folder.splits.ids_of("test")}
    assert set(opinions.model.row_ids.tolist()) == {int(i) for i in held}
