"""What every test stands on: no network, one thread per worker, a ledger of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# before torch is imported anywhere: workers times threads must not exceed the cores
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["LC_ALL"] = "C.UTF-8"  # reports speak the language of the locale


@pytest.fixture(scope="module", autouse=True)
def own_ledger_of_the_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A run that a module's tests share is made before any test's own ledger stands.

    Without this its looks would be counted with those of other modules, whose rows are the same.
    """
    home = tmp_path_factory.mktemp("luthier_home_of_the_module")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LUTHIER_HOME", str(home))
        yield home


@pytest.fixture(autouse=True)
def own_ledger(
    own_ledger_of_the_module: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """The test-set ledger of a test never touches the user's."""
    home = tmp_path_factory.mktemp("luthier_home")
    monkeypatch.setenv("LUTHIER_HOME", str(home))
    return home
