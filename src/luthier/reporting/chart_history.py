"""Plot of the training history: losses above, macro-F1 below, the best epoch and the end marked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from luthier.records import Evaluated, Event, FloatArray, Started, Stepped, Stopped
from luthier.reporting.canvas import (
    BLUE,
    GREEN,
    MUTED,
    ORANGE,
    RULE,
    caption,
    new_figure,
    style,
    to_png,
)
from luthier.reporting.catalogue import ENGLISH, Catalogue
from luthier.reporting.words import metric_title, stop_sentence

POINTS = 1000
"""Most points of the step-loss line; more would not be seen."""


def history_chart(history: Sequence[Event], say: Catalogue = ENGLISH) -> bytes | None:
    """The PNG, or None when there is no course to draw: no step was taken."""
    steps = [event for event in history if isinstance(event, Stepped)]
    evaluations = [event for event in history if isinstance(event, Evaluated)]
    end = max((*(e.epoch for e in steps), *(e.epoch for e in evaluations)), default=0.0)
    if end <= 0:
        return None
    started = next((event for event in history if isinstance(event, Started)), None)
    stopped = next((e for e in reversed(history) if isinstance(e, Stopped)), None)
    with style():
        figure = new_figure(8.0, 5.6)
        above, below = figure.subplots(2, 1, sharex=True)
        _draw_losses(above, steps, evaluations, say)
        _draw_scores(below, evaluations, say)
        if started is not None and started.frozen_epochs:
            _mark_frozen(above, below, min(end, started.frozen_epochs), say)
        _mark_best(above, below, evaluations, say)
        if stopped is not None:
            for axes in (above, below):
                axes.axvline(stopped.epoch, color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
        below.set_xlim(0, end * 1.03)
        below.xaxis.set_major_locator(MaxNLocator(integer=end >= 2, nbins=15 if end >= 2 else 6))
        below.set_xlabel(say("epoch"))
        caption(figure, say("Training history"), stop_sentence(stopped, started, evaluations, say))
        return to_png(figure)


def _draw_losses(
    axes: Axes, steps: Sequence[Stepped], evaluations: Sequence[Evaluated], say: Catalogue
) -> None:
    of_numbers = any("r2" in event.validation for event in evaluations)
    named = (
        say("Loss (squared error, per row)") if of_numbers else say("Loss (natural log, per row)")
    )
    axes.set_title(named)
    if steps:
        epochs = np.array([event.epoch for event in steps])
        losses = smoothed(np.array([event.loss for event in steps]))
        every = max(1, len(steps) // POINTS)
        axes.plot(
            epochs[::every], losses[::every], color=ORANGE, alpha=0.4, linewidth=0.9,
            label=say("train steps, smoothed (dropout on)"),
        )  # fmt: skip
    _draw_both(axes, evaluations, "loss", say)
    axes.set_ylim(bottom=0)


def _draw_scores(axes: Axes, evaluations: Sequence[Evaluated], say: Catalogue) -> None:
    """Macro-F1; of a task that has none, its first figure."""
    names = dict.fromkeys(n for e in evaluations for n in e.validation if n != "loss")
    name = "macro_f1" if "macro_f1" in names or not names else next(iter(names))
    title = metric_title(name, say)
    axes.set_title(title[0].upper() + title[1:])
    _draw_both(axes, evaluations, name, say)
    least = min((e.validation.get(name, 0.0) for e in evaluations), default=0.0)
    axes.set_ylim(min(0.0, least), 1)


def _draw_both(axes: Axes, evaluations: Sequence[Evaluated], metric: str, say: Catalogue) -> None:
    lines = (
        ("train", ORANGE, "s", "--", [event.train.get(metric) for event in evaluations]),
        ("validation", BLUE, "o", "-", [event.validation.get(metric) for event in evaluations]),
    )
    for name, colour, marker, dashes, values in lines:
        points = [
            (event.epoch, value)
            for event, value in zip(evaluations, values, strict=True)
            if value is not None
        ]
        if points:
            x, y = zip(*points, strict=True)
            axes.plot(
                x, y, color=colour, marker=marker, markersize=4, linestyle=dashes,
                linewidth=1.6, label=say(name),
            )  # fmt: skip
    axes.grid(axis="y")
    axes.tick_params(length=0, labelcolor=MUTED)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, fontsize=8,
            borderaxespad=0.2, handlelength=1.8, columnspacing=1.2,
        )  # fmt: skip


def _mark_best(above: Axes, below: Axes, evaluations: Sequence[Evaluated], say: Catalogue) -> None:
    best = next((event for event in reversed(evaluations) if event.is_best), None)
    if best is None:
        return
    for axes in (above, below):
        axes.axvline(best.epoch, color=GREEN, linewidth=1.2, zorder=0)
    left = best.epoch > evaluations[-1].epoch * 0.7
    below.annotate(
        say("best: epoch {epoch}", epoch=f"{best.epoch:g}"),
        (best.epoch, 0.04),
        xytext=(-5 if left else 5, 0),
        textcoords="offset points",
        ha="right" if left else "left",
        color=GREEN,
        fontsize=8.5,
    )


def _mark_frozen(above: Axes, below: Axes, epochs: float, say: Catalogue) -> None:
    """Shade the epochs in which the lower half stood still: what follows begins with a setback."""
    for axes in (above, below):
        axes.axvspan(0, epochs, color=RULE, alpha=0.45, linewidth=0, zorder=0)
    below.annotate(
        say("upper half only"),
        (epochs, 0.96),
        xytext=(-5, 0),
        textcoords="offset points",
        ha="right",
        va="top",
        color=MUTED,
        fontsize=8.5,
    )


def smoothed(values: FloatArray) -> FloatArray:
    """Moving average over a fiftieth of the steps, at least 5, with shorter windows at the ends."""
    window = min(len(values), max(5, len(values) // 50))
    kernel = np.ones(window)
    result: FloatArray = np.convolve(values, kernel, "same") / np.convolve(
        np.ones(len(values)), kernel, "same"
    )
    return result
