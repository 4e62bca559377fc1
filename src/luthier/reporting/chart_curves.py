"""Plot of ROC and precision-recall curves: each label against the rest, the hardest named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from sklearn.metrics import precision_recall_curve, roc_curve

from luthier.kit.average_precision import average_precision
from luthier.records import BoolArray, FloatArray, Predictions
from luthier.reporting.canvas import (
    BLUE,
    GREEN,
    MUTED,
    ORANGE,
    caption,
    new_figure,
    style,
    to_png,
    unit_axis,
)
from luthier.reporting.catalogue import ENGLISH, Catalogue
from luthier.reporting.fonts import distinct

NAMED = (ORANGE, GREEN, BLUE)
"""Colours of the labels with the lowest average precision; all others are grey."""
FAINT_UP_TO = 40
"""Above so many labels only the named ones are drawn."""


def curves_chart(answers: Predictions, split: str, say: Catalogue = ENGLISH) -> bytes | None:
    """The PNG, or None when no label occurs both among the rows and among the rest."""
    known = answers.labels >= 0
    labels, scores = answers.labels[known], answers.probabilities[known]
    counts = np.bincount(labels, minlength=len(answers.label_names))
    there = [i for i, count in enumerate(counts.tolist()) if 0 < count < len(labels)]
    if len(answers.label_names) == 2 and len(there) == 2:
        there = [min(there, key=lambda i: counts[i])]  # one curve is the other one turned
    if not there:
        return None
    precision = {i: _precision(labels == i, scores[:, i]) for i in there}
    hardest = sorted(there, key=lambda i: precision[i])[: len(NAMED)]
    names = distinct([answers.label_names[i] for i in hardest], 22)
    others = [i for i in there if i not in hardest] if len(there) <= FAINT_UP_TO else []
    with style():
        figure = new_figure(9.0, 4.9)
        left, right = figure.subplots(1, 2)
        for i in others:
            _draw(left, right, labels == i, scores[:, i], MUTED, "")
        for i, name, colour in zip(hardest, names, NAMED, strict=False):
            title = say(
                "{label}, average precision {value}", label=name, value=f"{precision[i]:.2f}"
            )
            _draw(left, right, labels == i, scores[:, i], colour, title)
        left.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
        _name_axes(left, "ROC", (say("false positive rate"), say("true positive rate")))
        _name_axes(right, say("Precision and recall"), (say("recall"), say("precision")))
        right.legend(loc="lower left", fontsize=8)
        said = say.count(
            len(there),
            "{rows} {split} rows, each label against the rest; the only curve is named",
            "{rows} {split} rows, each label against the rest; the {named} hardest of {n} labels "
            "named",
            rows=f"{len(labels):,}",
            split=say(split),
            named=len(hardest),
        )
        caption(figure, say("ROC and precision-recall curves"), said)
        return to_png(figure)


def _precision(truth: BoolArray, score: FloatArray) -> float:
    """Average precision of one label."""
    once = np.ones((len(truth), 1), dtype=np.int64)
    return float(average_precision(truth.astype(np.int64), score, once)[0])


def _draw(
    left: Axes, right: Axes, truth: BoolArray, score: FloatArray, colour: str, title: str
) -> None:
    look: dict[str, Any] = {"color": colour, "linewidth": 0.7, "alpha": 0.4, "zorder": 1}
    if title:
        look |= {"linewidth": 1.8, "alpha": 1.0, "zorder": 3, "label": title}
    false_positive, true_positive, _ = roc_curve(truth, score)
    left.plot(false_positive, true_positive, **look)
    precision, recall, _ = precision_recall_curve(truth, score)
    right.step(recall, precision, where="post", **look)


def _name_axes(axes: Axes, title: str, names: Sequence[str]) -> None:
    unit_axis(axes)
    axes.set_ylim(0, 1.02)
    axes.grid(axis="y")
    axes.set_title(title)
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
