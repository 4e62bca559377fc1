"""What a later step needs is imported while this one computes."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from luthier.kit.import_meanwhile import import_meanwhile


def in_a_fresh_process(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_module_is_there_when_the_block_has_ended() -> None:
    code = (
        "import sys\n"
        "from luthier.kit.import_meanwhile import import_meanwhile\n"
        "with import_meanwhile('wave', 'json'):\n"
        "    pass\n"
        "print('wave' in sys.modules)"
    )
    assert in_a_fresh_process(code) == "True"


def test_a_module_that_cannot_be_imported_is_left_to_the_step_that_needs_it() -> None:
    with import_meanwhile("no_such_module_anywhere", "json"):
        pass
    with pytest.raises(ImportError):
        __import__("no_such_module_anywhere")


def test_no_thread_outlives_a_block_that_fails() -> None:
    with pytest.raises(KeyError), import_meanwhile("no_such_module_anywhere", "json"):
        raise KeyError
    assert not [t for t in threading.enumerate() if t.name == "importing"]


def test_what_is_imported_already_starts_no_thread() -> None:
    before = threading.active_count()
    with import_meanwhile("sys", "no_such_module_anywhere"):
        assert threading.active_count() == before
