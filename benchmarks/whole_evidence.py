"""All that a run with these rows and answers would have on record, so that every fault is asked.

A plant alone leaves little evidence, and few faults could be named beside the planted one. What is
added follows from the planted rows and answers; what the plant itself left is never replaced.
"""

from __future__ import annotations

from typing import Any

from judged_controls import with_judged
from luthier.records import Rows
from luthier.stages.audit import audit
from plants.label_evidence import evidence_about_labels

FEWEST_ROWS = 20


def whole(evidence: dict[str, Any]) -> dict[str, Any]:
    """The evidence with audit, opinions on labels, figures and looks where it lacks them."""
    rows = evidence.get("rows")
    added: dict[str, Any] = {} if "evaluation" in evidence else dict(with_judged(evidence))
    if isinstance(rows, Rows) and "label" in rows.columns and len(rows) >= FEWEST_ROWS:
        if "audit" not in evidence:
            added["audit"] = audit(rows)
        if not {"label_opinions", "label_pairs"} <= evidence.keys():
            added |= evidence_about_labels(rows, evidence)
    return {**added, **evidence}
