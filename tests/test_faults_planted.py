"""The planting bench works: the heaviest plant of every fault is found, a healthy run is not."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from luthier.faults import all_faults
from luthier.stages.diagnose import diagnose

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SEED = 101


@pytest.fixture
def bench(monkeypatch):
    """Import a module of benchmarks/."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


@pytest.mark.parametrize("fault", all_faults(), ids=lambda fault: fault.id)
def test_a_planted_fault_is_found(fault, bench):
    plant = fault.module.PLANT
    operator = bench(f"plants.{plant.operator}")
    severity = 1 if fault.id == "overfitting_or_too_few_labels" else -1
    trial = operator.plant(SEED, **plant.severities[severity])
    assert fault.id in trial.present, trial.name
    diagnosis = diagnose(trial.evidence)
    fired = {finding.fault for finding in diagnosis.fired}
    assert fault.id in fired
    assert not fired & set(plant.must_not)
    assert diagnosis.crashed == ()


def test_a_healthy_run_raises_no_alarm(bench):
    controls = dict(bench("controls").controls(1))
    trial = next(make for name, make in controls.items() if name.startswith("pairs"))()
    assert len(trial.absent) >= 5
    fired = {finding.fault for finding in diagnose(trial.evidence).fired}
    assert not fired & trial.absent


def test_the_pages_of_the_faults_are_current():
    """docs/faults/ is made from the fault files; scripts/gen_fault_docs.py makes it again."""
    script = BENCHMARKS.parent / "scripts" / "gen_fault_docs.py"
    scope: dict = {"__file__": str(script), "__name__": "gen_fault_docs"}
    exec(compile(script.read_text(encoding="utf-8"), str(script), "exec"), scope)
    folder = BENCHMARKS.parent / "docs" / "faults"
    present = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    assert present == scope["pages"]()
    assert "gen_fault_docs" not in sys.modules
