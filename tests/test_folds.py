"""k-fold: every row outside the test set is judged once, by a model that did not learn from it."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

import luthier
from luthier.cli.main import main
from luthier.cli.stopping import Stopper
from luthier.errors import InputError, RunFolderError, SettingsError
from luthier.journeys.label_check import read_opinions
from luthier.kit.pool_answers import pooled
from luthier.records import (
    Folds,
    LabelSetPredictions,
    NumberPredictions,
    Predictions,
    Rows,
    Source,
    StageBegan,
    StageEnded,
    StageSaid,
    Started,
    TrainingSaid,
)
from luthier.run_folder import RunFolder
from luthier.settings import SplitSettings
from luthier.settings_file import resolve
from luthier.stages.fold import fold
from luthier.stages.split import split
from shop_csv import shop
from tiny_models import make_tiny_model, tiny_rows

# dealing -----------------------------------------------------------------------------------------


def rows_of(labels, **columns) -> Rows:
    """Rows whose texts are not alike."""
    n = len(labels)
    texts = [f"{label} {i * 7919 % 104729:06d} {i}" for i, label in enumerate(labels)]
    return Rows(
        ids=np.arange(n),
        columns={"text": texts, "label": list(labels), **columns},
        locations=[f"data.csv:{i + 2}" for i in range(n)],
        given_split=[None] * n,
        source=Source("data.csv", (), n, {}),
    )


def dealt(rows: Rows, **chosen) -> Folds:
    asked = SplitSettings(near_duplicates=1, **{"folds": 5, **chosen})
    return fold(rows, split(rows, asked), asked)


@settings(derandomize=True, deadline=None, database=None, max_examples=30)
@given(st.integers(0, 1000), st.integers(2, 7), st.integers(0, 5))
def test_every_row_outside_the_test_set_is_judged_once_and_learned_from_otherwise(
    seed: int, folds: int, rare: int
) -> None:
    labels = ["退款"] * 60 + ["发货"] * 30 + ["其他"] * 20 + ["少见"] * rare
    rows = rows_of(labels)
    asked = SplitSettings(near_duplicates=1, folds=folds, seed=seed)
    splits = split(rows, asked)
    found = fold(rows, splits, asked)
    test = set(splits.ids_of("test").tolist())
    assert set(found.row_ids.tolist()) == set(range(len(rows))) - test
    judged = Counter(i for k in range(1, folds + 1) for i in found.splits_of(k).ids_of("test"))
    assert set(judged.values()) == {1}
    unjudged = set(found.row_ids.tolist()) - set(judged)
    assert {labels[i] for i in unjudged} <= {"少见"}
    for number in range(1, folds + 1):
        own = found.splits_of(number)
        learned = {labels[i] for i in own.ids_of("train")}
        assert learned >= {"退款", "发货", "其他"}
        assert own.counts()["validation"] > 0


def test_folds_are_of_one_size_and_hold_each_label_in_its_share() -> None:
    labels = ["a"] * 400 + ["b"] * 200 + ["c"] * 100
    found = dealt(rows_of(labels))
    own = np.array(labels)[found.row_ids]
    sizes = [Counter(own[found.fold == k]) for k in range(1, 6)]
    for label, share in (("a", 68), ("b", 34), ("c", 17)):
        assert all(abs(size[label] - share) <= 1 for size in sizes), sizes


def test_as_many_rows_are_chosen_on_as_in_the_split_itself() -> None:
    found = dealt(rows_of(["a"] * 500 + ["b"] * 500))
    for number in range(1, 6):
        counts = found.splits_of(number).counts()
        assert counts["validation"] / (counts["train"] + counts["validation"]) == pytest.approx(
            0.15 / 0.85, abs=0.01
        )


def test_groups_and_copies_are_in_one_fold() -> None:
    labels = ["a", "b"] * 100
    groups = [f"客户 {i // 4}" for i in range(200)]
    rows = rows_of(labels, group=groups)
    texts = list(rows.columns["text"])
    texts[6] = texts[151]
    found = dealt(replace(rows, columns={**rows.columns, "text": texts}))
    assert found.method == "grouped"
    for number in range(1, 6):
        own = found.splits_of(number)
        sides: dict[str, set[str]] = {}
        for row_id, name in zip(own.row_ids.tolist(), own.names, strict=True):
            sides.setdefault(groups[row_id], set()).add(name)
        assert all(len(side) == 1 for side in sides.values())
    fold_of = dict(zip(found.row_ids.tolist(), found.fold.tolist(), strict=True))
    if 6 in fold_of and 151 in fold_of:
        assert fold_of[6] == fold_of[151]


def test_test_rows_that_the_files_give_take_no_part() -> None:
    rows = rows_of(["a", "b"] * 60)
    rows = replace(rows, given_split=["train"] * 80 + ["validation"] * 20 + ["test"] * 20)
    assert dealt(rows).row_ids.tolist() == list(range(100))


def test_the_order_of_the_rows_does_not_matter() -> None:
    rows = rows_of(["a"] * 60 + ["b"] * 40)
    back = rows.take(np.arange(100)[::-1])
    one, other = dealt(rows), dealt(replace(back, ids=np.arange(100)))
    first = dict(zip(one.row_ids.tolist(), one.fold.tolist(), strict=True))
    again = dict(zip((99 - other.row_ids).tolist(), other.fold.tolist(), strict=True))
    assert first == again


def test_a_label_with_two_texts_is_learned_in_every_fold_and_named() -> None:
    found = dealt(rows_of(["a"] * 40 + ["b"] * 40 + ["稀有"] * 2))
    said = " ".join(note.message for note in found.notes)
    assert "labels with fewer than 3 different texts outside the test set: 1" in said
    assert "稀有" in said


def test_too_few_texts_for_the_folds_are_refused(snapshot) -> None:
    rows = rows_of(["a", "b"] * 6)
    with pytest.raises(InputError) as caught:
        dealt(rows, folds=40)
    assert str(caught.value) == snapshot


@pytest.mark.parametrize("flags", [{"folds": "1"}, {"folds": "5", "split_by": "time"}])
def test_settings_that_make_no_folds_are_refused(flags, snapshot) -> None:
    with pytest.raises(SettingsError) as caught:
        resolve(None, flags, flag_prefix="--")
    assert str(caught.value) == snapshot


def test_folds_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    found = dealt(rows_of(["a"] * 40 + ["b"] * 40))
    run = RunFolder(tmp_path)
    run.settings_path.write_text("settings: {}\n")
    run.save_folds(found)
    back = run.folds
    assert back.row_ids.tolist() == found.row_ids.tolist()
    assert (back.parts, back.method, back.seed, back.notes) == (
        found.parts,
        found.method,
        found.seed,
        found.notes,
    )


# pooling -----------------------------------------------------------------------------------------


def test_answers_of_each_kind_are_pooled_by_row() -> None:
    one = Predictions(
        np.array([3, 1]),
        np.array([0, 1]),
        np.array([1, 1]),
        np.array([[0.1, 0.9], [0.4, 0.6]]),
        np.array([2.3, 0.5]),
        ("a", "b"),
        "d1",
    )
    other = replace(one, row_ids=np.array([0, 2]), model_digest="d2")
    both = pooled([one, other])
    assert both.row_ids.tolist() == [0, 1, 2, 3]
    assert both.labels.tolist() == [0, 1, 1, 0]
    assert both.model_digest == ""
    numbers = NumberPredictions(np.array([1]), np.ones(1), np.ones(1), np.zeros(1), ("number",))
    assert len(pooled([numbers, replace(numbers, row_ids=np.array([0]))])) == 2
    flags = np.ones((1, 2), np.int64)
    sets = LabelSetPredictions(
        np.array([1]), flags, flags, np.ones((1, 2)), np.zeros(1), ("a", "b"), (0.3, 0.4)
    )
    together = pooled([sets, replace(sets, row_ids=np.array([0]), thresholds=(0.5, 0.6))])
    assert isinstance(together, LabelSetPredictions)
    assert together.thresholds == ()


def test_a_row_in_two_folds_is_refused() -> None:
    one = NumberPredictions(np.array([1]), np.ones(1), np.ones(1), np.zeros(1), ("number",))
    with pytest.raises(ValueError, match="in two parts"):
        pooled([one, one])


# the whole way -----------------------------------------------------------------------------------

QUICK = {
    "recipe": "classic",
    "train.learning_rate": 3e-3,
    "train.num_train_epochs": 3,
    "train.per_device_train_batch_size": 8,
    "train.threads": 1,
    "evaluate.bootstrap_samples": 100,
    "split.folds": 3,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> luthier.Run:
    folder = tmp_path_factory.mktemp("folds")
    data, model = shop(folder, rows=72)
    settings = {**QUICK, "model.name_or_path": str(model)}
    return luthier.workup(data, run_dir=folder / "run", settings=settings)


def test_the_pooled_figures_are_those_of_every_row_answered_out_of_fold(run: luthier.Run) -> None:
    answers, folds = run.predictions("folds"), run.folds
    assert answers.row_ids.tolist() == sorted(folds.row_ids[folds.fold > 0].tolist())
    test = set(run.splits.ids_of("test").tolist())
    assert not test & set(answers.row_ids.tolist())
    figures = run.folds_evaluation.pooled.figures
    accuracy = accuracy_score(answers.labels, answers.predicted)
    assert figures["accuracy"].value == pytest.approx(accuracy)
    macro = f1_score(answers.labels, answers.predicted, average="macro", zero_division=0)
    assert figures["macro_f1"].value == pytest.approx(macro)
    for name in ("accuracy", "macro_f1", "mcc", "log_loss"):
        assert figures[name].low <= figures[name].value <= figures[name].high
        assert figures[name].n == len(answers)
    assert set(run.folds_evaluation.pooled.floor) == {"majority", "tfidf_linear", "frozen_encoder"}
    assert run.predictions_path("folds_floor_tfidf_linear").is_file()


def test_every_fold_was_judged_by_a_model_of_its_own_that_did_not_learn_from_it(
    run: luthier.Run,
) -> None:
    evaluation = run.folds_evaluation
    assert len({one.model_digest for one in evaluation.each}) == 3
    for one in evaluation.each:
        own = run.fold(one.fold)
        judged = own.predictions("test").row_ids
        assert not set(judged.tolist()) & set(own.splits.ids_of("train").tolist())
        started = next(event for event in own.history if isinstance(event, Started))
        assert started.train_rows == one.train_rows
    spread = evaluation.spread["accuracy"]
    values = [one.figures["accuracy"].value for one in evaluation.each]
    assert spread.mean == pytest.approx(np.mean(values))
    assert spread.deviation == pytest.approx(np.std(values, ddof=1))
    assert (spread.least, spread.largest) == (min(values), max(values))


def test_the_run_is_an_ordinary_run_besides(run: luthier.Run) -> None:
    assert run.metrics["test"]["n"] == len(run.splits.ids_of("test"))
    assert (run.model / "model.safetensors").is_file()
    assert run.report.is_file()
    pooled_part = json.loads((run.path / "folds.json").read_text(encoding="utf-8"))["pooled"]
    assert pooled_part.keys() == run.metrics["test"].keys() - {"floor"} | {"floor"}


def test_labels_of_all_rows_are_doubted_by_models_that_did_not_learn_from_them(
    run: luthier.Run,
) -> None:
    opinions = read_opinions(run)
    assert opinions is not None
    assert opinions.model is not None
    assert sorted(opinions.model.row_ids.tolist()) == list(range(72))


def test_folds_keep_no_weights_and_say_how_they_were_made(run: luthier.Run) -> None:
    assert not list((run.path / "folds").rglob("*.safetensors"))
    rows = {row.name: row for row in luthier.list_settings(run.fold(2))}
    assert rows["split.folds"].value == 0
    assert rows["split.folds"].origin.detail == "this is fold 2 of 3"
    learned = {row.name: row.value for row in luthier.list_settings(run)}
    for name in ("train.learning_rate", "train.num_train_epochs", "text.max_length"):
        assert rows[name].value == learned[name]


def test_the_result_names_the_folds(run: luthier.Run) -> None:
    from luthier.cli.results import score_lines

    lines = [line for line in score_lines(run) if "fold" in line]
    judged = len(run.predictions("folds"))
    assert lines[0].startswith(f"3 folds: {judged} other rows, judged once each")
    assert lines[1].startswith("  lowest and highest fold")
    notes = run.folds_evaluation.notes
    assert any("each of these models learned from" in note for note in notes)
    assert any("the intervals are of the rows that were drawn" in note for note in notes)


@pytest.mark.slow
def test_resuming_makes_no_judged_fold_again_and_a_lost_one_the_same(
    run: luthier.Run, tmp_path: Path
) -> None:
    copy = luthier.Run(tmp_path / "run")
    shutil.copytree(run.path, copy.path)
    before = (copy.path / "folds.json").read_bytes()
    lost = copy.path / "folds" / "fold_2"
    splits = (lost / "splits.parquet").read_bytes()
    shutil.rmtree(lost)
    lost.mkdir()
    (lost / "splits.parquet").write_bytes(splits)  # as if killed after the first file
    heard: list[object] = []
    luthier.workup(run_dir=copy.path, resume=True, listen=heard.append)
    ended = {item.verb: item.reused for item in heard if isinstance(item, StageEnded)}
    assert (ended["fold 1 of 3"], ended["fold 2 of 3"], ended["fold 3 of 3"]) == (True, False, True)
    assert (copy.path / "folds.json").read_bytes() == before
    heard.clear()
    luthier.workup(run_dir=copy.path, resume=True, listen=heard.append)
    assert all(
        item.reused
        for item in heard
        if isinstance(item, StageEnded) and ("fold" in item.verb or item.verb == "pool")
    )


@pytest.mark.slow
def test_a_run_stopped_within_a_fold_goes_on_to_the_same_figures(
    run: luthier.Run, tmp_path: Path
) -> None:
    data, model = run.path.parent / "data.csv", run.path.parent / "tiny"
    settings = {**QUICK, "model.name_or_path": str(model)}
    steps: list[object] = []

    def stop(progress: object) -> None:
        """Ctrl-C at the twentieth step of fold 2."""
        if isinstance(progress, StageBegan) and progress.verb == "fold 2 of 3":
            steps.append(progress)
        elif steps and isinstance(progress, TrainingSaid):
            steps.append(progress)
            if len(steps) == 20:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        luthier.workup(data, run_dir=tmp_path / "run", settings=settings, listen=stop)
    assert not (tmp_path / "run/folds.json").exists()
    done = luthier.workup(run_dir=tmp_path / "run", resume=True)
    assert done.folds_evaluation == run.folds_evaluation


def test_ctrl_c_in_the_training_of_the_run_begins_no_fold(run: luthier.Run, tmp_path: Path) -> None:
    data, model = run.path.parent / "data.csv", run.path.parent / "tiny"
    settings = {**QUICK, "model.name_or_path": str(model)}
    asked = iter([False] * 5 + [True] * 1000)
    heard: list[object] = []
    stopped = luthier.workup(
        data,
        run_dir=tmp_path / "run",
        settings=settings,
        should_stop=lambda: next(asked),
        listen=heard.append,
    )
    said = [item.note.message for item in heard if isinstance(item, StageSaid)]
    assert any(line.startswith("stopped before fold 1 of 3; go on with") for line in said)
    assert not (stopped.path / "folds").exists()
    assert stopped.report.is_file()


def test_ctrl_c_within_a_fold_stops_at_once() -> None:
    stopper = Stopper()
    stopper.hear(StageBegan("train"))
    stopper.hear(TrainingSaid(Started(10, 5, 2, 40, 1, 1, "d")))
    stopper.hear(StageEnded("train", "", 1.0))
    stopper.hear(StageBegan("fold 1 of 3"))
    stopper.hear(TrainingSaid(Started(10, 5, 2, 40, 1, 1, "d")))
    with pytest.raises(KeyboardInterrupt):
        stopper._pressed(2, None)


def test_a_fold_of_other_rows_is_refused(run: luthier.Run, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run.path, copy)
    shutil.copy(copy / "folds/fold_1/splits.parquet", copy / "folds/fold_2/splits.parquet")
    with pytest.raises(RunFolderError, match="was made for other rows"):
        luthier.workup(run_dir=copy, resume=True)


def test_split_alone_writes_the_folds(run: luthier.Run, tmp_path: Path, capsys) -> None:
    data = str(run.path.parent / "data.csv")
    assert main(["split", data, "--run-dir", str(tmp_path / "s"), "--folds", "4"]) == 0
    assert "in 4 folds" in capsys.readouterr().err
    assert sorted(set(RunFolder(tmp_path / "s").folds.fold.tolist())) == [1, 2, 3, 4]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answers", "rivals", "figure"),
    [
        ({"会员": "会员|客服", "退款": "退款", "parcel": "parcel|客服"}, "base_rates", "micro_f1"),
        ({"会员": "2.5", "退款": "1.0", "parcel": "4.5"}, "mean", "spearman"),
    ],
)
def test_other_tasks_are_folded_too(answers, rivals: str, figure: str, tmp_path: Path) -> None:
    rows = tiny_rows(60)
    texts = [str(text) for text in rows.columns["text"]]
    cells = [answers[label] for label in rows.columns["label"]]
    lines = ["text\tlabel", *(f"{t}\t{c}" for t, c in zip(texts, cells, strict=True))]
    (tmp_path / "data.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    model = make_tiny_model(tmp_path / "tiny", texts)
    settings = {
        **{name: value for name, value in QUICK.items() if name != "recipe"},
        "model.name_or_path": str(model),
        "task": "multi_label" if rivals == "base_rates" else "text_regression",
        "split.folds": 2,
        "train.num_train_epochs": 1,
    }
    if rivals == "base_rates":
        settings["data.label_separator"] = "|"
    done = luthier.workup(tmp_path / "data.tsv", run_dir=tmp_path / "run", settings=settings)
    pooled_part = done.folds_evaluation.pooled
    assert pooled_part.n == int((done.folds.fold > 0).sum()) == len(done.answers("folds"))
    assert rivals in pooled_part.floor
    assert figure in pooled_part.figures
    assert figure in done.folds_evaluation.spread
