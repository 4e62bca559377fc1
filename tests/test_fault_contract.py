"""What every fault file must be, whether it is here today or dropped in tomorrow."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from luthier import faults
from luthier.errors import SettingsError
from luthier.faults import PAGE_SECTIONS, Fault, all_faults, fault_ids, get_fault
from luthier.records import (
    EVIDENCE,
    SEVERITIES,
    Applicability,
    CannotTell,
    Case,
    Clear,
    Fired,
    Prescription,
)
from luthier.settings import Settings
from luthier.stages.prescribe import SAFEST_FIRST

PLANTS = Path(__file__).parents[1] / "benchmarks" / "plants"
FORBIDDEN = {"torch", "transformers", "tokenizers", "safetensors"}
OUTCOMES = {"fired": Fired, "clear": Clear, "cannot_tell": CannotTell}
MOST_LINES = 150

every_fault = pytest.mark.parametrize("fault", all_faults(), ids=fault_ids())
every_case = pytest.mark.parametrize(
    ("fault", "case"),
    [(fault, case) for fault in all_faults() if fault.module for case in fault.module.CASES],
    ids=[f"{f.id}: {case.name}" for f in all_faults() if f.module for case in f.module.CASES],
)


def module_of(fault: Fault):
    assert fault.module is not None, fault.error
    return fault.module


@every_fault
def test_it_loads(fault: Fault):
    assert fault.error == ""
    assert fault.module is not None


@every_fault
def test_its_page_has_the_sections_in_order(fault: Fault):
    lines = fault.page.splitlines()
    assert lines[0].endswith((".", "?")), "the first line is one plain sentence"
    headings = [line.removeprefix("## ") for line in lines if line.startswith("#")]
    assert headings == list(PAGE_SECTIONS)
    for section in fault.page.split("## ")[1:]:
        assert len(section.split()) >= 8, f"an empty section: {section.splitlines()[0]}"


@every_fault
def test_it_asks_for_known_evidence_by_name(fault: Fault):
    parameters = inspect.signature(module_of(fault).detect).parameters.values()
    assert parameters
    assert {p.name for p in parameters} <= set(EVIDENCE)
    assert all(p.default in (p.empty, None) for p in parameters)  # None: where it is there
    assert all(p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters)


@every_fault
def test_it_brings_a_firing_a_quiet_and_a_near_miss_case(fault: Fault):
    cases: tuple[Case, ...] = module_of(fault).CASES
    kinds = Counter(case.kind for case in cases)
    assert {"firing", "quiet", "near_miss"} <= set(kinds)
    assert all((case.expect == "fired") == (case.kind == "firing") for case in cases)
    assert len({case.name for case in cases}) == len(cases)


@every_case
def test_a_case_ends_as_it_says(fault: Fault, case: Case):
    assert set(fault.needs) <= set(case.evidence) <= {*fault.needs, *fault.wants}
    outcome = module_of(fault).detect(**case.evidence)
    assert isinstance(outcome, OUTCOMES[case.expect]), outcome
    assert outcome.message.endswith((".", "?"))
    json.dumps(dict(outcome.measured), allow_nan=False)
    if isinstance(outcome, Fired):
        assert outcome.severity in SEVERITIES
        assert outcome.measured, "a finding without a number"
        json.dumps([dict(outcome.limits), outcome.rows], allow_nan=False)
    if isinstance(outcome, CannotTell):
        assert outcome.needs


@every_case
def test_a_finding_has_a_cure_that_the_settings_accept(fault: Fault, case: Case):
    if case.expect != "fired":
        return
    outcome = module_of(fault).detect(**case.evidence)
    cures = module_of(fault).prescribe(outcome)
    assert cures
    for cure in cures:
        assert isinstance(cure, Prescription)
        assert cure.what
        assert cure.why
        assert bool(cure.settings) or cure.applicability is not Applicability.AUTO
        Settings.model_validate(patched(cure.settings))


@every_case
def test_the_safest_cure_of_a_finding_comes_first(fault: Fault, case: Case):
    if case.expect == "fired":
        cures = module_of(fault).prescribe(module_of(fault).detect(**case.evidence))
        order = [SAFEST_FIRST.index(cure.applicability) for cure in cures]
        assert order == sorted(order), [cure.what for cure in cures]


@every_case
def test_no_cure_spends_more_time_than_was_allowed_without_asking(fault: Fault, case: Case):
    if case.expect == "fired":
        for cure in module_of(fault).prescribe(module_of(fault).detect(**case.evidence)):
            if "train.time_budget" in cure.settings:
                assert cure.applicability is not Applicability.AUTO


def patched(patch):
    """The default tree with dotted settings replaced; a name that is not there fails."""
    tree = Settings().model_dump()
    for dotted, value in patch.items():
        *blocks, name = dotted.split(".")
        place = tree
        for block in blocks:
            place = place[block]
        assert name in place, f"there is no setting {dotted}"
        place[name] = value
    return tree


@every_fault
def test_its_plant_can_be_carried_out(fault: Fault):
    plant = module_of(fault).PLANT
    operator = PLANTS / f"{plant.operator}.py"
    assert operator.is_file(), f"there is no benchmarks/plants/{plant.operator}.py"
    functions = {
        node.name: node
        for node in ast.parse(operator.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    arguments = {a.arg for a in functions["plant"].args.kwonlyargs}
    assert plant.severities
    assert all(set(severity) <= arguments for severity in plant.severities)
    assert {*plant.accept, *plant.must_not} <= set(fault_ids())
    assert not {*plant.accept, fault.id} & set(plant.must_not)


@every_fault
def test_what_it_is_a_symptom_of_is_a_fault(fault: Fault):
    assert {*fault.info.symptom_of} <= set(fault_ids()) - {fault.id}


@every_fault
def test_it_is_short(fault: Fault):
    source = Path(inspect.getfile(module_of(fault).detect)).read_text(encoding="utf-8")
    docstring, end = ast.parse(source).body[0], source.index("\nPLANT = ")
    code = source[:end].count("\n") - (docstring.end_lineno or 0)
    assert code <= MOST_LINES, f"{code} lines between its page and its plant"


@every_fault
def test_it_imports_nothing_that_needs_a_model(fault: Fault):
    source = Path(inspect.getfile(module_of(fault).detect)).read_text(encoding="utf-8")
    imported = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert not imported & FORBIDDEN


def a_record(**changed):
    middle = {"planted": 10, "hits": 9}
    record = {"planted": 30, "healthy": 20, "false_alarms": 2, "by_severity": [{}, middle, {}]}
    return {**record, **changed}


@pytest.mark.parametrize(
    ("record", "status"),
    [
        (a_record(), "stable"),
        (None, "preview"),
        (a_record(planted=29), "preview"),
        (a_record(healthy=14, false_alarms=0), "preview"),
        (a_record(false_alarms=3), "preview"),
        (a_record(by_severity=[{}, {"planted": 10, "hits": 8}, {}]), "preview"),
    ],
)
def test_a_check_is_stable_only_where_it_was_seen_to_find_and_to_stay_quiet(
    record, status, monkeypatch
):
    fault = all_faults()[0]
    monkeypatch.setattr(faults, "_track_records", lambda: {fault.id: record} if record else {})
    assert fault.status == status


def test_ids_codes_and_titles_are_unique():
    infos = [fault.info for fault in all_faults()]
    for values in (
        [info.id for info in infos],
        [info.code for info in infos],
        [info.title for info in infos],
    ):
        assert len(set(values)) == len(values)


def test_all_faults_run_where_torch_is_not_loaded():
    code = (
        "import sys; from luthier.faults import all_faults\n"
        "for fault in all_faults():\n"
        "    for case in fault.module.CASES: fault.module.detect(**case.evidence)\n"
        f"print(sorted(set(sys.modules) & {FORBIDDEN!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_fault_is_answered_with_the_nearest_name():
    with pytest.raises(SettingsError, match="did you mean 'conflicting_labels'"):
        get_fault("conflicting_label")
