"""Whether texts of another kind are why test answers are bad."""

from __future__ import annotations

from luthier.records import Finding, Standing

FOREIGN = 0.9
"""AUC from which hardly any test text is like one of training: what it does to rows that are like
them says nothing then. Below, drift is sure to matter only where it is seen to harm."""


def drift_standing(finding: Finding, *, explains: bool) -> Standing:
    """How likely drift is the cause.

    Args:
        finding: of `texts_drifted`.
        explains: whether test is surely worse, and no other cause was found.
    """
    if not explains:
        return "possible"
    harms = finding.severity == "high"
    return "found" if harms or finding.measured.get("test_auc", 0.0) >= FOREIGN else "likely"
