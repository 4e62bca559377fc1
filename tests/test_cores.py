"""Work on the machine's other cores gives what one core gives."""

import json
import os
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from luthier.evidence.out_of_fold import out_of_fold
from luthier.kit.cores import WORTH_A_PROCESS, meanwhile, on_all_cores

LONG, SHORT = 2 * WORTH_A_PROCESS, 0.1


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    monkeypatch.setattr("luthier.kit.cores.cpu_count", lambda: 2)


def test_long_work_is_done_by_other_processes_in_its_order():
    found = on_all_cores(divmod, [(n, 3) for n in range(5)], LONG)
    assert found == [divmod(n, 3) for n in range(5)]
    assert os.getpid() not in on_all_cores(os.getpid, [(), ()], LONG)


def test_short_work_stays_in_this_process():
    assert set(on_all_cores(os.getpid, [(), ()], SHORT)) == {os.getpid()}
    assert meanwhile(os.getpid, SHORT)() == os.getpid()


def test_one_core_does_all_by_itself(monkeypatch):
    monkeypatch.setattr("luthier.kit.cores.cpu_count", lambda: 1)
    assert set(on_all_cores(os.getpid, [(), ()], LONG)) == {os.getpid()}
    assert meanwhile(os.getpid, LONG)() == os.getpid()


def test_meanwhile_another_process_works():
    assert meanwhile(os.getpid, LONG)() != os.getpid()


def test_what_goes_wrong_there_is_raised_here():
    with pytest.raises(ZeroDivisionError):
        on_all_cores(divmod, [(1, 0), (1, 0)], LONG)
    with pytest.raises(ZeroDivisionError):
        meanwhile(partial(divmod, 1, 0), LONG)()


def test_out_of_fold_answers_are_the_same_on_all_cores(monkeypatch):
    texts = [f"{word} number {i}" for i in range(40) for word in ("red", "green", "blue")]
    labels = np.arange(120) % 3
    here = out_of_fold(np.arange(120), texts, labels, ("r", "g", "b"))
    monkeypatch.setattr("luthier.evidence.out_of_fold.SECONDS_PER_WEIGHT", 1.0)
    there = out_of_fold(np.arange(120), texts, labels, ("r", "g", "b"))
    assert np.array_equal(here.linear.probabilities, there.linear.probabilities)


def test_the_command_leaves_no_helper_and_no_warning_behind(tmp_path):
    """Helpers that idle on, and their folders, were reported as leaked by joblib."""
    script = tmp_path / "helped.py"
    script.write_text(
        "import operator, os\n"
        "from luthier.cli import main as cli\n"
        "from luthier.kit import cores\n"
        "def helped():\n"
        "    cores.cpu_count = lambda: 2\n"
        "    print(cores.on_all_cores(os.getpid, [(), ()], cores.WORTH_A_PROCESS))\n"
        "    return 1\n"
        "if __name__ == '__main__':\n"
        "    cli.main = helped\n"
        "    cli.command()\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 1
    for helper in json.loads(done.stdout):
        with pytest.raises(ProcessLookupError):
            os.kill(helper, 0)
