"""A damaged run folder is named with its file and with the command that mends it."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import luthier
from luthier.cli.main import main
from luthier.errors import MachineError, RunFolderError
from luthier.records import Saved, Warned
from shop_csv import shop

QUICK = {
    "recipe": "classic",
    "train.learning_rate": 3e-3,
    "train.num_train_epochs": 3,
    "train.per_device_train_batch_size": 16,
    "train.threads": 1,
    "model.hidden_dropout_prob": 0.1,
    "evaluate.bootstrap_samples": 100,
    "evaluate.floors": False,
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> luthier.Run:
    folder = tmp_path_factory.mktemp("shop")
    data, model = shop(folder)
    settings = {**QUICK, "model.name_or_path": str(model)}
    return luthier.workup(data, run_dir=folder / "run", settings=settings)


@pytest.fixture
def run(whole: luthier.Run, tmp_path: Path) -> luthier.Run:
    shutil.copytree(whole.path, tmp_path / "run")
    return luthier.Run(tmp_path / "run")


Damage = Callable[[Path], object]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def says(text: str) -> Damage:
    return lambda path: path.write_bytes(text.encode(errors="surrogateescape"))


def without_column(name: str) -> Damage:
    def damage(path: Path) -> None:
        pq.write_table(pq.read_table(path).drop_columns([name]), path)

    return damage


def with_unknown_answers(path: Path) -> None:
    table = pq.read_table(path)
    at = table.column_names.index("prediction")
    pq.write_table(table.set_column(at, "prediction", [["无此标签"] * len(table)]), path)


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def asked(run: luthier.Run) -> object:
    return run.predict(["我要退款"])


Reading = Callable[[luthier.Run], object]
BROKEN: dict[str, tuple[str, Damage, Reading]] = {
    "metrics cut": ("metrics.json", cut, lambda run: run.metrics),
    "metrics null": ("metrics.json", says("null"), lambda run: run.metrics),
    "metrics without figures": ("metrics.json", says('{"test": {}}'), lambda run: run.evaluation),
    "metrics of another kind": ("metrics.json", says('{"test": 5}'), lambda run: run.evaluation),
    "metrics not UTF-8": ("metrics.json", says("\udcff"), lambda run: run.metrics),
    "metrics a folder": ("metrics.json", as_folder, lambda run: run.metrics),
    "diagnosis cut": ("diagnosis.json", cut, lambda run: run.diagnosis),
    "source cut": ("source.json", cut, lambda run: run.source),
    "source a list": ("source.json", says("[]"), lambda run: run.source),
    "audit cut": ("audit.json", cut, lambda run: run.audit),
    "encoding null": ("encoding.json", says("null"), lambda run: run.encoding),
    "environment a list": ("environment.json", says("[1]"), lambda run: run.environment),
    "environment without notes": (
        "environment.json",
        says('{"versions": {}, "hardware": {}, "command": "x", "notes": 3}'),
        lambda run: run.environment,
    ),
    "splits cut": ("splits.parquet", cut, lambda run: run.splits),
    "splits empty": ("splits.parquet", says(""), lambda run: run.splits),
    "splits without a column": (
        "splits.parquet",
        without_column("split"),
        lambda run: run.splits,
    ),
    "predictions cut": ("predictions/test.parquet", cut, lambda run: run.predictions("test")),
    "predictions without losses": (
        "predictions/test.parquet",
        without_column("loss"),
        lambda run: run.predictions("test"),
    ),
    "predictions without probabilities": (
        "predictions/test.parquet",
        without_column("probability_退款"),
        lambda run: run.predictions("test"),
    ),
    "predictions of other labels": (
        "predictions/test.parquet",
        with_unknown_answers,
        lambda run: run.predictions("test"),
    ),
    "manifest empty": ("model/luthier.json", says("{}"), asked),
    "manifest a list": ("model/luthier.json", says("[]"), asked),
    "weights cut": ("model/model.safetensors", cut, asked),
    "model config cut": ("model/config.json", cut, asked),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_damaged_file_is_named_with_what_is_wrong_and_what_to_type(
    name: str, run: luthier.Run
) -> None:
    file, damage, read = BROKEN[name]
    damage(run.path / file)
    with pytest.raises((RunFolderError, MachineError)) as caught:
        read(run)
    (problem,) = caught.value.problems
    assert problem.where in (str(run.path / file), str((run.path / file).parent))
    assert ": :" not in str(problem)
    assert re.search(r"luthier (workup|evaluate|diagnose) ", caught.value.next_step)


MENDED = [
    ("metrics cut", "diagnose"),
    ("metrics a folder", "diagnose"),
    ("predictions cut", "diagnose"),
    ("audit cut", "diagnose"),
    ("metrics cut", "report"),
    ("diagnosis cut", "prescribe"),
    ("diagnosis cut", "report"),
    ("source a list", "report"),
    ("splits cut", "evaluate"),
    ("weights cut", "predict"),
]


def ask(verb: str, run: luthier.Run) -> int:
    return main([verb, str(run.path), *(["--text", "我要退款"] if verb == "predict" else [])])


@pytest.mark.parametrize(("name", "verb"), MENDED)
def test_the_next_step_of_a_damaged_file_mends_it(
    name: str, verb: str, run: luthier.Run, capsys: pytest.CaptureFixture[str]
) -> None:
    file, damage, _ = BROKEN[name]
    damage(run.path / file)
    assert ask(verb, run) == 2
    message = capsys.readouterr().err
    assert "fault of Luthier" not in message
    follow(message)
    assert ask(verb, run) in (0, 1)


def follow(message: str) -> None:
    """Do what the last line says: take away what it names, then run its command."""
    step = message.rpartition("next: ")[2].strip()
    gone = re.search(r"rm -r (\S+), then", step)
    if gone:
        shutil.rmtree(gone[1]) if Path(gone[1]).is_dir() else Path(gone[1]).unlink()
    if "move it away" in step:
        shutil.rmtree(Path(message.partition("luthier: ")[2].partition(": ")[0]))
    command = re.search(r"luthier (workup|evaluate|diagnose) [^(]+", step)
    assert command, step
    assert main(shlex.split(command[0])[1:]) in (0, 1)


@pytest.mark.parametrize("damaged", ["[]", "{"])
@pytest.mark.parametrize("file", ["environment.json", "test_set_looks.json"])
def test_the_report_names_a_small_record_that_is_damaged(
    file: str, damaged: str, run: luthier.Run, capsys: pytest.CaptureFixture[str]
) -> None:
    (run.path / file).write_text(damaged)
    code = main(["report", str(run.path)])
    said = capsys.readouterr().err
    if code == 0:
        assert file in run.report.read_text(encoding="utf-8")
    else:  # a record that the settings are checked against
        assert code == 2
        assert f"{run.path / file}: cannot be read" in said


def test_every_broken_line_of_the_history_is_named_with_its_number(run: luthier.Run) -> None:
    lines = run.history_path.read_text(encoding="utf-8").splitlines()
    lines[2] = lines[2][:20]
    lines[4] = '{"event": "danced", "step": 3}'
    run.history_path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    with pytest.raises(RunFolderError) as caught:
        _ = run.history

    places = [problem.where for problem in caught.value.problems]
    assert places == [f"{run.history_path}:3", f"{run.history_path}:5"]
    assert main(["diagnose", str(run.path)]) == 2
    kept = [line for at, line in enumerate(lines) if at not in (2, 4)]
    run.history_path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    assert main(["workup", "--resume", "--run-dir", str(run.path)]) in (0, 1)


@pytest.mark.parametrize("part", ["plots", "report.html", "predictions"])
def test_a_file_where_a_folder_belongs_and_the_reverse_are_named(
    part: str, run: luthier.Run, capsys: pytest.CaptureFixture[str]
) -> None:
    path = run.path / part
    if path.is_dir():
        shutil.rmtree(path)
        path.write_text("mine")
    else:
        as_folder(path)

    assert main(["evaluate" if part == "predictions" else "report", str(run.path)]) == 2

    message = capsys.readouterr().err
    assert f"{path}: a f" in message
    assert "belongs" in message
    assert "fault of Luthier" not in message


# checkpoints that are gone ------------------------------------------------------------------------


@pytest.mark.parametrize("gone", ["checkpoints", "checkpoints/last"])
def test_checkpoints_that_are_gone_are_said_before_training_starts_again(
    gone: str, run: luthier.Run
) -> None:
    shutil.rmtree(run.path / gone)
    luthier.workup(run_dir=run.path, resume=True)
    warned = [event for event in run.history if isinstance(event, Warned)]
    assert [event.message for event in warned] == [
        "the checkpoints of this run are gone: training starts again"
    ]


def test_a_best_checkpoint_that_is_gone_is_made_again_or_refused_with_both_ways_out(
    run: luthier.Run, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = [event for event in run.history if isinstance(event, Saved)]
    last = run.path / "checkpoints/last/state.json"
    state = json.loads(last.read_text())
    shutil.rmtree(run.path / "checkpoints/best")
    if state["best_step"] == state["step"]:
        assert main(["workup", "--resume", "--run-dir", str(run.path)]) in (0, 1)
        assert (run.path / "checkpoints/best/model.safetensors").is_file()
        shutil.rmtree(run.path / "checkpoints/best")
    state["best_step"] = state["stopped"]["best_step"] = saved[0].step  # an earlier one was best
    last.write_text(json.dumps(state))

    assert main(["workup", "--resume", "--run-dir", str(run.path)]) == 2

    message = capsys.readouterr().err
    assert f"the best checkpoint, of step {saved[0].step}, is gone" in message
    assert "back from a copy, or train again" in message
    follow(message)
    assert any(isinstance(event, Warned) for event in run.history)


# the model folder ---------------------------------------------------------------------------------


def swap_labels(run: luthier.Run) -> str:
    path = run.model / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    names = config["id2label"]
    names["0"], names["1"] = names["1"], names["0"]
    path.write_text(json.dumps(config, ensure_ascii=False), encoding="utf-8")
    return "id2label does not name the labels"


def cut_length(run: luthier.Run) -> str:
    path = run.model / "tokenizer_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**config, "model_max_length": 7}), encoding="utf-8")
    return "model_max_length is 7"


def other_weights(run: luthier.Run) -> str:
    from safetensors.numpy import load_file, save_file

    path = run.model / "model.safetensors"
    tensors = load_file(path)
    tensors["classifier.bias"] = tensors["classifier.bias"] + 1
    save_file(tensors, path, metadata={"format": "pt"})
    return "these weights are not the ones that training chose"


@pytest.mark.parametrize("change", [swap_labels, cut_length, other_weights])
@pytest.mark.parametrize("verb", ["predict", "evaluate"])
def test_a_model_folder_that_differs_from_its_manifest_answers_nothing(
    change: Callable[[luthier.Run], str],
    verb: str,
    run: luthier.Run,
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = change(run)
    assert ask(verb, run) == 2
    message = capsys.readouterr().err
    assert said in message
    if verb == "predict":
        follow(message)
        assert ask(verb, run) == 0


# the contract -------------------------------------------------------------------------------------


def test_the_page_of_the_run_folder_names_every_plot_and_key_of_the_environment(
    whole: luthier.Run,
) -> None:
    page = (Path(__file__).parents[1] / "docs" / "run-folder.md").read_text(encoding="utf-8")
    plots = [path.name for path in whole.plots.iterdir()]
    assert plots
    assert not [name for name in [*plots, *whole.environment] if f"`{name}`" not in page]


# without torch ------------------------------------------------------------------------------------

WITHOUT_TORCH = """
import sys
from importlib.abc import MetaPathFinder
class Nothing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in ('torch', 'transformers'):
            raise ModuleNotFoundError(f'No module named {name!r}', name=name)
sys.meta_path.insert(0, Nothing())
from luthier.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("verb", ["train", "evaluate", "predict"])
def test_without_torch_the_verbs_that_need_it_say_what_to_install(
    verb: str, run: luthier.Run, tmp_path: Path
) -> None:
    data = json.loads((run.path / "source.json").read_text(encoding="utf-8"))["files"][0]["path"]
    new = tmp_path / "new" / "run"
    words = {
        "train": ["train", data, "--run-dir", str(new)],
        "evaluate": ["evaluate", str(run.path)],
        "predict": ["predict", str(run.path), "--text", "我要退款"],
    }
    source = str(Path(luthier.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, *words[verb]],
        env={**os.environ, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "fault of Luthier" not in done.stderr
    assert "torch: this package is not installed" in done.stderr
    assert "next: pip install " in done.stderr
    assert not new.parent.exists()
