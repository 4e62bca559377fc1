"""Plot of the score beside the simple rivals (floors), each with its interval."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from luthier.records import Evaluation, Figure, SplitEvaluation
from luthier.reporting.canvas import BLUE, INK, MUTED, caption, new_figure, style, to_png, unit_axis
from luthier.reporting.catalogue import ENGLISH, Catalogue
from luthier.reporting.words import floor_title, metric_title

METRICS = ("macro_f1", "accuracy", "subset_accuracy", "spearman")
"""Figures from 0 to 1 that rivals have; the first two that a task has are drawn."""


def floors_chart(evaluation: Evaluation, say: Catalogue = ENGLISH) -> bytes | None:
    """The PNG with validation and test one above the other, or None when no rival was fitted."""
    splits = [
        (name, evaluation.splits[name])
        for name in ("validation", "test")
        if name in evaluation.splits and evaluation.splits[name].floor
    ]
    if not splits:
        return None
    metrics = [m for m in METRICS if any(m in split.figures for _, split in splits)][:2]
    if not metrics:
        return None
    rows = sum(len(split.floor) + 1 for _, split in splits)
    with style():
        figure = new_figure(8.0, rows * 0.34 + len(splits) * 0.55 + 0.7)
        grid = figure.subplots(
            len(splits), len(metrics), squeeze=False, sharey="row",
            height_ratios=[len(split.floor) + 1 for _, split in splits],
        )  # fmt: skip
        for line, (name, split) in zip(grid, splits, strict=True):
            for axes, metric in zip(line, metrics, strict=True):
                _draw_split(axes, split, metric, say)
                rows_said = say.count(
                    split.n, "{n} {split} row", "{n} {split} rows", split=say(name)
                )
                axes.set_title(f"{metric_title(metric, say)}{say(', ')}{rows_said}")
        caption(
            figure,
            say("The model beside its simple rivals"),
            say("dot: value, bar: 95 % interval"),
        )
        return to_png(figure)


def _draw_split(axes: Axes, split: SplitEvaluation, metric: str, say: Catalogue) -> None:
    floors = [
        (floor_title(name, say), figures.get(metric)) for name, figures in split.floor.items()
    ]
    floors.sort(key=lambda item: -(item[1].value if item[1] else 0.0))
    lines: Sequence[tuple[str, Figure | None]] = [
        (say("this model"), split.figures.get(metric)),
        *floors,
    ]
    for row, (_, figure) in enumerate(lines):
        if figure is None:
            continue
        colour = BLUE if row == 0 else MUTED
        axes.hlines(row, figure.low, figure.high, color=colour, alpha=0.35, linewidth=6)
        axes.plot(
            [figure.value], [row], "o" if row == 0 else "s", color=colour, markersize=6,
            markeredgecolor="white", markeredgewidth=0.6, clip_on=False,
        )  # fmt: skip
        right = figure.high < 0.85
        axes.text(
            figure.high + 0.02 if right else figure.low - 0.02, row, f"{figure.value:.3f}",
            ha="left" if right else "right", va="center", color=INK, fontsize=8.5,
        )  # fmt: skip
    axes.set_yticks(range(len(lines)), [name for name, _ in lines])
    unit_axis(axes)
    axes.set_ylim(len(lines) - 0.4, -0.6)
