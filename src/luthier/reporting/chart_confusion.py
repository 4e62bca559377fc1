"""Plot of a confusion matrix, readable from 2 labels to more than a hundred."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from luthier.records import ConfusionMatrix, FloatArray, IntArray
from luthier.reporting.canvas import (
    DPI,
    INK,
    MUTED,
    PAPER,
    RULE,
    caption,
    new_figure,
    style,
    to_png,
)
from luthier.reporting.catalogue import ENGLISH, Catalogue
from luthier.reporting.confusions import neighbourly_order, shares
from luthier.reporting.fonts import distinct
from luthier.reporting.sheet import Sheet, width_in_points

SMALL = 6.5
"""Size of the type where labels are many, in printer's points."""
NUMBERED_UP_TO = 30
"""Above so many labels the cells carry no numbers, and the order shows the mix-ups."""
# One hue from paper to dark blue: order survives every kind of colour vision and grey print.
_SHADES = LinearSegmentedColormap.from_list(
    "luthier", [PAPER, "#d3e5f2", "#8fc0e0", "#3f8fc4", "#0b5c92", "#062f4d"]
)


def confusion_chart(
    matrix: ConfusionMatrix,
    split: str,
    titles: Mapping[str, str] | None = None,
    say: Catalogue = ENGLISH,
) -> bytes | None:
    """The PNG, or None when the matrix is empty.

    Args:
        matrix: of one split.
        split: its name, for the caption.
        titles: label -> a longer name for people.
        say: the language of the caption.
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
            return _draw_many(counts, share, names, split, say)
        return _draw_few(counts, share, names, split, say)


def _draw_few(
    counts: IntArray, share: FloatArray, names: Sequence[str], split: str, say: Catalogue
) -> bytes:
    n = len(names)
    cell = 0.95 if n <= 3 else 0.62 if n <= 12 else 0.42
    figure = new_figure(max(4.6, n * cell + 2.2), max(3.6, n * cell + 1.7))
    axes = figure.subplots()
    _draw_cells(axes, share, names, 9 if n <= 12 else 7.5, say)
    for (i, j), count in np.ndenumerate(counts):
        if count:
            axes.text(
                j, i, f"{count}", ha="center", va="center", fontsize=9.5 if n <= 12 else 7,
                color=PAPER if share[i, j] > 0.3 else INK, in_layout=False,
            )  # fmt: skip
    caption(figure, *_said(counts, split, say))
    return to_png(figure)


def _draw_many(
    counts: IntArray, share: FloatArray, names: Sequence[str], split: str, say: Catalogue
) -> bytes:
    n, side = len(names), round(0.135 * DPI)
    head = round(0.75 * DPI)
    margin = width_in_points(names, SMALL) + round(0.35 * DPI)
    sheet = Sheet(margin + n * side + DPI // 7, head + n * side + margin, _SHADES)
    sheet.paint(margin, head, np.sqrt(share), side)
    gap, below = DPI // 24, head + n * side
    for at, name in enumerate(names):
        middle = round((at + 0.5) * side)
        sheet.write(name, margin - gap, head + middle, SMALL, anchor=(1.0, 0.5))
        sheet.write(name, margin + middle, below + gap, SMALL, upright=True, anchor=(0.5, 0.0))
    centre, edge, centred = n * side // 2, DPI // 7, (0.5, 0.5)
    sheet.write(say("true label"), edge, head + centre, 9, ink=MUTED, upright=True, anchor=centred)
    sheet.write(
        say("answered"), margin + centre, below + margin - edge, 9, ink=MUTED, anchor=centred
    )
    sheet.caption(*_said(counts, split, say, say("labels often mixed up stand side by side")))
    return sheet.to_png()


def _draw_cells(
    axes: Axes, share: FloatArray, names: Sequence[str], size: float, say: Catalogue
) -> None:
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
    axes.set_xlabel(say("answered"))
    axes.set_ylabel(say("true label"))
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color(RULE)


def _said(counts: IntArray, split: str, say: Catalogue, more: str = "") -> tuple[str, str]:
    """Title and subtitle."""
    said = say.count(
        int(counts.sum()),
        "{wrong} of {n} row wrong; colour: share of the true label, root scale",
        "{wrong} of {n} rows wrong; colour: share of the true label, root scale",
        wrong=f"{int(counts.sum() - np.trace(counts)):,}",
    )
    title = say("Confusion matrix, {split} rows", split=say(split))
    return title, f"{said}{say('; ')}{more}" if more else said


def _names(labels: Sequence[str], titles: Mapping[str, str] | None, most: int) -> list[str]:
    named = [(label, (titles or {}).get(label, "")) for label in labels]
    return distinct(
        [f"{label} {title}" if title and title != label else label for label, title in named], most
    )
