"""Put the cures of all findings in one order: causes before symptoms, safest first, worst first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from luthier.records import SEVERITIES, Applicability, Diagnosis, Note, Prescription

SAFEST_FIRST = (Applicability.AUTO, Applicability.ASK, Applicability.ADVICE)


def prescribe(diagnosis: Diagnosis) -> tuple[tuple[Prescription, ...], tuple[Note, ...]]:
    """Rank the prescriptions of a diagnosis.

    Two that change the same settings to the same values become one that carries both reasons. Where
    two give one setting different values, the one that ranks higher stays and a note names the
    other.

    Returns:
        The prescriptions, AUTO before ASK before ADVICE, each by severity of its finding, those of
        findings that another one can explain after all others; and a note for each left out.
    """
    ranked = sorted(
        (
            (
                bool(finding.because),  # what treats a symptom waits until its cause is treated
                SAFEST_FIRST.index(cure.applicability),
                -SEVERITIES.index(finding.severity),
                cure,
            )
            for finding in diagnosis.fired
            for cure in finding.prescription
        ),
        key=lambda item: item[:3],
    )
    kept: list[Prescription] = []
    notes: list[Note] = []
    for *_, cure in ranked:
        same = next((i for i, other in enumerate(kept) if _same_change(cure, other)), None)
        if same is not None:
            kept[same] = _joined(kept[same], cure)
            continue
        against = _contradicted(cure, kept)
        if against:
            notes.append(Note("dropped", f"{cure.what} Left out: {against}"))
        else:
            kept.append(cure)
    return tuple(kept), tuple(notes)


def _same_change(one: Prescription, other: Prescription) -> bool:
    if one.settings or other.settings:
        return dict(one.settings) == dict(other.settings)
    return one.what == other.what


def _joined(first: Prescription, second: Prescription) -> Prescription:
    if second.why in first.why:
        return first
    return replace(first, why=f"{first.why} {second.why}")


def _contradicted(cure: Prescription, kept: Iterable[Prescription]) -> str:
    """Which setting a kept prescription gives another value; empty when there is none."""
    for other in kept:
        for name, value in cure.settings.items():
            if name in other.settings and other.settings[name] != value:
                return f"it sets {name} to {value}, and another sets it to {other.settings[name]}."
    return ""
