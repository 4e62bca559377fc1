"""Plot of the classification report: precision, recall and F1 per label, each with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from luthier.records import Figure as Score
from luthier.records import LabelFigures, SplitEvaluation
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
from luthier.reporting.chart_labels_large import large_labels_chart
from luthier.reporting.fonts import distinct

# shape and colour both tell the three apart
_PANELS = (
    ("f1", "F1", BLUE, "o"),
    ("precision", "precision", ORANGE, "s"),
    ("recall", "recall", GREEN, "D"),
)

ONE_BY_ONE_UP_TO = 40
"""Above so many labels rows stand closer, in smaller type."""


def labels_chart(
    evaluation: SplitEvaluation,
    split: str,
    titles: Mapping[str, str] | None = None,
    say: Catalogue = ENGLISH,
) -> bytes | None:
    """The PNG, or None when no label was judged. Labels stand from the best F1 to the worst.

    Args:
        evaluation: of one split.
        split: its name, for the caption.
        titles: label -> a longer name for people.
        say: the language of the caption.
    """
    ranked = ranked_labels(evaluation)
    if not ranked:
        return None
    names, said = _names(ranked, titles), _said(evaluation, split, say)
    panels = [(name, say(title), colour, marker) for name, title, colour, marker in _PANELS]
    if len(ranked) > ONE_BY_ONE_UP_TO:
        return large_labels_chart(ranked, names, panels, said, say("true rows"))
    with style():
        figure = new_figure(9.0, len(ranked) * 0.30 + 1.5)
        axes: Sequence[Axes] = figure.subplots(1, 3, sharey=True)
        for panel, (name, title, colour, marker) in zip(axes, panels, strict=True):
            scores = [getattr(figures, name) for _, figures in ranked]
            _draw_panel(panel, scores, title, colour, marker)
        _name_rows(axes[0], ranked, names, say("true rows"))
        caption(figure, *said)
        return to_png(figure)


def ranked_labels(evaluation: SplitEvaluation) -> list[tuple[str, LabelFigures]]:
    """The labels from the best F1 to the worst; equal ones by support, then by name."""
    return sorted(
        evaluation.per_label.items(),
        key=lambda item: (-item[1].f1.value, -item[1].support, item[0]),
    )


def _draw_panel(axes: Axes, scores: Sequence[Score], title: str, colour: str, marker: str) -> None:
    rows = range(len(scores))
    axes.hlines(
        rows, [s.low for s in scores], [s.high for s in scores], color=colour, alpha=0.35,
        linewidth=5,
    )  # fmt: skip
    axes.plot(
        [s.value for s in scores], rows, marker, color=colour, markersize=6,
        markeredgecolor="white", markeredgewidth=0.6, clip_on=False,
    )  # fmt: skip
    axes.set_title(title)
    unit_axis(axes)
    axes.set_ylim(len(scores) - 0.4, -0.6)


def _name_rows(
    axes: Axes, ranked: Sequence[tuple[str, LabelFigures]], names: Sequence[str], head: str
) -> None:
    for row, (_, figures) in enumerate(ranked):
        _beside(axes, row, f"{figures.support:,}", 9.0)
    _beside(axes, -0.95, head, 7.5)
    axes.set_yticks(range(len(names)), names, fontsize=9.0)
    axes.tick_params(axis="y", pad=34)


def _names(
    ranked: Sequence[tuple[str, LabelFigures]], titles: Mapping[str, str] | None
) -> list[str]:
    named = [(label, (titles or {}).get(label, "")) for label, _ in ranked]
    return distinct(
        [f"{label} {title}" if title and title != label else label for label, title in named], 34
    )


def _beside(axes: Axes, row: float, text: str, size: float) -> None:
    axes.annotate(
        text, (0.0, row), xycoords=axes.get_yaxis_transform(), xytext=(-6, 0),
        textcoords="offset points", ha="right", va="center", fontsize=size, color=MUTED,
        annotation_clip=False, in_layout=False,
    )  # fmt: skip


def _said(evaluation: SplitEvaluation, split: str, say: Catalogue) -> tuple[str, str]:
    """Title and subtitle."""
    return (
        say("Classification report, {split} rows", split=say(split)),
        say.count(
            evaluation.n,
            "{n} row; dot: value, bar: 95 % interval; a long bar means few rows, not a bad label",
            "{n} rows; dot: value, bar: 95 % interval; a long bar means few rows, not a bad label",
        ),
    )
