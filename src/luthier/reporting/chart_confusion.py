"""Plot of a confusion matrix, readable from 2 labels to more than a hundred."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from luthier.records import ConfusionMatrix, FloatArray, IntArray
from luthier.reporting.canvas import INK, MUTED, PAPER, RULE, caption, new_figure, style, to_png
from luthier.reporting.confusions import ConfusedPair, confused_pairs, neighbourly_order, shares
from luthier.reporting.fonts import drawable

NUMBERED_UP_TO = 30
"""Above so many labels the cells carry no numbers, and the order shows the mix-ups."""
LISTED_PAIRS = 30
PAIR_LINE = 0.27
"""Height of a line of that list, inches."""
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
    names = [_name(matrix.labels[i], titles, 14 if many else 18) for i in order]
    with style():
        if many:
            return _draw_many(matrix, share, names, split, titles)
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


def _draw_many(
    matrix: ConfusionMatrix,
    share: FloatArray,
    names: Sequence[str],
    split: str,
    titles: Mapping[str, str] | None,
) -> bytes:
    n = len(names)
    side = n * 0.135 + 1.6
    figure = new_figure(side + 3.6, side + 0.9)
    axes, listing = figure.subplots(1, 2, width_ratios=[side, 3.4])
    _draw_cells(axes, share, names, size=6.5)
    pairs = confused_pairs(matrix, LISTED_PAIRS if n > 60 else LISTED_PAIRS // 2)
    _list_pairs(listing, pairs, titles, PAIR_LINE / side)
    _caption(figure, np.asarray(matrix.rows), split, "labels often mixed up stand side by side")
    return to_png(figure)


def _draw_cells(axes: Axes, share: FloatArray, names: Sequence[str], size: float) -> None:
    n = len(names)
    # a square root lets the few rows off the diagonal be seen beside the many on it
    axes.imshow(np.sqrt(share), cmap=_SHADES, vmin=0, vmax=1, interpolation="nearest")
    turned = n > 12 or max(map(len, names)) > 8
    axes.set_xticks(range(n), names, fontsize=size, rotation=90 if turned else 0)
    axes.set_yticks(range(n), names, fontsize=size)
    axes.tick_params(length=0, labelcolor=INK)
    edges = np.arange(1, n) - 0.5
    thickness = 0.8 if n <= NUMBERED_UP_TO else 0.25
    axes.hlines(edges, -0.5, n - 0.5, color=RULE, linewidth=thickness)
    axes.vlines(edges, -0.5, n - 0.5, color=RULE, linewidth=thickness)
    axes.set_xlabel("answered")
    axes.set_ylabel("true label")
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color(RULE)


def _list_pairs(
    axes: Axes,
    pairs: Sequence[ConfusedPair],
    titles: Mapping[str, str] | None,
    step: float,
) -> None:
    axes.set_axis_off()
    axes.set_title("Most frequent mix-ups" if pairs else "No mix-ups", fontsize=10)
    for index, pair in enumerate(pairs):
        y = 1.0 - (index + 0.5) * step
        true, answered = (_name(name, titles, 18) for name in (pair.label, pair.answered))
        axes.text(
            0.0, y, f"{pair.count} of {pair.support}", fontsize=7.5, color=MUTED,
            transform=axes.transAxes, va="center", in_layout=False,
        )  # fmt: skip
        axes.text(
            0.2, y, f"{true} → {answered}", fontsize=7.5, transform=axes.transAxes, va="center",
            in_layout=False,
        )  # fmt: skip


def _caption(figure: Figure, counts: IntArray, split: str, more: str = "") -> None:
    wrong = int(counts.sum() - np.trace(counts))
    rest = f"; {more}" if more else ""
    caption(
        figure,
        f"Confusion matrix, {split} rows",
        f"{wrong} of {int(counts.sum())} rows wrong; "
        f"colour: share of the true label, root scale{rest}",
    )


def _name(label: str, titles: Mapping[str, str] | None, most: int) -> str:
    title = (titles or {}).get(label, "")
    return drawable(f"{label} {title}" if title and title != label else label, most)
