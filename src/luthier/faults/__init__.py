"""One file = one fault, in the folder of the stage that can see it. Nothing is listed by hand.

Every module in a sub-folder is collected by its place alone. A file that cannot be imported, or
lacks a part, is kept with its error: the diagnosis lists it as crashed, it is never left out.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import ModuleType
from typing import Any, Literal, cast

from luthier.errors import Problem, SettingsError, did_you_mean
from luthier.records import FaultInfo, FaultModule

__all__ = ["PAGE_SECTIONS", "Fault", "Status", "all_faults", "fault_ids", "get_fault", "load_fault"]

PAGE_SECTIONS = (
    "What it is",
    "Why it hurts",
    "How it is detected",
    "What stays quiet",
    "What to do",
)
"""Headings of every fault's page, in this order."""

FLOW = ("data", "split", "encode", "train", "evaluate", "export")
"""Order of the folders; a folder that is not named here comes after these."""

PARTS = ("FAULT", "PLANT", "CASES", "detect", "prescribe")


Status = Literal["preview", "stable"]
STABLE_PLANTED, STABLE_HEALTHY = 30, 15
STABLE_RECALL, STABLE_FALSE_ALARMS = 0.85, 0.1
"""Plants and healthy runs at least; share found at the middle severity, and of false alarms."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault file.

    Args:
        id: the file's name.
        stage: its folder.
        module: what it holds; None when it could not be loaded.
        error: one line that says why `module` is None; empty otherwise.
    """

    id: str
    stage: str
    module: FaultModule | None
    error: str = ""

    @property
    def info(self) -> FaultInfo:
        """Code and title; the id stands in where the file could not be loaded."""
        if self.module is None:
            return FaultInfo(self.id, "", self.id)
        return cast(FaultInfo, self.module.FAULT)

    @property
    def page(self) -> str:
        """The page for people, in Markdown; its first line is one plain sentence."""
        return inspect.cleandoc(self.module.__doc__ or "") if self.module else ""

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the evidence without which it cannot judge: the parameters of `detect`."""
        return self._parameters(optional=False)

    @property
    def wants(self) -> tuple[str, ...]:
        """Names of further evidence that it looks at where it is there: those with a default."""
        return self._parameters(optional=True)

    def _parameters(self, *, optional: bool) -> tuple[str, ...]:
        found = inspect.signature(self.module.detect).parameters if self.module else {}
        return tuple(n for n, p in found.items() if (p.default is not p.empty) == optional)

    @property
    def track_record(self) -> Mapping[str, Any] | None:
        """How it did on planted faults and healthy runs; None where that is not measured."""
        return _track_records().get(self.id)

    @property
    def status(self) -> Status:
        """`stable` where enough was measured, and it finds its fault and stays quiet elsewhere."""
        record = self.track_record
        if record is None or "by_severity" not in record:
            return "preview"
        middle = record["by_severity"][len(record["by_severity"]) // 2]
        measured = record["planted"] >= STABLE_PLANTED and record["healthy"] >= STABLE_HEALTHY
        finds = middle["hits"] >= STABLE_RECALL * middle["planted"]
        quiet = record["false_alarms"] <= STABLE_FALSE_ALARMS * record["healthy"]
        return "stable" if measured and finds and quiet else "preview"


def load_fault(module_name: str) -> Fault:
    """Import one fault file; whatever goes wrong becomes its `error`.

    Args:
        module_name: full dotted name, `luthier.faults.data.conflicting_labels`.
    """
    _, stage, fault_id = module_name.rsplit(".", 2)
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # noqa: BLE001 - a broken plug-in must not take the others down
        line = str(error).strip().splitlines()
        return Fault(fault_id, stage, None, f"{type(error).__name__}: {line[0] if line else ''}")
    problem = _what_is_missing(module, fault_id)
    if problem:
        return Fault(fault_id, stage, None, problem)
    return Fault(fault_id, stage, cast(FaultModule, module))


def _what_is_missing(module: ModuleType, fault_id: str) -> str:
    missing = [part for part in PARTS if not hasattr(module, part)]
    if missing:
        return f"the fault file lacks {', '.join(missing)}"
    if not isinstance(module.FAULT, FaultInfo) or module.FAULT.id != fault_id:
        return f"FAULT must be a FaultInfo with the id {fault_id!r}, the file's name"
    return ""


@functools.cache
def all_faults() -> tuple[Fault, ...]:
    """Every fault file, in the order of the flow, then by name."""
    found = [
        load_fault(f"{__name__}.{folder.name}.{file.name}")
        for folder in pkgutil.iter_modules(__path__)
        if folder.ispkg
        for file in pkgutil.iter_modules([f"{path}/{folder.name}" for path in __path__])
    ]
    return tuple(sorted(found, key=lambda fault: (_place(fault.stage), fault.stage, fault.id)))


def _place(stage: str) -> int:
    return FLOW.index(stage) if stage in FLOW else len(FLOW)


def fault_ids() -> tuple[str, ...]:
    """The ids of all faults, in the order of `all_faults`."""
    return tuple(fault.id for fault in all_faults())


def get_fault(fault_id: str) -> Fault:
    """The fault of this id, or of its code (`E2`).

    Raises:
        SettingsError: when there is none, with the nearest ids.
    """
    asked = str(fault_id).strip()
    for fault in all_faults():
        if asked in (fault.id, fault.info.code) or asked.upper() == fault.info.code:
            return fault
    within = [f"did you mean {name!r}?" for name in fault_ids() if asked.casefold() in name]
    raise SettingsError(
        Problem(
            f"there is no fault {fault_id!r}",
            hint=did_you_mean(asked, fault_ids()) or (within[0] if asked and within else ""),
        ),
        next_step="luthier faults lists them all",
    )


@functools.cache
def _track_records() -> Mapping[str, Mapping[str, Any]]:
    """`track_record.json`, written by benchmarks/faultbench.py."""
    file = resources.files(__name__).joinpath("track_record.json")
    if not file.is_file():
        return {}
    value: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["faults"]
    return value
