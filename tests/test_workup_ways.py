"""Whole runs that a stock model cannot hold, or that change their model on the way out."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import luthier
from luthier.errors import RunFolderError, SettingsError
from luthier.records import Evaluated, LabelSetPredictions, NumberPredictions, Predictions
from shop_csv import shop
from tiny_models import make_tiny_model, tiny_rows

QUICK = {
    "train.num_train_epochs": 1,
    "train.learning_rate": 1e-2,
    "train.threads": 1,
    "train.time_budget": "none",
    "evaluate.bootstrap_samples": 100,
    "evaluate.floors": False,
}
FRESH_PROCESS = """
import json, sys
import luthier
print(json.dumps(luthier.predict(sys.argv[1], json.loads(sys.argv[2])).predicted.tolist()))
"""


def in_fresh_process(run, texts) -> list:
    done = subprocess.run(
        [sys.executable, "-c", FRESH_PROCESS, str(run.path), json.dumps(texts)],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


WAYS = {
    "lora": ({"model.strategy": "lora"}, "plain"),
    "tail": ({"text.long_texts": "tail", "text.max_length": 12}, "plain"),
    "windows": (
        {"text.long_texts": "windows", "text.max_length": 12, "text.stride": 3},
        "needs_luthier",
    ),
    "pooled": ({"model.pooling": "mean", "model.batch_norm": True}, "needs_luthier"),
}


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_a_fresh_process_gives_the_labels_that_were_judged(tmp_path, way):
    settings, parity = WAYS[way]
    data, model = shop(tmp_path, 90)
    run = luthier.workup(
        data,
        run_dir=tmp_path / "run",
        settings={**QUICK, "model.name_or_path": str(model), **settings},
        until="train",
    )
    luthier.evaluate(run)
    manifest = json.loads((run.model / "luthier.json").read_text(encoding="utf-8"))
    assert manifest["parity_class"] == parity
    judged = run.answers("validation")
    assert isinstance(judged, Predictions)
    rows = luthier.load(data)
    texts = [rows.columns["text"][int(i)] for i in judged.row_ids]
    assert in_fresh_process(run, texts) == judged.predicted.tolist()
    if way == "windows":
        card = (run.model / "README.md").read_text(encoding="utf-8")
        assert "windows" in card


def write(path, target: str, cells) -> list[str]:
    texts = [f"{text} {i}" for i, text in enumerate(tiny_rows(len(cells)).columns["text"])]
    lines = [f"text\t{target}", *(f"{t}\t{c}" for t, c in zip(texts, cells, strict=True))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return texts


def other_task(tmp_path, cells, **settings):
    texts = write(tmp_path / "data.tsv", "label", cells)
    model = make_tiny_model(tmp_path / "tiny", texts)
    given = {**QUICK, "evaluate.floors": True, "model.name_or_path": str(model), **settings}
    return texts, luthier.workup(tmp_path / "data.tsv", run_dir=tmp_path / "run", settings=given)


def test_numbers_are_estimated_in_their_own_unit_from_file_to_answer(tmp_path):
    base = {"会员": 250.0, "退款": 100.0, "parcel": 450.0}
    cells = [f"{base[la] + i / 100:.2f}" for i, la in enumerate(tiny_rows(90).columns["label"])]
    texts, run = other_task(tmp_path, cells)
    judged = run.answers("test")
    assert isinstance(judged, NumberPredictions)
    assert 50 < judged.predicted.mean() < 500
    assert set(run.metrics["test"]) >= {"mse", "mae", "r2", "spearman"}
    rivals = run.metrics["test"]["floor"]
    assert set(rivals) == {"mean", "tfidf_ridge", "frozen_encoder_ridge"}
    assert rivals["mean"]["r2"]["value"] <= 0 < rivals["tfidf_ridge"]["r2"]["value"]
    assert run.diagnosis.crashed == ()
    assert any("one label per row" in fault.needs for fault in run.diagnosis.not_checked)
    some = [texts[int(i)] for i in judged.row_ids]
    np.testing.assert_allclose(in_fresh_process(run, some), judged.predicted, rtol=1e-4)


def test_several_labels_are_answered_from_thresholds_that_ship(tmp_path):
    sets = {"会员": "会员|客服", "退款": "退款", "parcel": "parcel|客服"}
    cells = [sets[label] for label in tiny_rows(90).columns["label"]]
    texts, run = other_task(tmp_path, cells, **{"data.label_separator": "|"})
    judged = run.answers("test")
    assert isinstance(judged, LabelSetPredictions)
    manifest = json.loads((run.model / "luthier.json").read_text(encoding="utf-8"))
    assert judged.thresholds == pytest.approx(manifest["thresholds"])
    assert len(set(judged.thresholds)) > 1
    stopped = run.history[-1]
    best = next(e for e in run.history if isinstance(e, Evaluated) and e.step == stopped.best_step)
    # what chose the checkpoint was measured at the thresholds that ship
    for name in ("macro_f1", "micro_f1"):
        assert run.metrics["validation"][name]["value"] == pytest.approx(best.validation[name])
    rivals = run.metrics["test"]["floor"]
    assert set(rivals) == {"base_rates", "tfidf_linear", "frozen_encoder"}
    assert {"macro_f1", "micro_f1", "subset_accuracy"} <= set(rivals["tfidf_linear"])
    assert run.diagnosis.crashed == ()
    some = [texts[int(i)] for i in judged.row_ids]
    assert in_fresh_process(run, some) == judged.predicted.tolist()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"text.max_length": 300}, "is 300, but this model reads at most 256 tokens"),
        ({"train.optim": "adamm"}, "torch.optim has no 'adamm'"),
        ({"train.report_to": "tensorbord"}, "no tracker 'tensorbord'"),
    ],
)
def test_what_the_model_or_a_package_cannot_do_is_said_before_a_folder_is_made(
    tmp_path, settings, said, monkeypatch
):
    data, model = shop(tmp_path, 30)
    made = []
    monkeypatch.setattr("luthier.journeys.run.Run.create", made.append)
    with pytest.raises(SettingsError, match=said):
        luthier.workup(
            data,
            run_dir=tmp_path / "run",
            settings={"model.name_or_path": str(model), **settings},
        )
    assert made == []
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_row_ids_are_places_among_all_rows_read_also_where_rows_were_left_out(tmp_path):
    data, model = shop(tmp_path, 90)
    head, *lines = data.read_text(encoding="utf-8").splitlines()
    lines[3:3] = [",退款"]  # no text
    lines[40:40] = ["没有标签,"]
    data.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    settings = {
        **QUICK,
        "model.name_or_path": str(model),
        "data.empty_rows": "drop",
        "recipe": "classic",
    }
    run = luthier.workup(data, run_dir=tmp_path / "run", settings=settings)
    texts = [line.rpartition(",")[0].strip('"') for line in lines]
    labels = [line.rpartition(",")[2] for line in lines]
    known = set(range(len(lines))) - {3, 40}
    assert set(run.splits.row_ids.tolist()) == known
    test = run.predictions("test")
    names = list(test.label_names)
    assert [names[i] for i in test.labels] == [labels[i] for i in test.row_ids.tolist()]
    assert all(texts[i] for i in test.row_ids.tolist())
    luthier.diagnose(run)  # an old run goes on by the same ids
    shared = replace(run.splits, row_ids=np.arange(len(run.splits.row_ids), dtype=np.int64))
    run.save_splits(shared)
    with pytest.raises(RunFolderError, match="counts its rows as an earlier version did"):
        luthier.diagnose(run)
