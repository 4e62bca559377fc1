"""A fault that another one explains is its symptom: which of those that fired is the cause?"""

from __future__ import annotations

from luthier.records import Cause, Diagnosis, Finding


def roots_of(found: Diagnosis, finding: Finding) -> tuple[Finding, ...]:
    """The findings that explain this one, directly or by others, and that none explains itself."""
    fired = {other.fault: other for other in found.fired}
    seen: dict[str, Finding] = {}
    waiting = [*finding.because]
    while waiting:
        fault = waiting.pop(0)
        if fault in fired and fault not in seen:
            seen[fault] = fired[fault]
            waiting += fired[fault].because
    return tuple(root for root in seen.values() if not root.because)


def cause_seen(found: Diagnosis, finding: Finding, name: str, title: str) -> Cause:
    """A cause by its finding: `found`, but only `possible` where another finding explains it."""
    roots = [root.title for root in roots_of(found, finding)]
    if not roots:
        return Cause(name, title, "found", finding.message)
    return Cause(name, title, "possible", f"it may be a symptom of: {'; '.join(roots)}")


def with_roots(found: Diagnosis, causes: list[Cause], faults: tuple[str, ...]) -> list[Cause]:
    """The causes, with the roots of these faults put first where they are not among them."""
    named = {cause.name for cause in causes}
    fired = [finding for finding in found.fired if finding.fault in faults]
    roots = {root.fault: root for finding in fired for root in roots_of(found, finding)}
    missing = [root for fault, root in roots.items() if fault not in named]
    return [*(Cause(r.fault, r.title, "found", r.message) for r in missing), *causes]
