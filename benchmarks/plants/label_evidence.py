"""The evidence about labels, from rows alone or with a run's answers; shared by several plants."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from luthier.evidence.label_pairs import label_pairs
from luthier.evidence.out_of_fold import out_of_fold
from luthier.records import Rows


def evidence_about_labels(rows: Rows, result: dict[str, Any] | None = None) -> dict[str, Any]:
    """`label_opinions` and `label_pairs` as a run would have them.

    Args:
        rows: with labels.
        result: evidence of a run on them, whose answers for validation rows are a second opinion.
    """
    names = tuple(sorted(set(rows.columns["label"])))
    labels = np.array([names.index(label) for label in rows.columns["label"]])
    opinions = out_of_fold(rows.ids, rows.columns["text"], labels, names)
    if opinions is None:
        return {}
    if result is not None and "validation_predictions" in result:
        opinions = replace(opinions, model=result["validation_predictions"])
    texts = dict(zip(rows.ids.tolist(), rows.columns["text"], strict=True))
    return {"label_opinions": opinions, "label_pairs": label_pairs(opinions, texts)}


def with_labels(rows: Rows, labels: list[str]) -> Rows:
    """The same rows with other labels."""
    return replace(rows, columns={**rows.columns, "label": labels})
