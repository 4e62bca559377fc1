"""Plot of calibration: of the answers given with a confidence, how many are right?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from luthier.kit.intervals import share_figure
from luthier.records import Figure, Predictions
from luthier.reporting.canvas import BLUE, MUTED, caption, new_figure, style, to_png, unit_axis
from luthier.reporting.catalogue import ENGLISH, Catalogue

BINS = 10
FEWEST = 50
"""Rows below which no bin can say anything."""


class Bin(NamedTuple):
    """Answers of like confidence: their mean confidence, and the share that is right."""

    confidence: float
    right: Figure


def calibration_chart(answers: Predictions, split: str, say: Catalogue = ENGLISH) -> bytes | None:
    """The PNG, or None when too few rows were answered."""
    bins = calibration_bins(answers)
    if not bins:
        return None
    with style():
        figure = new_figure(5.2, 5.4)
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
        x = [one.confidence for one in bins]
        axes.vlines(
            x, [one.right.low for one in bins], [one.right.high for one in bins], color=BLUE,
            alpha=0.35, linewidth=6,
        )  # fmt: skip
        axes.plot(x, [one.right.value for one in bins], "o", color=BLUE, markersize=6,
                  markeredgecolor="white", markeredgewidth=0.6)  # fmt: skip
        unit_axis(axes)
        axes.set_ylim(0, 1)
        axes.grid(axis="y")
        axes.set_xlabel(say("confidence of the answer (mean of the bin)"))
        axes.set_ylabel(say("share of right answers"))
        said = say(
            "{n} {split} rows in {bins} bins of equal size; bar: 95 % interval; "
            "on the dotted line confidence is kept",
            n=f"{sum(one.right.n for one in bins):,}",
            split=say(split),
            bins=len(bins),
        )
        caption(figure, say("Calibration"), said)
        return to_png(figure)


def calibration_bins(answers: Predictions) -> Sequence[Bin]:
    """At most `BINS` bins of equal size, least confident first; none below `FEWEST` rows."""
    known = np.flatnonzero(answers.labels >= 0)
    if len(known) < FEWEST:
        return ()
    confidence = answers.probabilities[known, answers.predicted[known]]
    right = answers.predicted[known] == answers.labels[known]
    return [
        Bin(float(confidence[part].mean()), share_figure(int(right[part].sum()), len(part)))
        for part in np.array_split(np.argsort(confidence, kind="stable"), BINS)
    ]
