"""Ask every fault whether it is there; each ends in exactly one of four lists."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from luthier.faults import Fault, all_faults
from luthier.kit.row_answers import answer_word
from luthier.questions import answers_to_all
from luthier.records import (
    EVIDENCE,
    SEVERITIES,
    CannotTell,
    Clear,
    ClearedFault,
    CrashedFault,
    Diagnosis,
    FaultModule,
    Finding,
    Fired,
    Prescription,
    Rows,
    UncheckedFault,
)
from luthier.records.diagnosis import Verdict
from luthier.settings import Settings
from luthier.settings_file import value_of

NOTHING: Mapping[str, Any] = MappingProxyType({})


def diagnose(
    evidence: Mapping[str, object],
    faults: Sequence[Fault] | None = None,
    *,
    gives: Mapping[str, str] = NOTHING,
    only_for: Mapping[str, Mapping[str, object]] = NOTHING,
) -> Diagnosis:
    """Run every detector that has the evidence it asks for, then answer the questions people have.

    Args:
        evidence: name in `records.EVIDENCE` -> value; what is absent or None is missing.
        faults: which ones to ask; all when not given.
        gives: evidence -> what would give it, where it is not a verb of Luthier.
        only_for: fault -> evidence that only it may see: such as answers it and no other.

    Returns:
        Every fault once: fired (worst first, but a cause above its symptoms), clear, not checked
        (evidence is missing, or the data cannot decide), or crashed. A crash stops no other.
    """
    asked = all_faults() if faults is None else faults
    evidence = {"held_out_answers": _held_out(evidence), **evidence}
    of_one_label, made = _of_one_label(evidence, gives)
    verdicts = [
        _judge(
            fault,
            {**(evidence if fault.info.any_task else of_one_label), **only_for.get(fault.id, {})},
            gives if fault.info.any_task else made,
        )
        for fault in asked
    ]
    fired = [verdict for verdict in verdicts if isinstance(verdict, Finding)]
    fired.sort(key=lambda finding: -SEVERITIES.index(finding.severity))
    found = Diagnosis(
        fired=_causes_first(fired, {fault.id: fault.info.symptom_of for fault in asked}),
        clear=tuple(v for v in verdicts if isinstance(v, ClearedFault)),
        not_checked=tuple(v for v in verdicts if isinstance(v, UncheckedFault)),
        crashed=tuple(v for v in verdicts if isinstance(v, CrashedFault)),
    )
    return replace(found, answers=answers_to_all(found, evidence, of_one_label))


def _of_one_label(
    evidence: Mapping[str, object], gives: Mapping[str, str]
) -> tuple[Mapping[str, object], Mapping[str, str]]:
    """What most faults may see: what means what they take it to mean; and what gives the rest."""
    rows = evidence.get("rows")
    if not isinstance(rows, Rows) or answer_word(rows) == "label":
        return evidence, gives
    others = [name for name, spec in EVIDENCE.items() if not spec.any_task]
    fitting = {name: value for name, value in evidence.items() if name not in others}
    return fitting, {**gives, **dict.fromkeys(others, "only for one label per row")}


def _held_out(evidence: Mapping[str, object]) -> dict[str, object] | None:
    """The answers to the validation rows and to the test rows, under the name of the split."""
    given = {split: evidence.get(f"{split}_predictions") for split in ("validation", "test")}
    return {split: answers for split, answers in given.items() if answers is not None} or None


def _causes_first(
    fired: Sequence[Finding], symptom_of: Mapping[str, tuple[str, ...]]
) -> tuple[Finding, ...]:
    """The same findings; each names those that can explain it, and stands below them."""
    found = {finding.fault: finding for finding in fired}
    placed: dict[str, Finding] = {}

    def place(fault_id: str, above: tuple[str, ...]) -> None:
        causes = tuple(name for name in symptom_of[fault_id] if name in found)
        for cause in causes:
            if cause not in placed and cause not in above:
                place(cause, (*above, fault_id))
        placed.setdefault(fault_id, replace(found[fault_id], because=causes))

    for finding in fired:
        place(finding.fault, ())
    return tuple(placed.values())


def _judge(fault: Fault, evidence: Mapping[str, object], gives: Mapping[str, str]) -> Verdict:
    title = fault.info.title
    if fault.module is None:
        return CrashedFault(fault.id, title, f"it could not be loaded: {fault.error}")
    unknown = [name for name in (*fault.needs, *fault.wants) if name not in EVIDENCE]
    if unknown:
        return CrashedFault(fault.id, title, f"it asks for unknown evidence: {', '.join(unknown)}")
    missing = [name for name in fault.needs if evidence.get(name) is None]
    if missing:
        return UncheckedFault(fault.id, title, _what_makes(missing, gives))
    try:
        given = {name: evidence[name] for name in fault.needs}
        given |= {n: evidence[n] for n in fault.wants if evidence.get(n) is not None}
        outcome = fault.module.detect(**given)
        return _verdict(fault, fault.module, outcome, evidence.get("settings"))
    except Exception as error:  # noqa: BLE001 - a crashed detector is a result, and is shown
        return CrashedFault(fault.id, title, one_line(error))


def _verdict(fault: Fault, module: FaultModule, outcome: object, settings: object) -> Verdict:
    if isinstance(outcome, Fired):
        return _finding(fault, module, outcome, settings)
    if isinstance(outcome, Clear):
        measured = _plain(outcome.measured)
        return ClearedFault(fault.id, fault.info.title, outcome.message, measured)
    if isinstance(outcome, CannotTell):
        needs = " ".join([outcome.message, f"Needs {outcome.needs}."])
        return UncheckedFault(fault.id, fault.info.title, needs)
    raise TypeError(f"detect returned {type(outcome).__name__}, not Fired, Clear or CannotTell")


def _finding(fault: Fault, module: FaultModule, fired: Fired, settings: object) -> Finding:
    try:
        cures = module.prescribe(fired)
        prescription = tuple(cure for cure in cures if not _is_so_already(cure, settings))
    except Exception as error:
        raise RuntimeError(f"found: {fired.message} But prescribe: {one_line(error)}") from error
    return Finding(
        fault=fault.id,
        title=fault.info.title,
        severity=SEVERITIES[SEVERITIES.index(fired.severity)],
        message=fired.message,
        measured=_plain(fired.measured),
        limits=_plain(fired.limits),
        rows=tuple(int(row) for row in fired.rows),
        prescription=prescription,
        track_record=fault.track_record,
    )


def _is_so_already(cure: Prescription, settings: object) -> bool:
    """Whether a cure would change nothing: the run has these settings."""
    if not cure.settings or not isinstance(settings, Settings):
        return False
    return all(value_of(settings, name) == value for name, value in cure.settings.items())


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same values as diagnosis.json will hold them.

    Raises:
        TypeError: when a value is no JSON.
        ValueError: when a number is NaN or infinite.
    """
    plain: dict[str, Any] = json.loads(json.dumps(dict(values), allow_nan=False))
    return plain


def _what_makes(missing: Sequence[str], gives: Mapping[str, str]) -> str:
    told = dict.fromkeys(gives[name] for name in missing if name in gives)
    made = [_made(name, EVIDENCE[name].verb) for name in missing if name not in gives]
    return "; ".join([*told, *made])


def _made(name: str, verb: str) -> str:
    called = f"the {name.replace('_', ' ')}"
    return f"{called} (made by {verb})"


def one_line(error: Exception) -> str:
    """`TypeName: first line of the message`."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
