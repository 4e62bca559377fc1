"""The best accuracy that the labels of some rows allow, by three ways of knowing it.

- `label_noise`: a model that is always right seems wrong wherever the label is; 1 minus the share
  of wrong labels (`label_noise.estimate_noise`) on these rows.
- `conflicting_duplicates`: of texts that are there several times with different labels, all but the
  commonest label must be missed. A count: its interval has no width.
- `annotators`: how often two people gave the same text the same label.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import combinations

import numpy as np

from luthier.kit.intervals import bootstrap_mean
from luthier.kit.label_noise import estimate_noise
from luthier.kit.text_key import text_key
from luthier.records import Figure, IntArray, LabelOpinions, Rows

LEAST_ITEMS = 20
"""Texts labelled by two people, below which their agreement is not a ceiling worth showing."""


WIDE = 0.3
"""An interval of the share of wrong labels that is wider bounds nothing."""


def ceilings(
    rows: Rows, row_ids: IntArray, opinions: LabelOpinions | None
) -> dict[str, Mapping[str, Figure]]:
    """Name of the bound -> the `accuracy` that it allows; what cannot be told is left out.

    Args:
        rows: all rows, with `text` and `label`.
        row_ids: int64, the rows that are judged.
        opinions: answers by models that did not learn from the rows.
    """
    judged = rows.only(row_ids)
    bounds = {"conflicting_duplicates": _of_conflicts(judged)}
    if opinions is not None and (noise := _of_noise(opinions, row_ids)):
        bounds["label_noise"] = noise
    if "annotator" in rows.columns and (human := _of_people(judged)):
        bounds["annotators"] = human
    return {name: {"accuracy": figure} for name, figure in bounds.items() if figure is not None}


def _of_noise(opinions: LabelOpinions, row_ids: IntArray) -> Figure | None:
    estimate = estimate_noise(opinions, row_ids)
    noise = estimate.noise
    if not (estimate.knows_enough and estimate.judges_well) or noise.high - noise.low > WIDE:
        return None
    return Figure(1 - noise.value, 1 - noise.high, 1 - noise.low, noise.n, noise.method)


def _of_conflicts(rows: Rows) -> Figure | None:
    groups: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for text, label in zip(rows.columns["text"], rows.columns["label"], strict=True):
        if label:
            groups[text_key(text)][label] += 1
    n = sum(group.total() for group in groups.values())
    if not n:
        return None
    share = sum(max(group.values()) for group in groups.values()) / n
    return Figure(share, share, share, n, "count")


def _of_people(rows: Rows) -> Figure | None:
    given: defaultdict[str, dict[str, str]] = defaultdict(dict)
    columns = rows.columns
    for text, label, who in zip(
        columns["text"], columns["label"], columns["annotator"], strict=True
    ):
        if label and who:
            given[text_key(text)][who] = label
    agreed = [
        float(np.mean([one == other for one, other in combinations(labels.values(), 2)]))
        for labels in given.values()
        if len(labels) > 1
    ]
    if len(agreed) < LEAST_ITEMS:
        return None
    return bootstrap_mean(np.array(agreed), 1000, 0)
