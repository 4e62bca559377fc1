"""Labels whose order Luthier assumed itself: where it is wrong, that is no fault of the model."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace

from luthier.questions import answers_to_all
from luthier.records import Applicability, Diagnosis, Finding, Prescription

FAULT = "label_order"


def order_was_assumed(
    found: Diagnosis, names: Sequence[str], evidence: Mapping[str, object]
) -> Diagnosis:
    """The same diagnosis; if the labels stand in another order, it is the assumption that is wrong.

    Args:
        found: the diagnosis with the labels in the order that was assumed.
        names: that order.
        evidence: what was asked.
    """
    finding = found.of(FAULT)
    if not isinstance(finding, Finding):
        return found
    mapping = finding.measured["mapping"]
    order = ",".join(mapping.get(name, name) for name in names)
    before, after = finding.measured["accuracy"][0], finding.measured["accuracy_reordered"]
    cure = Prescription(
        f"Say the order of the outputs, and diagnose again: --label-names {shlex.quote(order)}",
        "The file does not name its outputs; until then every other finding is about answers that "
        "were read wrongly.",
        Applicability.ADVICE,
    )
    mended = replace(
        finding,
        message=(
            "The file does not say which output is which label, and the order that Luthier assumed "
            f"is wrong: in another one accuracy is {after:.3f} instead of {before:.3f}. The model "
            "may be sound."
        ),
        prescription=(cure,),
    )
    fired = tuple(mended if one.fault == FAULT else one for one in found.fired)
    found = replace(found, fired=fired)
    return replace(found, answers=answers_to_all(found, evidence))
