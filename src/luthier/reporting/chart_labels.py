"""Plot of the classification report: precision, recall and F1 per label, each with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from luthier.records import Figure as Score
from luthier.records import LabelFigures, SplitEvaluation
from luthier.reporting.canvas import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    caption,
    new_figure,
    new_large_figure,
    style,
    to_png,
    unit_axis,
    width_of,
)
from luthier.reporting.fonts import distinct
from luthier.reporting.words import plural

# shape and colour both tell the three apart
_PANELS = (
    ("f1", "F1", BLUE, "o"),
    ("precision", "precision", ORANGE, "s"),
    ("recall", "recall", GREEN, "D"),
)

ONE_BY_ONE_UP_TO = 40
"""Above so many labels rows stand closer, in smaller type."""
SMALL = 7.0


def labels_chart(
    evaluation: SplitEvaluation, split: str, titles: Mapping[str, str] | None = None
) -> bytes | None:
    """The PNG, or None when no label was judged. Labels stand from the best F1 to the worst.

    Args:
        evaluation: of one split.
        split: its name, for the caption.
        titles: label -> a longer name for people.
    """
    ranked = ranked_labels(evaluation)
    if not ranked:
        return None
    with style():
        if len(ranked) <= ONE_BY_ONE_UP_TO:
            figure = new_figure(9.0, len(ranked) * 0.30 + 1.5)
            axes: Sequence[Axes] = figure.subplots(1, 3, sharey=True)
        else:
            figure, axes = _large(ranked, titles)
        for panel, (name, title, colour, marker) in zip(axes, _PANELS, strict=True):
            scores = [getattr(figures, name) for _, figures in ranked]
            _draw_panel(panel, scores, title, colour, marker)
        _name_rows(axes[0], ranked, titles)
        _caption(figure, evaluation, split)
        return to_png(figure)


def _large(
    ranked: Sequence[tuple[str, LabelFigures]], titles: Mapping[str, str] | None
) -> tuple[Figure, Sequence[Axes]]:
    """Three panels side by side for many labels, placed by hand."""
    margin = max(width_of(name, SMALL) for name in _names(ranked, titles)) + 0.7
    above, below, side, gap = 1.05, 0.35, 2.2, 0.25
    width, height = margin + 3 * (side + gap), len(ranked) * 0.19 + above + below
    figure = new_large_figure(width, height)
    axes = [
        figure.add_axes(
            ((margin + place * (side + gap)) / width, below / height, side / width,
             1 - (above + below) / height)
        )
        for place in range(3)
    ]  # fmt: skip
    for panel in axes[1:]:
        panel.set_yticks([])
    return figure, axes


def ranked_labels(evaluation: SplitEvaluation) -> list[tuple[str, LabelFigures]]:
    """The labels from the best F1 to the worst; equal ones by support, then by name."""
    return sorted(
        evaluation.per_label.items(),
        key=lambda item: (-item[1].f1.value, -item[1].support, item[0]),
    )


def _draw_panel(axes: Axes, scores: Sequence[Score], title: str, colour: str, marker: str) -> None:
    rows = range(len(scores))
    many = len(scores) > ONE_BY_ONE_UP_TO
    axes.hlines(
        rows, [s.low for s in scores], [s.high for s in scores], color=colour, alpha=0.35,
        linewidth=3 if many else 5,
    )  # fmt: skip
    axes.plot(
        [s.value for s in scores], rows, marker, color=colour, markersize=4 if many else 6,
        markeredgecolor="white", markeredgewidth=0.6, clip_on=False,
    )  # fmt: skip
    axes.set_title(title)
    unit_axis(axes)
    axes.set_ylim(len(scores) - 0.4, -0.6)
    if many:  # the scale is far from the lower rows, so it stands at both ends
        axes.tick_params(labeltop=True, pad=2)
        for line in range(4, len(scores), 5):
            axes.axhline(line + 0.5, color="#eaeef2", linewidth=0.6, zorder=0)


def _name_rows(
    axes: Axes, ranked: Sequence[tuple[str, LabelFigures]], titles: Mapping[str, str] | None
) -> None:
    many = len(ranked) > ONE_BY_ONE_UP_TO
    size = SMALL if many else 9.0
    names = _names(ranked, titles)
    for row, (name, (_, figures)) in enumerate(zip(names, ranked, strict=True)):
        _beside(axes, row, f"{figures.support:,}", size)
        if many:
            _beside(axes, row, name, size, pad=32, colour=INK)
    _beside(axes, -1.4 if many else -0.95, "true rows", 7.5)
    if many:
        axes.set_yticks([])
    else:
        axes.set_yticks(range(len(names)), names, fontsize=size)
        axes.tick_params(axis="y", pad=34)


def _names(
    ranked: Sequence[tuple[str, LabelFigures]], titles: Mapping[str, str] | None
) -> list[str]:
    named = [(label, (titles or {}).get(label, "")) for label, _ in ranked]
    return distinct(
        [f"{label} {title}" if title and title != label else label for label, title in named], 34
    )


def _beside(
    axes: Axes, row: float, text: str, size: float, pad: float = 6, colour: str = MUTED
) -> None:
    axes.annotate(
        text, (0.0, row), xycoords=axes.get_yaxis_transform(), xytext=(-pad, 0),
        textcoords="offset points", ha="right", va="center", fontsize=size, color=colour,
        annotation_clip=False, in_layout=False,
    )  # fmt: skip


def _caption(figure: Figure, evaluation: SplitEvaluation, split: str) -> None:
    caption(
        figure,
        f"Classification report, {split} rows",
        f"{plural(evaluation.n, 'row')}; dot: value, bar: 95 % interval; "
        "a long bar means few rows, not a bad label",
    )
