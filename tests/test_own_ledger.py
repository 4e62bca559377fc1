"""No test counts looks in the user's ledger, nor in that of another module."""

from __future__ import annotations

from pathlib import Path

import pytest

from luthier.ledger import ledger_path, record_look


@pytest.fixture(scope="module")
def ledger_of_shared_runs() -> Path:
    record_look("rows", "one model", "evaluate")
    return ledger_path()


def test_looks_of_a_run_that_a_module_shares_are_counted_apart(
    ledger_of_shared_runs: Path, own_ledger_of_the_module: Path, own_ledger: Path
) -> None:
    assert ledger_of_shared_runs.parent == own_ledger_of_the_module
    assert ledger_path().parent == own_ledger
    assert record_look("rows", "another model", "evaluate").count == 1
