"""A diagnosis as plain lines, for a terminal or a notebook."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

from luthier.records import Answer, Diagnosis, Finding
from luthier.reporting.commands import as_typed

ShowSetting = Callable[[str, Any], str]


def as_flag(name: str, value: Any) -> str:
    """A changed setting as it is typed on the command line."""
    return f"--{name} {shlex.quote(as_typed(value))}"


def diagnosis_lines(diagnosis: Diagnosis, show: ShowSetting = as_flag) -> list[str]:
    """Answers, findings with their first cures, what was not checked and what crashed."""
    lines = [line for answer in diagnosis.answers for line in _answer_lines(answer)]
    titles = {finding.fault: finding.title for finding in diagnosis.fired}
    for finding in diagnosis.fired:
        causes = [titles[fault] for fault in finding.because if fault in titles]
        lines += _finding_lines(finding, causes, show)
    if diagnosis.clear:
        lines.append("clear: " + ", ".join(item.title for item in diagnosis.clear))
    for item in diagnosis.not_checked:
        lines.append(f"not checked: {item.title}: {item.needs}")
    for crash in diagnosis.crashed:
        lines.append(f"CRASHED: {crash.title}: {crash.error}")
    return lines


def _answer_lines(answer: Answer) -> list[str]:
    """The question, the answer, the causes in their order, and what to do next."""
    lines = [answer.title, f"  {answer.message}"]
    for number, cause in enumerate(answer.causes, start=1):
        standing = cause.standing.replace("_", " ")
        lines.append(f"  {number}. {standing}: {cause.title} ({cause.because.rstrip('.')})")
    if answer.next_test:
        lines.append(f"  next test: {answer.next_test}")
    return [*lines, ""]


def _finding_lines(finding: Finding, causes: list[str], show: ShowSetting) -> list[str]:
    lines = [f"{finding.severity.upper()}: {finding.title}: {finding.message}"]
    if causes:
        lines.append(f"  may be a symptom of: {'; '.join(causes)}")
    for cure in finding.prescription[:2]:
        lines.append(f"  -> {cure.what}")
        lines += [f"     {show(name, value)}" for name, value in cure.settings.items()]
    lines.append(f"  more: luthier explain {finding.fault}")
    return lines
