"""kill -9 at any moment, then --resume: the same model and the same figures."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import luthier
from luthier.records import Stepped
from shop_csv import shop

SETTINGS = {
    "recipe": "classic",
    "train.learning_rate": "3e-3",
    "train.num_train_epochs": "6",
    "train.per_device_train_batch_size": "4",
    "train.early_stopping_patience": "0",
    "train.save_steps": "7",
    "train.threads": "1",
    "model.hidden_dropout_prob": "0.1",
    "evaluate.bootstrap_samples": "100",
}


def begin(data: Path, model: Path, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "luthier", "workup"]
    if (folder / "run.yaml").exists():
        command += ["--resume", "--run-dir", str(folder)]
    else:
        command += [str(data), "--run-dir", str(folder), "--model.name_or_path", str(model)]
        command += [word for name, value in SETTINGS.items() for word in (f"--{name}", value)]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )


def finish(process: subprocess.Popen[str]) -> None:
    _, err = process.communicate(timeout=250)
    assert process.returncode in (0, 1), err


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_killed_ten_times_ends_with_the_same_model_and_figures(tmp_path: Path) -> None:
    data, model = shop(tmp_path, rows=160)
    began = time.monotonic()
    finish(begin(data, model, tmp_path / "calm"))
    whole = time.monotonic() - began

    moments = random.Random(2)
    killed = 0
    while killed < 10:
        process = begin(data, model, tmp_path / "stormy")
        # from the imports to the report: a resumed process works on, and dies where it may
        time.sleep(whole * moments.uniform(0.2, 0.75))
        if process.poll() is not None:
            finish(process)
            continue  # it was quicker than the kill; a finished run may be resumed and killed too
        process.send_signal(signal.SIGKILL)
        process.communicate()
        killed += 1
    finish(begin(data, model, tmp_path / "stormy"))

    calm, stormy = luthier.Run(tmp_path / "calm"), luthier.Run(tmp_path / "stormy")
    assert digest(stormy) == digest(calm)
    assert stormy.metrics == calm.metrics
    steps = [event.step for event in stormy.history if isinstance(event, Stepped)]
    assert steps == [event.step for event in calm.history if isinstance(event, Stepped)]
    assert not [path for path in stormy.path.rglob("*") if path.name.endswith((".tmp", ".old"))]


def digest(run: luthier.Run) -> str:
    value: str = json.loads((run.checkpoints / "best/checkpoint.json").read_text())["digest"]
    return value
