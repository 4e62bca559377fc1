"""Plot of a model that estimates a number: answers against the truth, and how far they are off."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from luthier.records import FloatArray, NumberPredictions
from luthier.reporting.canvas import BLUE, MUTED, ORANGE, caption, new_figure, style, to_png
from luthier.reporting.catalogue import ENGLISH, Catalogue

DOTS = 5000
"""Rows drawn as dots at most, evenly taken."""
BINS = 40


def numbers_chart(answers: NumberPredictions, split: str, say: Catalogue = ENGLISH) -> bytes | None:
    """The PNG, or None when no row has a known number."""
    known = answers.known
    truth, answer = answers.labels[known], answers.predicted[known]
    if not len(truth):
        return None
    with style():
        figure = new_figure(9.0, 4.9)
        left, right = figure.subplots(1, 2)
        _draw_dots(left, truth, answer, say)
        _draw_errors(right, answer - truth, say)
        caption(
            figure,
            say("Answers and errors, {split} rows", split=say(split)),
            say.count(
                len(truth),
                "{n} row; half of the answers are less than {error} off",
                "{n} rows; half of the answers are less than {error} off",
                error=f"{float(np.median(np.abs(answer - truth))):.3g}",
            ),
        )
        return to_png(figure)


def _draw_dots(axes: Axes, truth: FloatArray, answer: FloatArray, say: Catalogue) -> None:
    every = max(1, len(truth) // DOTS)
    ends = [float(min(truth.min(), answer.min())), float(max(truth.max(), answer.max()))]
    axes.plot(ends, ends, color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
    alpha = max(0.08, min(0.7, 120 / len(truth)))
    axes.plot(
        truth[::every], answer[::every], "o", color=BLUE, alpha=alpha, markersize=5,
        markeredgewidth=0,
    )  # fmt: skip
    axes.set_title(say("Answers against the truth"))
    axes.set_xlabel(say("true number"))
    axes.set_ylabel(say("answered"))
    axes.grid()
    axes.tick_params(length=0, labelcolor=MUTED)


def _draw_errors(axes: Axes, error: FloatArray, say: Catalogue) -> None:
    axes.hist(error, bins=BINS, color=BLUE)
    axes.axvline(0.0, color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
    axes.axvline(float(error.mean()), color=ORANGE, linewidth=1.6, label=say("mean error"))
    axes.set_title(say("Errors"))
    axes.set_xlabel(say("answer minus truth"))
    axes.set_ylabel(say("rows"))
    axes.grid(axis="y")
    axes.tick_params(length=0, labelcolor=MUTED)
    axes.legend(loc="upper right", fontsize=8)
