"""The code keeps its shape: small files, small functions, and a package that is light to import."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import luthier

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "luthier"

LONGEST_FILE = 300
LONGEST_FUNCTION = 40

# name -> why it may be longer; an entry that is no longer needed fails the test
LONGER_FILES = {
    "run_folder.py": "the whole contract of the run folder in one place",
    "reporting/told.py": "one grammar of sentences, each rule leaning on the next",
    "settings.py": "every setting in one place, read as documentation",
}
LONGER_FUNCTIONS: dict[str, str] = {
    "stages/report.py:gather": "a list: each thing that a report may hold, one line each",
}

IMPORTED = """
import sys
import {module}
print(*sorted({{name.partition('.')[0] for name in sys.modules}} & {{'torch', 'transformers'}}))
"""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and length of each function in lines, its docstring left out."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            lines = node.end_lineno - node.lineno + 1
            if ast.get_docstring(node) is not None:
                docstring = node.body[0]
                assert docstring.end_lineno is not None
                lines -= docstring.end_lineno - docstring.lineno + 1
            yield f"{path.relative_to(PACKAGE).as_posix()}:{node.name}", lines


def test_no_file_is_long_without_a_reason():
    lengths = {
        path.relative_to(PACKAGE).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in modules()
    }
    long = {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE}
    assert long.keys() == LONGER_FILES.keys(), f"longer than {LONGEST_FILE} lines: {long}"


def test_no_function_is_long_without_a_reason():
    lengths = dict(found for path in modules() for found in functions(path))
    long = {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION}
    assert long.keys() == LONGER_FUNCTIONS.keys(), f"longer than {LONGEST_FUNCTION} lines: {long}"


@pytest.mark.parametrize("name", ["utils.py", "util.py", "helpers.py", "misc.py", "common.py"])
def test_no_file_is_a_drawer_for_everything(name):
    assert not [path for path in modules() if path.name == name]


def test_every_folder_of_the_package_is_a_package_with_a_sentence():
    for folder in sorted({path.parent for path in modules()}):
        init = folder / "__init__.py"
        assert init.is_file(), f"{folder.relative_to(PACKAGE)} has no __init__.py"
        assert ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))), str(init)


def torch_free() -> list[str]:
    """What must be importable where no torch is installed (pyproject.toml says the same)."""
    files = [*PACKAGE.glob("*.py"), *PACKAGE.glob("stages/*.py")]
    folders = ("records", "faults", "reporting", "tasks", "sample", "cli")
    files += [path for folder in folders for path in (PACKAGE / folder).rglob("*.py")]
    allowed = {"encode", "train", "evaluate", "predict"}
    files = [p for p in files if p.parent.name != "stages" or p.stem not in allowed]
    return [dotted(path) for path in sorted(files) if path.stem != "__main__"]


def dotted(path: Path) -> str:
    name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    return name.removesuffix(".__init__")


def imports_of(module: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED.format(module=module)],
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_importing_luthier_imports_neither_torch_nor_transformers():
    assert imports_of("luthier") == []


def test_whatever_reads_and_judges_a_run_imports_neither_torch_nor_transformers():
    assert imports_of(", ".join(torch_free())) == []


def test_no_public_name_is_also_a_module():
    """A module of the same name would take the function's place once it is imported."""
    modules_here = {path.stem for path in PACKAGE.glob("*.py")}
    modules_here |= {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert not modules_here & set(luthier.__all__)
