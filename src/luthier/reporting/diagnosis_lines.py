"""A diagnosis as plain lines, for a terminal or a notebook."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

from luthier.records import Answer, Diagnosis, Finding
from luthier.reporting.catalogue import ENGLISH, Catalogue
from luthier.reporting.commands import as_typed

ShowSetting = Callable[[str, Any], str]


def as_flag(name: str, value: Any) -> str:
    """A changed setting as it is typed on the command line."""
    return f"--{name} {shlex.quote(as_typed(value))}"


def diagnosis_lines(
    diagnosis: Diagnosis, show: ShowSetting = as_flag, say: Catalogue = ENGLISH
) -> list[str]:
    """Answers, findings with their first cures, what was not checked (by reason), what crashed.

    Args:
        diagnosis: what was found.
        show: how a changed setting is written.
        say: the language.
    """
    lines = [line for answer in diagnosis.answers for line in _answer_lines(answer, say)]
    titles = {finding.fault: finding.title for finding in diagnosis.fired}
    for finding in diagnosis.fired:
        causes = [titles[fault] for fault in finding.because if fault in titles]
        lines += _finding_lines(finding, causes, show, say)
    if not diagnosis.fired and not diagnosis.answers and diagnosis.clear:
        n = len(diagnosis.clear)
        lines.append(say.count(n, "nothing found by {n} check", "nothing found by {n} checks"))
    if diagnosis.clear:
        clear = say(", ").join(say.told(item.title) for item in diagnosis.clear)
        lines.append(say("clear: {titles}", titles=clear))
    unchecked: dict[str, list[str]] = {}
    for item in diagnosis.not_checked:
        unchecked.setdefault(item.needs, []).append(say.told(item.title))
    for needs, titles_here in unchecked.items():
        title = say(", ").join(titles_here)
        lines.append(say("not checked: {title}: {needs}", title=title, needs=say.told(needs)))
    for crash in diagnosis.crashed:
        title, error = say.told(crash.title), say.told(crash.error)
        lines.append(say("CRASHED: {title}: {error}", title=title, error=error))
    return lines


def _answer_lines(answer: Answer, say: Catalogue) -> list[str]:
    """The question, the answer, the causes in their order, and what to do next."""
    lines = [say.told(answer.title), f"  {say.told(answer.message)}"]
    for number, cause in enumerate(answer.causes, start=1):
        lines.append(
            say(
                "  {number}. {standing}: {title} ({because})",
                number=number,
                standing=say(cause.standing.replace("_", " ")),
                title=say.told(cause.title),
                because=say.told(cause.because.rstrip(".")),
            )
        )
    if answer.next_test:
        lines.append(say("  next test: {test}", test=say.told(answer.next_test)))
    return [*lines, ""]


def _finding_lines(
    finding: Finding, causes: list[str], show: ShowSetting, say: Catalogue
) -> list[str]:
    severity, title = say(finding.severity).upper(), say.told(finding.title)
    message = say.told(finding.message)
    lines = [say("{severity}: {title}: {message}", severity=severity, title=title, message=message)]
    if causes:
        told = "; ".join(map(say.told, causes))
        lines.append(say("  may be a symptom of: {causes}", causes=told))
    for cure in finding.prescription[:2]:
        lines.append(f"  -> {say.told(cure.what)}")
        lines += [f"     {show(name, value)}" for name, value in cure.settings.items()]
    lines.append(say("  more: {command}", command=f"luthier explain {finding.fault}"))
    return lines
