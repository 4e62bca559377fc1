"""A new fault file and a new task file are covered by the contract tests with no other edit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import luthier

TESTS = Path(__file__).parent

TOY_FAULT = '''"""The very first row is repeated at the end.

## What it is

The last row of the file is equal to the first one, text and label.

## Why it hurts

It is a sign that two files were joined and that more of them repeats.

## How it is detected

The two texts are compared as they are. It is exact.

## What stays quiet

Rows that repeat elsewhere; other faults look for these.

## What to do

Look at the end of the file and at how it was made.
"""

from luthier.faults import example_evidence as example
from luthier.records import Applicability, Case, Clear, FaultInfo, Fired, Plant, Prescription

FAULT = FaultInfo("toy_fault", "X1", "First row repeated")


def detect(rows):
    texts = rows.columns["text"]
    if len(rows) > 1 and texts[0] == texts[-1]:
        return Fired("The last row is the first one.", "note", {"rows": len(rows)})
    return Clear("The last row is another one.")


def prescribe(fired):
    return (Prescription("Look at the last row.", "It is the first.", Applicability.ADVICE),)


PLANT = Plant("data", "duplicate_with_another_label", ({"share": 0.1},))
CASES = (
    Case("repeated", "firing", {"rows": example.rows(["x", "y", "x"], "aba")}, "fired"),
    Case("not repeated", "quiet", {"rows": example.rows(["x", "y"], "ab")}, "clear"),
    Case("repeated before", "near_miss", {"rows": example.rows(["x", "x", "y"], "aab")}, "clear"),
)
'''

TOY_TASK = '''"""Is it a question?"""

from luthier.tasks.text_classification import TextClassification


class IsQuestion(TextClassification):
    name = "toy_task"
    title = "Question or not"
    samples = {
        "text": ("到哪了?", "谢谢", "Where is my parcel today?", "It came, thank you very much"),
        "label": ("yes", "no", "yes", "no"),
    }


TASK = IsQuestion()
'''


@pytest.fixture
def package(tmp_path) -> Path:
    """A copy of the package's source, without caches."""
    copy = tmp_path / "src" / "luthier"
    shutil.copytree(
        Path(luthier.__file__).parent,
        copy,
        ignore=shutil.ignore_patterns("__pycache__", "*.tmp", "starter_model", "fonts"),
    )
    return copy


def contract_tests(package: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    options = ["-p", "no:cacheprovider", "-n", "0", "-v", "--rootdir", str(TESTS.parent)]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *arguments],
        cwd=TESTS.parent,
        env={**os.environ, "PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_dropped_in_fault_and_task_are_covered_and_pass(package):
    (package / "faults" / "data" / "toy_fault.py").write_text(TOY_FAULT, encoding="utf-8")
    (package / "tasks" / "toy_task.py").write_text(TOY_TASK, encoding="utf-8")
    files = [str(TESTS / "test_fault_contract.py"), str(TESTS / "test_task_contract.py")]
    done = contract_tests(package, *files)
    assert done.returncode == 0, done.stdout[-3000:]
    for covered in (
        "test_its_page_has_the_sections_in_order[toy_fault] PASSED",
        "test_its_plant_can_be_carried_out[toy_fault] PASSED",
        "test_a_case_ends_as_it_says[toy_fault: repeated before] PASSED",
        "test_the_whole_protocol_runs_on_its_samples[toy_task] PASSED",
    ):
        assert covered in done.stdout


@pytest.mark.parametrize(
    ("good", "bad", "failing"),
    [
        ("## What stays quiet", "## Silence", "test_its_page_has_the_sections_in_order[toy_fault]"),
        pytest.param(
            *("def detect(rows)", "def detect(rows, probes)"),
            "test_it_asks_for_known_evidence_by_name",
            marks=pytest.mark.slow,
        ),
        pytest.param("CASES = (", "OTHERS = (", "test_it_loads[toy_fault]", marks=pytest.mark.slow),
    ],
    ids=["a missing section", "unknown evidence", "no cases"],
)
def test_a_broken_fault_file_fails(package, good, bad, failing):
    broken = TOY_FAULT.replace(good, bad)
    (package / "faults" / "data" / "toy_fault.py").write_text(broken, encoding="utf-8")
    done = contract_tests(package, str(TESTS / "test_fault_contract.py"), "-k", "toy_fault")
    assert done.returncode == 1, done.stdout[-3000:]
    assert f"{failing}" in done.stdout.partition("short test summary")[2]
