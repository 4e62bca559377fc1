"""The whole way on a small file with a tiny model: what a user finds afterwards."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import luthier
from luthier.cli.main import main
from luthier.cli.results import show_run
from luthier.cli.stopping import Stopper
from luthier.ledger import ledger_path
from luthier.records import StageBegan, StageEnded, Started, Stopped, TrainingSaid
from shop_csv import shop

QUICK = {
    "recipe": "classic",
    "train.learning_rate": 1e-2,
    "train.num_train_epochs": 6,
    "train.per_device_train_batch_size": 8,
    "train.threads": 1,
    "model.hidden_dropout_prob": 0.1,
    "evaluate.bootstrap_samples": 100,
}
QUICK_FLAGS = [word for name, value in QUICK.items() for word in (f"--{name}", str(value))]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> luthier.Run:
    folder = tmp_path_factory.mktemp("shop")
    data, model = shop(folder)
    settings = {**QUICK, "model.name_or_path": str(model)}
    return luthier.workup(data, run_dir=folder / "run", settings=settings)


def test_every_promised_part_is_in_the_run_folder(run: luthier.Run) -> None:
    for part in (
        "run.yaml",
        "environment.json",
        "source.json",
        "audit.json",
        "splits.parquet",
        "history.jsonl",
        "checkpoints/best/model.safetensors",
        "checkpoints/last/model.safetensors",
        "model/config.json",
        "model/model.safetensors",
        "model/tokenizer.json",
        "model/README.md",
        "model/luthier.json",
        "predictions/validation.parquet",
        "predictions/test.parquet",
        "metrics.json",
        "diagnosis.json",
        "test_set_looks.json",
        "plots/history.png",
        "plots/confusion_matrix.png",
        "plots/classification_report.png",
        "report.html",
    ):
        assert (run.path / part).is_file(), part
    assert not list(run.path.rglob("*.tmp"))
    assert not list(run.path.rglob("*.pkl")) + list(run.path.rglob("*.bin"))


def test_the_model_learned_something_and_every_headline_figure_has_an_interval(
    run: luthier.Run,
) -> None:
    test = run.metrics["test"]
    for name in ("accuracy", "macro_f1", "weighted_f1", "macro_precision", "mcc", "log_loss"):
        figure = test[name]
        assert figure["low"] <= figure["value"] <= figure["high"], name
        assert figure["n"] == test["n"]
    assert test["macro_f1"]["value"] > test["floor"]["majority"]["macro_f1"]["value"]
    assert set(test["floor"]) == {"majority", "tfidf_linear", "frozen_encoder"}
    assert run.metrics["train"]["n"] == len(run.splits.ids_of("train"))


def test_the_metrics_read_back_as_the_record_that_was_written(run: luthier.Run) -> None:
    evaluation = run.evaluation
    assert evaluation.splits["test"].figures["macro_f1"].value == pytest.approx(
        run.metrics["test"]["macro_f1"]["value"]
    )
    assert evaluation.splits["test"].model_digest == run.predictions("test").model_digest


def test_every_test_row_has_an_answer_with_probabilities_that_sum_to_one(run: luthier.Run) -> None:
    table = pq.read_table(run.predictions_path("test"))
    assert table.column_names[:3] == ["row_id", "label", "prediction"]
    answers = run.predictions("test")
    assert sorted(answers.row_ids.tolist()) == run.splits.ids_of("test").tolist()
    assert answers.probabilities.sum(axis=1) == pytest.approx(1)


def test_the_settings_say_where_each_value_came_from(run: luthier.Run) -> None:
    rows = {row.name: row for row in luthier.list_settings(run)}
    assert rows["train.learning_rate"].origin.kind == "flag"
    assert rows["train.weight_decay"].origin.kind == "recipe"
    assert rows["train.max_grad_norm"].origin.kind == "default"


def test_a_fresh_process_with_plain_transformers_gives_every_label(run: luthier.Run) -> None:
    answers = run.predictions("test")
    rows = luthier.load(luthier.list_settings(run)[2].value)
    texts = dict(zip(rows.ids.tolist(), rows.columns["text"], strict=True))
    asked = [texts[i] for i in answers.row_ids.tolist()]
    script = (
        "import json, sys\n"
        "from transformers import pipeline\n"
        "ask = pipeline('text-classification', model=sys.argv[1], truncation=True)\n"
        "print(json.dumps([a['label'] for a in ask(json.load(sys.stdin))]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(run.model)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    plain = json.loads(done.stdout.splitlines()[-1])
    assert plain == [answers.label_names[i] for i in answers.predicted]


def test_predict_answers_texts_as_the_run_did(run: luthier.Run) -> None:
    answers = run.predict(["我想退款", "快递 parcel 今天"])
    assert len(answers) == 2
    assert answers.labels.tolist() == [-1, -1]
    assert answers.model_digest == run.predictions("test").model_digest


def test_predict_writes_a_csv_with_every_row_in_order(
    run: luthier.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = tmp_path / "texts.csv"
    asked.write_text(
        'no,text,prediction\n7,"一行\n两行, 逗号",x\n8,=1+1 退款,y\n9,快递,z\n', encoding="utf-8"
    )
    out = tmp_path / "out.csv"

    assert main(["predict", str(run.path), str(asked), "-o", str(out)]) == 0
    assert main(["predict", str(run.path), str(asked), "-o", str(out)]) == 2  # never overwritten

    with out.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["text"] for row in rows] == ["一行\n两行, 逗号", "=1+1 退款", "快递"]
    assert all(0 < float(row["probability"]) <= 1 for row in rows)
    assert [row["no"] for row in rows] == ["7", "8", "9"]
    assert [row["prediction"] for row in rows] == ["x", "y", "z"]  # the file's own column stays
    assert {row["luthier_prediction"] for row in rows} <= {"会员", "退款", "parcel"}
    assert {row["tokens_cut"] for row in rows} == {"0"}
    assert "is there already" in capsys.readouterr().err


def test_answers_to_a_file_of_answers_get_names_of_their_own(
    run: luthier.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = tmp_path / "texts.csv"
    asked.write_text("text,prediction,luthier_prediction\n退款,x,y\n", encoding="utf-8")

    assert main(["predict", str(run.path), str(asked)]) == 0

    names = next(csv.reader(capsys.readouterr().out.splitlines()))
    assert len(set(names)) == len(names)
    assert names[:4] == ["text", "prediction", "luthier_prediction", "luthier_prediction_2"]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["-o", "answers.xlsx"], "answers are written as CSV, not as .xlsx"),
        (["-o", "answers.json"], "answers are written as CSV, not as .json"),
        (["--json", "-o", "answers.csv"], "answers are written as JSON, not as .csv"),
        (["--text.max_length", "8"], "this setting changes nothing here"),
    ],
)
def test_predict_refuses_what_it_would_not_do(
    run: luthier.Run,
    flags: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["predict", str(run.path), "--text", "退款", *flags]) == 2
    assert said in "".join(capsys.readouterr())
    assert not list(tmp_path.iterdir())


def test_a_model_of_pairs_is_tried_on_a_file_and_refuses_single_texts(
    run: luthier.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = tmp_path / "run"
    shutil.copytree(run.path, pairs)
    source = json.loads((pairs / "source.json").read_text(encoding="utf-8"))
    source["columns"]["text_pair"] = "answer"
    (pairs / "source.json").write_text(json.dumps(source), encoding="utf-8")

    show_run(luthier.Run(pairs), json_wanted=False)
    show_run(run, json_wanted=False)
    assert main(["predict", str(pairs), "--text", "退款"]) == 2

    told = capsys.readouterr()
    assert f"try     luthier predict {pairs} FILE\n" in told.out
    assert f'try     luthier predict {run.path} --text "..."\n' in told.out
    assert "the model reads two texts together, and these are single ones" in told.err


@pytest.mark.parametrize("verb", ["diagnose", "prescribe", "settings", "report", "evaluate"])
def test_every_verb_on_a_run_gives_json(
    verb: str, run: luthier.Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([verb, str(run.path), "--json"]) in (0, 1)
    assert json.loads(capsys.readouterr().out) is not None


@pytest.mark.parametrize("command", [["workup", "--resume", "--run-dir"], ["evaluate"]])
def test_the_page_of_every_verb_speaks_the_language_of_the_command(
    command: list[str], run: luthier.Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, str(run.path), "--lang", "zh-TW"]) in (0, 1)
    assert '<html lang="zh-TW">' in run.report.read_text(encoding="utf-8")
    capsys.readouterr()


@pytest.mark.slow
def test_the_page_of_the_demo_speaks_the_language_of_the_command(
    run: luthier.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = {**QUICK, "train.num_train_epochs": 1, "train.per_device_train_batch_size": 64,
             "model.name_or_path": run.path.parent / "tiny", "evaluate.floors": False}  # fmt: skip
    flags = [word for name, value in quick.items() for word in (f"--{name}", str(value))]
    assert main(["demo", "--run-dir", str(tmp_path / "demo"), "--lang=zh-CN", *flags]) == 0
    page = (tmp_path / "demo/report.html").read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in page
    capsys.readouterr()


@pytest.mark.parametrize("command", [["faults"], ["settings"], ["explain", "conflicting_labels"]])
def test_every_verb_without_a_run_gives_json(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)


def test_audit_and_split_work_alone(
    run: luthier.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = str(run.path.parent / "data.csv")
    assert main(["audit", data, "--json"]) in (0, 1)
    audit = json.loads(capsys.readouterr().out)
    assert audit["audit"]["rows"] == 120
    assert {item["fault"] for item in audit["diagnosis"]["not_checked"]}

    assert main(["split", data, "--run-dir", str(tmp_path / "s"), "--json"]) == 0
    assert sum(json.loads(capsys.readouterr().out)["splits"].values()) == 120


def test_train_goes_on_from_a_split_and_workup_from_a_trained_run(
    run: luthier.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, model = run.path.parent / "data.csv", run.path.parent / "tiny"
    settings = {**QUICK, "model.name_or_path": str(model)}
    luthier.split(data, run_dir=tmp_path / "s", settings=settings)
    trained = luthier.train(tmp_path / "s")
    assert not (trained.path / "metrics.json").exists()
    done = luthier.workup(run_dir=tmp_path / "s", resume=True)
    assert done.metrics == run.metrics


def test_resuming_a_finished_run_makes_nothing_anew(run: luthier.Run) -> None:
    heard: list[object] = []
    before = run.metrics
    weights = (run.checkpoints / "best/model.safetensors").stat().st_mtime_ns
    luthier.workup(run_dir=run.path, resume=True, listen=heard.append)
    ended = {item.verb: item for item in heard if isinstance(item, StageEnded)}
    assert ended["split"].reused
    assert ended["evaluate"].reused
    assert run.metrics == before
    assert (run.checkpoints / "best/model.safetensors").stat().st_mtime_ns == weights


def test_a_resumed_run_whose_data_changed_is_refused(
    run: luthier.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data.csv"
    data.write_bytes((run.path.parent / "data.csv").read_bytes())
    luthier.split(data, run_dir=tmp_path / "s", settings=QUICK)
    data.write_text(data.read_text(encoding="utf-8") + "新的一行 退款,退款\n", encoding="utf-8")
    assert main(["workup", "--resume", "--run-dir", str(tmp_path / "s")]) == 2
    assert "the data have changed since this run began" in capsys.readouterr().err


def test_looks_at_the_test_rows_are_counted_per_model_and_not_per_run_folder(
    run: luthier.Run,
) -> None:
    assert json.loads((run.path / "test_set_looks.json").read_text())["count"] >= 1
    luthier.evaluate(run)  # the same weights on the same rows: no new look
    first = json.loads((run.path / "test_set_looks.json").read_text())
    luthier.evaluate(run)
    assert json.loads((run.path / "test_set_looks.json").read_text()) == first
    assert ledger_path().is_file()


def test_ctrl_c_ends_with_the_best_so_far_and_a_report(run: luthier.Run, tmp_path: Path) -> None:
    data, model = run.path.parent / "data.csv", run.path.parent / "tiny"
    command = [
        sys.executable,
        "-m",
        "luthier",
        "workup",
        str(data),
        "--run-dir",
        str(tmp_path / "r"),
    ]
    command += [*QUICK_FLAGS, "--model.name_or_path", str(model)]
    command[command.index("--train.num_train_epochs") + 1] = "10000"
    command += ["--train.early_stopping_patience", "0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    best = tmp_path / "r/checkpoints/best/checkpoint.json"
    deadline = time.monotonic() + 120
    while not best.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)

    assert process.returncode in (0, 1), err
    stopped = luthier.Run(tmp_path / "r").history[-1]
    assert isinstance(stopped, Stopped)
    assert stopped.reason == "interrupted"
    assert (tmp_path / "r/report.html").is_file()
    assert "stopping after this step" in err
    assert "Traceback" not in err
    assert "macro-F1" in out


def test_after_ctrl_c_and_resume_the_figures_are_those_of_the_weights_that_ship(
    run: luthier.Run, tmp_path: Path
) -> None:
    data, model = run.path.parent / "data.csv", run.path.parent / "tiny"
    settings = {**QUICK, "model.name_or_path": str(model)}
    asked = iter([False] * 10 + [True] * 1000)
    first = luthier.workup(
        data, run_dir=tmp_path / "r", settings=settings, should_stop=lambda: next(asked)
    )
    assert isinstance(first.history[-1], Stopped)
    assert first.history[-1].reason == "interrupted"

    done = luthier.workup(run_dir=tmp_path / "r", resume=True)

    assert done.metrics == run.metrics
    shipped = json.loads((done.model / "luthier.json").read_text())["digest"]
    for split in ("train", "validation", "test"):
        assert done.predictions(split).model_digest == shipped
        assert done.metrics[split]["model_digest"] == shipped


def test_removed_predictions_are_made_again_on_resume(run: luthier.Run, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run.path, copy)
    shutil.rmtree(copy / "predictions")
    done = luthier.workup(run_dir=copy, resume=True)
    assert done.metrics == run.metrics
    assert {f.fault for f in done.diagnosis.fired} == {f.fault for f in run.diagnosis.fired}


def test_a_run_whose_settings_were_edited_is_refused(
    run: luthier.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run.path, copy)
    text = (copy / "run.yaml").read_text(encoding="utf-8")
    (copy / "run.yaml").write_text(text.replace("test_size: 0.15", "test_size: 0.3"))
    for command in (["workup", "--resume", "--run-dir", str(copy)], ["diagnose", str(copy)]):
        assert main(command) == 2
        assert "was edited after the run began" in capsys.readouterr().err


def test_predictions_of_other_rows_are_refused(
    run: luthier.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run.path, copy)
    shutil.copy(copy / "predictions/validation.parquet", copy / "predictions/test.parquet")
    assert main(["diagnose", str(copy)]) == 2
    assert "these are not the test rows" in capsys.readouterr().err


def test_a_run_is_resumed_from_any_folder(
    run: luthier.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run.path.parent)
    settings = {**QUICK, "model.name_or_path": "tiny"}
    begun = luthier.split("data.csv", run_dir=tmp_path / "r", settings=settings)
    monkeypatch.chdir(tmp_path)
    assert luthier.train(begun.path).history[-1].event == "stopped"


def test_what_was_switched_off_is_written_down(run: luthier.Run, tmp_path: Path) -> None:
    data, model = run.path.parent / "data.csv", run.path.parent / "tiny"
    settings = {**QUICK, "model.name_or_path": str(model), "evaluate.floors": False}
    done = luthier.workup(data, run_dir=tmp_path / "r", settings=settings)
    assert any("no simple rivals were fitted" in note for note in done.metrics["notes"])


def test_ctrl_c_before_training_stops_at_once_and_leaves_a_run_to_resume(
    run: luthier.Run, tmp_path: Path
) -> None:
    before = signal.getsignal(signal.SIGINT)
    stopper = Stopper()
    with stopper:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        stopper.hear(StageBegan("train"))
        stopper.hear(TrainingSaid(Started(10, 5, 2, 40, 1, 1, "digest")))
        signal.raise_signal(signal.SIGINT)
        assert stopper()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_new_run_never_touches_a_run_that_is_there(
    run: luthier.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run.path, copy)
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*")}
    for verb in ("workup", "train", "split"):
        command = [verb, str(run.path.parent / "data.csv"), "--run-dir", str(copy)]
        assert main(command) == 2
        assert "not empty" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*")} == before


def test_a_run_that_another_process_holds_is_never_removed(
    run: luthier.Run, tmp_path: Path
) -> None:
    copy = luthier.Run(tmp_path / "copy")
    shutil.copytree(run.path, copy.path)
    with copy.lock(), pytest.raises(luthier.LuthierError, match="another process"):
        luthier.workup(run_dir=copy.path, resume=True)
    assert (copy.path / "model/model.safetensors").is_file()


def test_settings_may_stand_before_the_data(
    run: luthier.Run, capsys: pytest.CaptureFixture[str]
) -> None:
    data = str(run.path.parent / "data.csv")
    assert main(["audit", "--split.seed", "3", data, "--json"]) in (0, 1)
    assert json.loads(capsys.readouterr().out)["audit"]["rows"] == 120


def test_predict_reads_another_kind_of_file_than_training_did(
    run: luthier.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.csv"
    other.write_bytes("内文;label\n我想退款;什么都行\n快递到哪;x\n".encode("gb18030"))
    flags = ["--data.encoding", "gb18030", "--data.text_column", "内文", "--data.delimiter", ";"]
    assert main(["predict", str(run.path), str(other), *flags, "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)
    assert [answer["内文"] for answer in answers] == ["我想退款", "快递到哪"]


def test_predict_takes_texts_only_as_a_list_of_them(run: luthier.Run) -> None:
    for wrong in ("退款", [], ["\udcff"], [1], 3, None, {"退款": 1}):
        with pytest.raises(luthier.LuthierError):
            run.predict(wrong)  # type: ignore[arg-type]


def test_predict_never_replaces_the_file_of_texts(run: luthier.Run, tmp_path: Path) -> None:
    texts = tmp_path / "t.csv"
    texts.write_text("text\n退款\n", encoding="utf-8")
    assert main(["predict", str(run.path), str(texts), "-o", str(texts), "--force"]) == 2
    assert texts.read_text(encoding="utf-8") == "text\n退款\n"


def test_predict_says_before_it_answers_that_no_file_can_be_written_there(
    run: luthier.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "answers"
    folder.mkdir()
    command = ["predict", str(run.path), "--text", "退款", "--force", "-o"]
    assert main([*command, str(folder)]) == 2
    told = capsys.readouterr()
    assert "is a folder, and what is written is a file" in told.err
    assert f"name a file in it: {folder / 'answers.csv'}" in told.err
    assert main([*command, "/proc/answers.csv"]) == 2
    told = capsys.readouterr()
    assert "no file can be written in /proc" in told.err
    assert told.out == ""
