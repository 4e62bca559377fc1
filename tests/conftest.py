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


@pytest.fixture(autouse=True)
def own_ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The test-set ledger of a test never touches the user's."""
    home = tmp_path_factory.mktemp("luthier_home")
    before = os.environ.get("LUTHIER_HOME")
    os.environ["LUTHIER_HOME"] = str(home)
    yield home
    if before is None:
        del os.environ["LUTHIER_HOME"]
    else:
        os.environ["LUTHIER_HOME"] = before
