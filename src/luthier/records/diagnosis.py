"""Findings, prescriptions and the declarations of a fault file. No torch here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from luthier.records.answers import Answer

Severity = Literal["note", "low", "medium", "high"]
SEVERITIES: tuple[Severity, ...] = ("note", "low", "medium", "high")


class Applicability(StrEnum):
    """How far a cure may go by itself. Nothing ever touches the user's rows."""

    AUTO = "auto"
    """A setting that Luthier may change by itself in a new run."""
    ASK = "ask"
    """A change that costs time, money or meaning: a person decides."""
    ADVICE = "advice"
    """Work that only a person can do."""


@dataclass(frozen=True, slots=True)
class Prescription:
    """One thing to change.

    Args:
        what: the change in plain words.
        why: why it should help here.
        applicability: AUTO, ASK or ADVICE.
        settings: dotted setting -> new value, valid in the settings tree; empty for data work.
    """

    what: str
    why: str
    applicability: Applicability
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fired:
    """The fault is there.

    Args:
        message: what was found, with numbers, in plain words.
        severity: how much it matters here.
        measured: name -> number, what the detector measured (with interval ends where they exist).
        limits: name -> number, the thresholds it was held against.
        rows: row ids that show it, at most a few hundred, worst first.
    """

    message: str
    severity: Severity
    measured: Mapping[str, Any]
    limits: Mapping[str, Any] = field(default_factory=dict)
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Clear:
    """The check ran and the fault is not there."""

    message: str
    measured: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The check ran but the data cannot decide; `needs` says what would (`about 300 more rows`)."""

    message: str
    needs: str
    measured: Mapping[str, Any] = field(default_factory=dict)


Outcome = Fired | Clear | CannotTell


@dataclass(frozen=True, slots=True)
class FaultInfo:
    """The head of a fault file.

    Args:
        id: snake_case, the file's name.
        code: id in the catalogue (`D6`).
        title: a short name for people.
        symptom_of: ids of faults that can cause this one; where one of them fired too, it stands
            above this one, and this one names it.
        any_task: whether it reads rows and answers of every task (`records.AnyPredictions`); the
            others see those of one label per row only.
    """

    id: str
    code: str
    title: str
    symptom_of: tuple[str, ...] = ()
    any_task: bool = False


@dataclass(frozen=True, slots=True)
class Plant:
    """How to plant the fault in a healthy run, as a declaration carried out by benchmarks/plants/.

    Args:
        level: what is changed: `data`, `split`, `config`, `run` or `artefact`.
        operator: name of the operator in benchmarks/plants/.
        severities: arguments of the operator, mildest first.
        accept: other faults that may also fire, rightly.
        must_not: faults that must not fire for this plant alone.
    """

    level: Literal["data", "split", "config", "run", "artefact"]
    operator: str
    severities: Sequence[Mapping[str, Any]]
    accept: Sequence[str] = ()
    must_not: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """An example inside a fault file; the contract test runs it.

    Args:
        name: reads like a sentence.
        kind: `firing`, `quiet` or `near_miss` (looks like the fault, is not).
        evidence: evidence name -> value, all that `detect` asks for.
        expect: `fired`, `clear` or `cannot_tell`.
    """

    name: str
    kind: Literal["firing", "quiet", "near_miss"]
    evidence: Mapping[str, Any]
    expect: Literal["fired", "clear", "cannot_tell"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault that fired, as it stands in `diagnosis.json`.

    `because` names the other findings of the same diagnosis that can explain this one.
    """

    fault: str
    title: str
    severity: Severity
    message: str
    measured: Mapping[str, Any]
    limits: Mapping[str, Any]
    rows: tuple[int, ...]
    prescription: tuple[Prescription, ...]
    track_record: Mapping[str, Any] | None = None
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClearedFault:
    """A fault whose check ran and found nothing."""

    fault: str
    title: str
    message: str
    measured: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UncheckedFault:
    """A fault that could not be judged; `needs` says what is missing (evidence, or rows)."""

    fault: str
    title: str
    needs: str


@dataclass(frozen=True, slots=True)
class CrashedFault:
    """A detector that failed; `error` is its last line. A crash makes the exit code 2."""

    fault: str
    title: str
    error: str


Verdict = Finding | ClearedFault | UncheckedFault | CrashedFault
"""What a diagnosis says of one fault."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`diagnosis.json`: every fault stands in exactly one of the four lists.

    `answers` are the questions that people have, answered from what was found.
    """

    fired: tuple[Finding, ...] = ()
    clear: tuple[ClearedFault, ...] = ()
    not_checked: tuple[UncheckedFault, ...] = ()
    crashed: tuple[CrashedFault, ...] = ()
    answers: tuple[Answer, ...] = ()

    def of(self, fault: str) -> Verdict | None:
        """What was said of this fault; None where it was not asked."""
        said: tuple[Verdict, ...] = (*self.fired, *self.clear, *self.not_checked, *self.crashed)
        return next((verdict for verdict in said if verdict.fault == fault), None)

    def worst(self) -> Severity | None:
        """The highest severity that fired, or None; a serious question counts as high."""
        fired: list[Severity] = [finding.severity for finding in self.fired]
        fired += ["high" for answer in self.answers if answer.serious]
        return max(fired, key=SEVERITIES.index) if fired else None
