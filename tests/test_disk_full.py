"""A full disk and other refusals of the machine: one message, nothing lost, resume goes on."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import luthier
from luthier.cli.main import main
from luthier.errors import MachineError
from luthier.machine_errors import machine_error, machine_errors_named
from shop_csv import shop

resource = pytest.importorskip("resource", reason="limits on file sizes are of Unix")

FLAGS = [
    *("--recipe", "classic", "--train.num_train_epochs", "2", "--train.threads", "1"),
    *("--train.learning_rate", "3e-3", "--train.per_device_train_batch_size", "16"),
    *("--model.hidden_dropout_prob", "0.1", "--evaluate.bootstrap_samples", "100"),
    *("--evaluate.floors", "false"),
]


@contextlib.contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """The system refuses to let any file of this process grow beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.name.endswith((".tmp", ".old"))]


@pytest.mark.parametrize(
    "size", [200, *(pytest.param(size, marks=pytest.mark.slow) for size in (20_000, 90_000))]
)
def test_a_run_on_a_full_disk_says_so_and_is_resumed_when_there_is_room(
    size: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, model = shop(tmp_path)
    run = tmp_path / "runs" / "shop run"
    command = ["workup", str(data), "--run-dir", str(run), "--model.name_or_path", str(model)]
    with files_of_at_most(size):
        assert main([*command, *FLAGS]) == 2

    message = capsys.readouterr().err
    assert "the disk is full" in message
    assert str(run) in message
    assert "fault of Luthier" not in message
    assert not leftovers(tmp_path)
    if (run / "run.yaml").exists():
        step = message.rpartition(", then: ")[2].strip()
        assert step == f"luthier workup --resume --run-dir '{run}'"
        again = shlex.split(step)[1:]
    else:
        assert "then: the same command again" in message
        again = [*command, *FLAGS]
    assert main(again) in (0, 1)
    assert (run / "report.html").is_file()


def test_in_python_a_full_disk_is_an_error_of_luthier(tmp_path: Path) -> None:
    data, model = shop(tmp_path)
    settings = {"model.name_or_path": str(model), "train.num_train_epochs": 1}
    with files_of_at_most(20_000), pytest.raises(MachineError, match="the disk is full"):
        luthier.train(data, run_dir=tmp_path / "run", settings=settings)
    assert (tmp_path / "run/run.yaml").is_file()


def test_a_really_full_disk_is_named(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with (
        pytest.raises(MachineError, match="the disk is full") as caught,
        machine_errors_named(),
        full.open("w") as stream,
    ):
        stream.write("x")
    assert caught.value.next_step == "free some space there, then: the same command again"


def test_output_to_a_full_disk_is_no_fault_of_luthier(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "luthier", "settings"],
            env={**os.environ, "PYTHONPATH": str(Path(luthier.__file__).parents[1])},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.startswith("luthier: the disk is full")
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def mounted_small(folder: Path, options: str) -> bool:
    """Whether a file system in memory could be put on `folder` (it takes an administrator)."""
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        return False
    command = [mount, "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if not mounted_small(folder, "size=600k"):
        pytest.skip("mounting a file system takes an administrator")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_run_on_a_small_disk_ends_with_one_message_and_goes_on_after_it_grows(
    small_disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, model = shop(tmp_path)
    run = small_disk / "run"
    command = ["workup", str(data), "--run-dir", str(run), "--model.name_or_path", str(model)]
    assert main([*command, *FLAGS]) == 2
    message = capsys.readouterr().err
    assert "luthier: " in message
    assert "the disk is full" in message
    assert "fault of Luthier" not in message
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert main(["workup", "--resume", "--run-dir", str(run)]) in (0, 1)
    assert not leftovers(run)


def test_a_read_only_disk_is_named(
    small_disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, _ = shop(tmp_path)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert main(["split", str(data), "--run-dir", str(small_disk / "run")]) == 2
    message = capsys.readouterr().err
    assert f"{small_disk / 'run'}: this file system is read-only" in message
    assert "fault of Luthier" not in message


@pytest.mark.skipif(os.geteuid() == 0, reason="an administrator may write everywhere")
def test_a_folder_without_permission_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, _ = shop(tmp_path)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    assert main(["split", str(data), "--run-dir", str(closed / "run")]) == 2
    message = capsys.readouterr().err
    assert f"{closed / 'run'}: permission denied" in message


def test_a_file_on_the_way_to_the_run_folder_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, _ = shop(tmp_path)
    (tmp_path / "runs").write_text("mine")
    assert main(["split", str(data), "--run-dir", str(tmp_path / "runs/shop")]) == 2
    message = capsys.readouterr().err
    assert f"{tmp_path / 'runs'}" in message
    assert "a file stands where a folder belongs" in message


def open_many(path: Path, opened: contextlib.ExitStack) -> None:
    with machine_errors_named():
        for _ in range(100):
            opened.enter_context(path.open())


def test_too_many_open_files_are_named(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    path = tmp_path / "x"
    path.write_text("")
    with contextlib.ExitStack() as opened:
        opened.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
        with pytest.raises(MachineError, match="too many files are open"):
            open_many(path, opened)


def test_the_code_in_the_message_of_a_rust_library_counts() -> None:
    error = RuntimeError("I/O error: No space left on device (os error 28)")
    named = machine_error(error, at=Path("runs/x/checkpoints"))
    assert named is not None
    assert str(named.problems[0]) == "runs/x/checkpoints: the disk is full"


def test_a_temporary_file_is_named_as_what_it_stands_for(tmp_path: Path) -> None:
    temporary = tmp_path / ".last.ab12cd_9.tmp" / "model.safetensors"
    named = machine_error(OSError(errno.ENOSPC, "No space left", str(temporary)))
    assert named is not None
    assert named.problems[0].where == str(tmp_path / "last" / "model.safetensors")


def test_an_own_mistake_stays_one() -> None:
    assert machine_error(KeyError("x")) is None
    assert machine_error(FileNotFoundError(errno.ENOENT, "No such file", "x")) is None
