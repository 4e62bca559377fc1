"""The cure that makes a linear model teach."""

from __future__ import annotations

from luthier.records import Applicability, Prescription

LEARN_FROM_LINEAR = Prescription(
    "Mix the opinion of a linear model, which did not learn from the row, into each label.",
    "What the linear model knows is learned too, and single labels are trusted less.",
    Applicability.ASK,
    {"train.teacher": "linear"},
)
"""Measured on `tnews_zh` and `cic_zh` (docs/LOG.md); an encoder that is far better loses by it."""
