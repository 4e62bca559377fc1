"""Plot of a confusion matrix, readable from 2 labels to more than a hundred."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from luthier.records import ConfusionMatrix, FloatArray, IntArray
from luthier.reporting.canvas import (
    INK,
    MUTED,
    PAPER,
    RULE,
    caption,
    new_figure,
    new_large_figure,
    style,
    to_png,
    width_of,
)
from luthier.reporting.confusions import neighbourly_order, shares
from luthier.reporting.fonts import distinct
from luthier.reporting.words import plural

NUMBERED_UP_TO = 30
"""Above so many labels the cells carry no numbers, and the order shows the mix-ups."""
# One hue from paper to dark blue: order survives every kind of colour vision and grey print.
_SHADES = LinearSegmentedColormap.from_list(
    "luthier", [PAPER, "#d3e5f2", "#8fc0e0", "#3f8fc4", "#0b5c92", "#062f4d"]
)


def confusion_chart(
    matrix: ConfusionMatrix, split: str, titles: Mapping[str, str] | None = None
) -> bytes | None:
    """The PNG, or None when the matrix is empty.

    Args:
        matrix: of one split.
        split: its name, for the caption.
        titles: label -> a longer name for people.
    """
    if not matrix.labels:
        return None
    many = len(matrix.labels) > NUMBERED_UP_TO
    order = neighbourly_order(matrix) if many else range(len(matrix.labels))
    counts = np.asarray(matrix.rows, dtype=np.int64)[np.ix_(order, order)]
    share = shares(matrix)[np.ix_(order, order)]
    names = _names([matrix.labels[i] for i in order], titles, 26 if many else 18)
    with style():
        if many:
            return _draw_many(counts, share, names, split)
        return _draw_few(counts, share, names, split)


def _draw_few(counts: IntArray, share: FloatArray, names: Sequence[str], split: str) -> bytes:
    n = len(names)
    cell = 0.95 if n <= 3 else 0.62 if n <= 12 else 0.42
    figure = new_figure(max(4.6, n * cell + 2.2), max(3.6, n * cell + 1.7))
    axes = figure.subplots()
    _draw_cells(axes, share, names, size=9 if n <= 12 else 7.5)
    for (i, j), count in np.ndenumerate(counts):
        if count:
            axes.text(
                j, i, f"{count}", ha="center", va="center", fontsize=9.5 if n <= 12 else 7,
                color=PAPER if share[i, j] > 0.3 else INK, in_layout=False,
            )  # fmt: skip
    _caption(figure, counts, split)
    return to_png(figure)


def _draw_many(counts: IntArray, share: FloatArray, names: Sequence[str], split: str) -> bytes:
    cells, size = len(names) * 0.135, 6.5
    margin = max(width_of(name, size) for name in names) + 0.35
    caption_room, edge = 0.75, 0.15
    width, height = margin + cells + edge, caption_room + cells + margin
    figure = new_large_figure(width, height)
    axes = figure.add_axes(
        (margin / width, margin / height, cells / width, cells / height), frameon=False
    )
    axes.imshow(np.sqrt(share), cmap=_SHADES, vmin=0, vmax=1, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    n = len(names)
    edges = np.arange(n + 1) - 0.5
    axes.hlines(edges, -0.5, n - 0.5, color=RULE, linewidth=0.25)
    axes.vlines(edges, -0.5, n - 0.5, color=RULE, linewidth=0.25)
    _write_names(axes, names, size)
    figure.text(edge / width, (margin + cells / 2) / height, "true label", rotation=90,
                color=MUTED, va="center")  # fmt: skip
    figure.text((margin + cells / 2) / width, edge / height, "answered", color=MUTED, ha="center")
    _caption(figure, counts, split, "labels often mixed up stand side by side")
    return to_png(figure)


def _write_names(axes: Axes, names: Sequence[str], size: float) -> None:
    """The names along both sides as plain texts: a tick of an axis costs many times as much."""
    n = len(names)
    for at, name in enumerate(names):
        for x, y, turn, across, along in (
            (-1.0, at, 0, "right", "center"), (at, n, 90, "center", "top")
        ):  # fmt: skip
            axes.text(x, y, name, rotation=turn, ha=across, va=along, fontsize=size, color=INK)


def _draw_cells(axes: Axes, share: FloatArray, names: Sequence[str], size: float) -> None:
    n = len(names)
    # a square root lets the few rows off the diagonal be seen beside the many on it
    axes.imshow(np.sqrt(share), cmap=_SHADES, vmin=0, vmax=1, interpolation="nearest")
    turned = n > 12 or max(map(len, names)) > 8
    axes.set_xticks(range(n), names, fontsize=size, rotation=90 if turned else 0)
    axes.set_yticks(range(n), names, fontsize=size)
    axes.tick_params(length=0, labelcolor=INK)
    edges = np.arange(1, n) - 0.5
    axes.hlines(edges, -0.5, n - 0.5, color=RULE, linewidth=0.8)
    axes.vlines(edges, -0.5, n - 0.5, color=RULE, linewidth=0.8)
    axes.set_xlabel("answered")
    axes.set_ylabel("true label")
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color(RULE)


def _caption(figure: Figure, counts: IntArray, split: str, more: str = "") -> None:
    wrong = int(counts.sum() - np.trace(counts))
    rest = f"; {more}" if more else ""
    caption(
        figure,
        f"Confusion matrix, {split} rows",
        f"{wrong:,} of {plural(int(counts.sum()), 'row')} wrong; "
        f"colour: share of the true label, root scale{rest}",
    )


def _names(labels: Sequence[str], titles: Mapping[str, str] | None, most: int) -> list[str]:
    named = [(label, (titles or {}).get(label, "")) for label in labels]
    return distinct(
        [f"{label} {title}" if title and title != label else label for label, title in named], most
    )
