"""The trials of faultbench: what is run, where, and what the doctor said to it."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from controls import controls
from luthier.faults import all_faults, get_fault
from luthier.records import Rows
from luthier.stages.diagnose import diagnose
from place import Place, Substrate, planted_at, substrate_named, why_not
from run_cache import recorded
from trials import Trial
from whole_evidence import whole

FEW_ROWS = 48
"""Rows of a trial of abstention: too few for nearly every statistical check."""

CHOOSING_SEEDS = 2
"""Seeds on substrates that limits were chosen on: a look beside the reported ones."""

TOGETHER = (
    ("wrong_labels", "train_test_duplicates"),
    ("wrong_labels", "repeated_rows"),
    ("conflicting_labels", "shortcut_mark"),
    ("confused_labels", "label_shares_differ"),
    ("junk_rows", "wrong_labels"),
    ("junk_rows", "train_test_duplicates"),
    ("shortcut_mark", "unknown_tokens"),
    ("junk_rows", "label_shares_differ"),
)
"""Two faults at once: the second is planted in the rows that the first one left."""

REAL_ROWS_DO_NOT_RULE_OUT = frozenset(
    {
        "wrong_labels",
        "target_above_ceiling",
        "confused_labels",
        "shared_vocabulary",
        "shortcut_mark",
        "junk_rows",
        "weak_slice",
        "near_duplicate_leak",
        "repeated_rows",
        "unknown_tokens",
    }
)
"""On real rows nobody knows whether these are absent: their findings are read, not counted."""

Kind = Literal["plant", "control", "few rows", "together"]


@dataclass(frozen=True)
class Job:
    """One trial; `fault` is the planted one, or the name of a control."""

    kind: Kind
    substrate: str
    fault: str
    seed: int
    severity: int = 0
    second: str = ""


def run_job(job: Job) -> dict[str, Any]:
    """Run a trial, or take it from the cache, and ask the doctor."""
    began = time.perf_counter()
    try:
        (trial, made), cached = recorded(
            asdict(job) | _arguments(job), _operators(job), _maker(job)
        )
    except Exception as error:  # noqa: BLE001 - a plant that does not fit the rows is a result
        return asdict(job) | {"failed": f"{type(error).__name__}: {str(error)[:200]}"}
    seconds = time.perf_counter() - began
    result = asdict(job) | {
        "name": trial.name,
        "arguments": _arguments(job),
        "valid": {job.fault, job.second} - {""} <= trial.present,
        "present": sorted(trial.present),
        "absent": sorted(trial.absent),
        "cached": cached,
        "seconds": round(seconds, 2),
    }
    return result | doctor(trial, made)


def doctor(trial: Trial, made: Rows | None) -> dict[str, Any]:
    """Findings in their order, the outcome of every fault, and how well rows are named."""
    began = time.perf_counter()
    diagnosis = diagnose(trial.evidence)
    outcome: dict[str, str] = {f.fault: f"fired {f.severity}" for f in diagnosis.fired}
    outcome |= {fault.fault: "clear" for fault in diagnosis.clear}
    outcome |= {fault.fault: f"not_checked: {fault.needs}" for fault in diagnosis.not_checked}
    outcome |= {fault.fault: f"crashed: {fault.error}" for fault in diagnosis.crashed}
    return {
        "order": [finding.fault for finding in diagnosis.fired],
        "outcome": outcome,
        "doctor_seconds": round(time.perf_counter() - began, 3),
        "rows_named": {
            finding.fault: _rows_named(finding.rows, planted)
            for finding in diagnosis.fired
            if finding.rows and (planted := planted_rows(trial.evidence.get("rows"), made))
        },
    }


def planted_rows(rows: Rows | None, made: Rows | None) -> frozenset[int]:
    """Ids of the rows that the plant added, or whose text or label it changed."""
    if rows is None or made is None:
        return frozenset()
    before = {
        int(i): (text, label)
        for i, text, label in zip(
            made.ids, made.columns["text"], made.columns["label"], strict=True
        )
    }
    now = zip(rows.ids, rows.columns["text"], rows.columns["label"], strict=True)
    return frozenset(int(i) for i, text, label in now if before.get(int(i)) != (text, label))


def _rows_named(named: Sequence[int], planted: frozenset[int]) -> dict[str, int]:
    return {"named": len(named), "right": len(planted & set(named)), "planted": len(planted)}


def _arguments(job: Job) -> dict[str, Any]:
    if job.kind == "control":
        return {}
    module = get_fault(job.fault).module
    assert module is not None
    return {"arguments": dict(module.PLANT.severities[job.severity])}


def _operators(job: Job) -> str:
    return "" if job.kind == "control" else operator_of(job.fault)


def operator_of(fault_id: str) -> str:
    """Name of the operator that plants it."""
    module = get_fault(fault_id).module
    assert module is not None
    return str(module.PLANT.operator)


def _maker(job: Job) -> Callable[[], tuple[Trial, Rows | None]]:
    return lambda: _made(job)


def _made(job: Job) -> tuple[Trial, Rows | None]:
    substrate = substrate_named(job.substrate)
    few = FEW_ROWS if job.kind == "few rows" else None
    with planted_at(Place(substrate, most_rows=few)) as place:
        if job.kind == "control":
            trial = control_makers(substrate, 1, job.seed)[job.fault]()
        else:
            trial = _plant(job.fault, job.seed, job.severity)
        made = place.made[0] if place.made else None
        if job.second:
            trial, made = _second(job, substrate, trial), None
        evidence = whole(trial.evidence)
    absent = trial.absent
    if substrate.data:
        absent -= REAL_ROWS_DO_NOT_RULE_OUT
    return replace(trial, evidence=evidence, absent=absent), made


def _plant(fault_id: str, seed: int, severity: int) -> Trial:
    module = get_fault(fault_id).module
    assert module is not None
    operator = importlib.import_module(f"plants.{module.PLANT.operator}")
    trial: Trial = operator.plant(seed, **module.PLANT.severities[severity])
    return trial


def _second(job: Job, substrate: Substrate, first: Trial) -> Trial:
    with planted_at(Place(substrate, given=first.evidence["rows"])):
        second = _plant(job.second, job.seed, job.severity)
    return replace(second, present=second.present | first.present, absent=frozenset())


def control_makers(
    substrate: Substrate, seeds: int, first_seed: int
) -> dict[str, Callable[[], Trial]]:
    """Name -> maker of every healthy run on this substrate."""
    kept = dict(controls(seeds, first_seed, real=bool(substrate.data)))
    if substrate.data:
        return kept
    from sick_looking import trainings  # loads torch

    return kept | dict(trainings(seeds, first_seed))


def jobs_for(
    substrates: Sequence[Substrate], faults: Sequence[str], seeds: int, *, quick: bool
) -> list[Job]:
    """Every trial; `quick` takes the middle severity and one seed."""
    found: list[Job] = []
    for substrate in substrates:
        if not substrate.is_here:
            continue
        most = 1 if quick else seeds if substrate.role == "reported" else min(seeds, CHOOSING_SEEDS)
        own = range(substrate.first_seed, substrate.first_seed + most)
        fitting = [fault for fault in faults if not why_not(substrate, operator_of(fault))]
        for fault in fitting:
            for severity in middle(fault) if quick else every_severity(fault):
                found += [Job("plant", substrate.name, fault, seed, severity) for seed in own]
        found += [
            Job("few rows", substrate.name, fault, substrate.first_seed, middle(fault)[0])
            for fault in fitting
            if get_fault(fault).stage in ("data", "split") and not quick
        ]
        found += [
            Job("together", substrate.name, first, seed, 1, second)
            for first, second in (TOGETHER[:2] if quick else TOGETHER)
            for seed in own
            if {first, second} <= set(faults)
        ]
        for seed in range(substrate.first_seed + 5000, substrate.first_seed + 5000 + len(own)):
            names = control_makers(substrate, 1, seed)
            found += [Job("control", substrate.name, name, seed) for name in names]
    return found


def every_severity(fault_id: str) -> list[int]:
    """Places of its severities, mildest first."""
    module = get_fault(fault_id).module
    assert module is not None
    return list(range(len(module.PLANT.severities)))


def middle(fault_id: str) -> list[int]:
    """The place of the middle severity, in a list."""
    every = every_severity(fault_id)
    return [every[len(every) // 2]]


def measurable() -> list[str]:
    """Ids of the faults that could be loaded."""
    return [fault.id for fault in all_faults() if fault.module is not None]
