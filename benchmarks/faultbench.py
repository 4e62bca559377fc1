"""Plant every fault at every severity, run healthy controls, and write down who was right.

    python benchmarks/faultbench.py             all of it, a few minutes on two cores
    python benchmarks/faultbench.py --seeds 2   a quick look; writes nothing

Writes benchmarks/results/faultbench.json (every trial) and src/luthier/faults/track_record.json
(what each finding shows as its track record). A plant counts only if fresh rows show the fault to
be there, a control only if they show it to be absent. "Cannot tell" is no hit and no alarm.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

from scipy.stats import binomtest

from controls import controls
from luthier.faults import all_faults, get_fault
from luthier.run_folder import write_json
from luthier.stages.diagnose import diagnose

ROOT = Path(__file__).parents[1]
SEEDS, CONTROL_SEEDS = 10, 10
FIRST_SEED = 100
"""Limits in the fault files were chosen looking at seeds 0 to 9; no seed below this is reported."""

MEASURED_ON = (
    "made-up languages in Chinese and Latin script with a softmax regression in the place of the "
    "fine-tuned model, and the embedded sample"
)


def planted(job: tuple[str, int, int]) -> dict[str, Any]:
    """Run one plant: fault id, index of the severity, seed."""
    fault_id, severity, seed = job
    module = get_fault(fault_id).module
    assert module is not None
    arguments = dict(module.PLANT.severities[severity])
    operator = importlib.import_module(f"plants.{module.PLANT.operator}")
    trial = operator.plant(seed, **arguments)
    outcome = _outcomes(trial.evidence)
    return {
        "fault": fault_id,
        "severity": arguments,
        "seed": seed,
        "name": trial.name,
        "valid": fault_id in trial.present,
        "outcome": outcome,
        "present": sorted(trial.present),
        "absent": sorted(trial.absent),
    }


def control(job: tuple[str, int]) -> dict[str, Any]:
    """Run one healthy control: its name, and how many seeds there are."""
    name, seeds = job
    trial = dict(controls(seeds))[name]()
    return {"name": name, "absent": sorted(trial.absent), "outcome": _outcomes(trial.evidence)}


def _outcomes(evidence: dict[str, Any]) -> dict[str, str]:
    """Fault -> `fired high`, `clear`, `not_checked` or `crashed`."""
    diagnosis = diagnose(evidence)
    found = {
        f.fault: f"fired {f.severity} {f.measured.get('kind', '')}".strip() for f in diagnosis.fired
    }
    found |= {fault.fault: "clear" for fault in diagnosis.clear}
    found |= {fault.fault: f"not_checked: {fault.needs}" for fault in diagnosis.not_checked}
    return found | {fault.fault: f"crashed: {fault.error}" for fault in diagnosis.crashed}


def track_record(
    fault_id: str,
    forbidden: Sequence[str],
    plants: list[dict[str, Any]],
    healthy: list[dict[str, Any]],
) -> dict[str, Any]:
    """Hits among valid plants, false alarms where the fault is known absent, with intervals."""
    must_not = [
        f"{other} on: {plant['name']}"
        for plant in plants
        if plant["fault"] == fault_id
        for other in forbidden
        if plant["outcome"][other].startswith("fired")
    ]
    own = [plant for plant in plants if plant["fault"] == fault_id and plant["valid"]]
    quiet = [trial for trial in healthy if fault_id in trial["absent"]]
    answers = [plant["outcome"][fault_id] for plant in own]
    hits = sum(answer.startswith("fired") for answer in answers)
    alarms = sum(trial["outcome"][fault_id].startswith("fired") for trial in quiet)
    return {
        "planted": len(own),
        "hits": hits,
        "cannot_tell": sum(answer.startswith("not_checked") for answer in answers),
        "recall": _share(hits, len(own)),
        "healthy": len(quiet),
        "false_alarms": alarms,
        "false_alarm_rate": _share(alarms, len(quiet)),
        "fired_though_forbidden": must_not,
        "measured_on": MEASURED_ON,
    }


def _share(count: int, n: int) -> list[float] | None:
    """Value and Clopper-Pearson 95 % interval (Clopper & Pearson 1934); None where n is 0."""
    if not n:
        return None
    interval = binomtest(count, n).proportion_ci(0.95, method="exact")
    return [round(x, 4) for x in (count / n, float(interval.low), float(interval.high))]


def main() -> int:
    """Run everything, print the table, write the files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=SEEDS, help="seeds per fault and severity")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    full = options.seeds == SEEDS
    control_seeds = CONTROL_SEEDS if full else 1
    jobs = [
        (fault.id, severity, seed)
        for fault in all_faults()
        if fault.module
        for seed in range(FIRST_SEED, FIRST_SEED + options.seeds)
        for severity in range(len(fault.module.PLANT.severities))
    ]
    start = time.perf_counter()
    with ProcessPoolExecutor(options.processes) as pool:
        plants = list(pool.map(planted, jobs, chunksize=4))
        names = [(name, control_seeds) for name, _ in controls(control_seeds)]
        healthy = list(pool.map(control, names, chunksize=2))
    records = {
        fault.id: track_record(fault.id, fault.module.PLANT.must_not, plants, healthy)
        for fault in all_faults()
        if fault.module
    }
    for fault_id, record in records.items():
        print(
            f"{fault_id:30} hits {record['hits']:3}/{record['planted']:3} {record['recall']}  "
            f"cannot tell {record['cannot_tell']}  false alarms "
            f"{record['false_alarms']}/{record['healthy']} {record['false_alarm_rate']}  "
            f"fired though forbidden: {len(record['fired_though_forbidden'])}"
        )
    print(f"{len(plants)} plants, {len(healthy)} controls, {time.perf_counter() - start:.0f} s")
    if full:
        write_json(
            ROOT / "benchmarks/results/faultbench.json",
            {"faults": records, "plants": plants, "controls": healthy},
        )
        write_json(ROOT / "src/luthier/faults/track_record.json", {"faults": records})
    return 0


if __name__ == "__main__":
    sys.exit(main())
