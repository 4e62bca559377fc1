"""Threads spin where the cores are free and sleep at once where other programs use them."""

import os
import signal
import subprocess
import sys

import pytest

from luthier.kit import openmp

SPIN = "import os; print(os.getpid(), flush=True)\nwhile True: pass"


@pytest.fixture
def no_policy(monkeypatch):
    monkeypatch.delenv(openmp.POLICY, raising=False)
    return monkeypatch


@pytest.mark.parametrize(("used", "expected"), [(0.1, None), (1.0, "PASSIVE")])
def test_threads_sleep_at_once_only_beside_other_programs(no_policy, used, expected):
    no_policy.setattr(openmp, "cores_used_by_others", lambda: used)
    openmp.choose_policy()
    assert os.environ.get(openmp.POLICY) == expected


def test_what_the_user_has_set_is_kept_and_the_cores_are_not_looked_at(no_policy):
    no_policy.setenv(openmp.POLICY, "ACTIVE")
    no_policy.setattr(openmp, "cores_used_by_others", lambda: pytest.fail("looked"))
    openmp.choose_policy()
    assert os.environ[openmp.POLICY] == "ACTIVE"


def test_where_the_system_does_not_say_torch_is_left_as_it_comes(no_policy):
    def refused() -> float:
        raise PermissionError

    no_policy.setattr(openmp, "cores_used_by_others", refused)
    openmp.choose_policy()
    assert openmp.POLICY not in os.environ


def test_a_program_of_somebody_else_is_seen():
    """Its parent has ended, so it is none of ours."""
    command = ["sh", "-c", f'"{sys.executable}" -c "{SPIN}" & ']
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as begun:
        spinning = int(begun.stdout.readline())
        try:
            assert openmp.cores_used_by_others(0.5) > 0.2
        finally:
            os.kill(spinning, signal.SIGKILL)


def test_work_of_our_own_and_of_our_helpers_is_not_taken_for_that_of_others(monkeypatch):
    used = iter([100.0, 101.5])
    own = iter([{1: 50.0, 2: 7.0, 3: 9.0}, {1: 50.5, 2: 7.8, 4: 0.1}])  # 3 ended, 4 began
    monkeypatch.setattr(openmp, "_of_all", lambda: next(used))
    monkeypatch.setattr(openmp, "_of_own", lambda: next(own))
    clock = iter([0.0, 1.0])
    monkeypatch.setattr(openmp.time, "perf_counter", lambda: next(clock))
    assert openmp.cores_used_by_others(0.0) == pytest.approx(0.1)
