"""The confident joint: which labels are probably which others.

Source: Northcutt, Jiang & Chuang (2021), Confident learning, J. Artif. Intell. Res. 70, 1373-1411.
"""

from __future__ import annotations

import numpy as np

from luthier.records import FloatArray, Predictions


def confident_joint(answers: Predictions) -> FloatArray:
    """Share of rows with present label i whose right label is probably j, float64 [K, K].

    A row counts for the most probable label among those whose probability reaches their threshold,
    the mean probability of the label on rows that carry it; rows of the matrix are then scaled to
    the number of rows of the label.

    Source: Northcutt, Jiang & Chuang (2021), equations 1 to 4; equal to cleanlab's.
    """
    labels, probabilities = answers.labels, answers.probabilities
    count = len(answers.label_names)
    support = np.bincount(labels, minlength=count).astype(float)
    own = np.bincount(labels, probabilities[np.arange(len(labels)), labels], count)
    threshold = np.divide(own, support, out=np.full(count, np.inf), where=support > 0)
    reached = probabilities >= threshold - 1e-6
    sure = np.flatnonzero(reached.any(axis=1))
    best = np.where(reached, probabilities, -1.0).argmax(axis=1)
    joint = np.zeros((count, count))
    np.add.at(joint, (labels[sure], best[sure]), 1.0)
    empty = (joint.sum(axis=1) == 0) & (support > 0)
    joint[empty, empty] = support[empty]
    sums = joint.sum(axis=1, keepdims=True)
    joint = np.divide(joint, sums, out=np.zeros_like(joint), where=sums > 0) * support[:, None]
    shares: FloatArray = joint / max(1.0, float(joint.sum()))
    return shares
