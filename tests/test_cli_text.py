"""What the commands print for people, and how a process ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from fake_runs import make_run
from luthier.cli.main import VERBS, main
from luthier.cli.progress import PlainLines
from luthier.cli.results import diagnosis_lines, exit_code, score_lines
from luthier.cli.terminal import say
from luthier.records import (
    CrashedFault,
    Diagnosis,
    Evaluated,
    Finding,
    Note,
    Severity,
    StageBegan,
    StageEnded,
    StageSaid,
    Started,
    TrainingSaid,
    Warned,
)


def test_the_score_stands_beside_its_rivals(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    assert score_lines(make_run(tmp_path / "run")[0]) == snapshot


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["workp", "data.csv"], "there is no verb 'workp'; did you mean 'workup'?"),
        (["xyz"], "there is no verb 'xyz'; the verbs are demo, workup, audit"),
        (["."], "the verb is missing before .\nnext: luthier workup ."),
    ],
)
def test_a_word_that_is_no_verb_is_answered_with_the_verb_that_was_meant(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "luthier: VERB: is missing; choose from demo, workup, audit"),
        (["prescribe"], "RUN: is missing; run folder, such as runs/demo\n"),
        (["diagnose", "r", "--fail-on", "hig"], "'hig' is no choice; did you mean 'high'?\n"),
        (["faults", "--lang", "fr"], "'fr' is no choice; choose from en, zh-CN, zh-TW\n"),
        (["diagnose", "--fail-on"], "--fail-on: has no value; lowest severity that"),
        (["predict", "r", "--max-loss", "x"], "--max-loss: 'x' is no number\n"),
        (["faults", "--json=3"], "--json: takes no value, but '3' is given\n"),
        (["--lang", "zh-TW", "workuo"], "沒有 'workuo' 這個指令；是不是 'workup'？\n"),
        (["--lang", "zh-TW", "prescribe"], "RUN：缺少；執行資料夾"),
        (["--lang", "zh-CN", "predict", "r", "--max-loss", "x"], "--max-loss：'x' 不是数字\n"),
    ],
)
def test_a_wrong_argument_is_named_with_what_to_type(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.rstrip().endswith("--help")
    assert "usage:" not in shown


def test_a_wrong_argument_is_an_error_in_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prescribe", "--json"]) == 2
    assert capsys.readouterr().out.startswith('{"error": "SettingsError"')


def test_json_may_stand_before_the_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "explain", "conflicting_labels"]) == 0
    assert capsys.readouterr().out.startswith(("{", '"'))
    assert main(["--json", "workp"]) == 2
    assert capsys.readouterr().out.startswith('{"error"')


def test_findings_come_with_their_cure_and_what_was_not_checked(
    tmp_path: Path, snapshot: SnapshotAssertion
) -> None:
    assert diagnosis_lines(make_run(tmp_path / "run")[0].diagnosis) == snapshot


def test_prescribe_says_what_and_why(
    tmp_path: Path, snapshot: SnapshotAssertion, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "run")[0]
    assert main(["prescribe", str(run.path)]) == 0
    assert capsys.readouterr().out == snapshot


def test_progress_in_plain_lines(
    snapshot: SnapshotAssertion, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = {"loss": 0.5, "macro_f1": 0.75}
    lines = PlainLines()
    for progress in (
        StageBegan("train"),
        StageSaid("train", Note("cut", "3 rows were cut")),
        TrainingSaid(Started(100, 10, 10, 320, 5, 7, "digest")),
        TrainingSaid(Started(100, 10, 10, 320, 5, 7, "digest", resumed_from_step=40)),
        TrainingSaid(Evaluated(10, 1.0, figures, figures, 320, 60, True, 0.1)),
        TrainingSaid(Warned(10, "the sample is small")),
        StageEnded("train", "best after step 10", 12.34),
        StageEnded("evaluate", "macro-F1 0.7", 0.1, reused=True),
    ):
        lines(progress)
    out, err = capsys.readouterr()
    assert out == ""
    assert err == snapshot


def finding(severity: Severity) -> Finding:
    return Finding("f", "F", severity, "m", {}, {}, (), ())


@pytest.mark.parametrize(
    ("severity", "fail_on", "code"),
    [
        ("high", "high", 1),
        ("medium", "high", 0),
        ("medium", "medium", 1),
        ("note", "note", 1),
        ("high", "never", 0),
    ],
)
def test_the_exit_code_follows_the_worst_finding(severity: Severity, fail_on, code: int) -> None:
    assert exit_code(Diagnosis(fired=(finding(severity),)), fail_on) == code


def test_a_crashed_detector_makes_the_exit_code_2() -> None:
    crashed = Diagnosis(crashed=(CrashedFault("f", "F", "KeyError: 'x'"),))
    assert exit_code(crashed, "never") == 2
    assert exit_code(Diagnosis(), "note") == 0


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    assert f"usage: luthier {verb}" in capsys.readouterr().out


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from luthier.cli.main import build_parser\n"
        "build_parser().format_help()\n"
        "heavy = {'torch', 'transformers', 'pydantic', 'rich', 'numpy', 'yaml', 'pyarrow'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_text_from_the_data_never_steers_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    say(["退款 \x1b[31m", "\u202egnol"])
    assert capsys.readouterr().out == "退款 \\x1b[31m\n\\u202egnol\n"
