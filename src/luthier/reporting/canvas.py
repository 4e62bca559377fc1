"""What all plots share: size, colours, type, and the way to a PNG. No pyplot, no global state."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from luthier.reporting.fonts import families, wide

# Okabe and Ito (2008), "Color universal design": told apart with every kind of colour vision.
BLUE = "#0072B2"
ORANGE = "#D55E00"
GREEN = "#009E73"
INK = "#1f2328"
MUTED = "#656d76"
RULE = "#d8dee4"
PAPER = "#ffffff"
DPI = 144
_PIECES = re.compile(r"[\u2e80-\uffef][，。；：、）」”]*|[^\s\u2e80-\uffef]+\s*|\s+")
"""What a line may be broken between: a Han character with the sign behind it, a word."""


@contextmanager
def style() -> Iterator[None]:
    """Type and colours of every plot, for the time of one drawing."""
    with mpl.rc_context(
        {
            "font.family": list(families()),
            "font.size": 9,
            "text.parse_math": False,  # a label with dollar signs is a label, not a formula
            "text.color": INK,
            "axes.unicode_minus": False,
            "axes.edgecolor": RULE,
            "axes.labelcolor": MUTED,
            "axes.titlecolor": INK,
            "axes.titlelocation": "left",
            "axes.titlesize": 10,
            "axes.titlepad": 8,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "xtick.color": RULE,
            "ytick.color": RULE,
            "xtick.labelcolor": MUTED,
            "ytick.labelcolor": INK,
            "grid.color": RULE,
            "grid.linewidth": 0.6,
            "legend.frameon": False,
            "figure.facecolor": PAPER,
            "axes.facecolor": PAPER,
            "savefig.facecolor": PAPER,
        }
    ):
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of this size in inches, with room made for everything in it."""
    layout = ConstrainedLayoutEngine(w_pad=0.09, h_pad=0.06)
    figure = Figure(figsize=(width, height), dpi=DPI, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def caption(figure: Figure, title: str, subtitle: str = "") -> None:
    """A title and, smaller under it, what it rests on; both at the left edge."""
    width, height = figure.get_size_inches()
    lines = wrapped(subtitle, max(40, int(width * 16)))
    room = 0.38 + 0.19 * len(lines)  # inches; the layout leaves them to the caption
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(rect=(0, 0, 1, 1 - room / height))
    left = 0.1 / width
    figure.text(left, 1 - 0.1 / height, title, va="top", fontsize=11.5)
    for number, line in enumerate(lines):
        top = 1 - (0.36 + 0.19 * number) / height
        figure.text(left, top, line, va="top", fontsize=9, color=MUTED)


def wrapped(text: str, most: int) -> list[str]:
    """A text in lines at most `most` wide, a Han character counting 2; broken at spaces and Han.

    >>> wrapped("巨集平均 F1，300 筆", 10)
    ['巨集平均 ', 'F1，300 ', '筆']
    """
    lines, taken = [""] if text else [], 0
    for piece in _PIECES.findall(text):
        if taken and taken + _columns(piece.rstrip()) > most:
            lines.append("")
            taken = 0
        lines[-1] += piece
        taken += _columns(piece)
    return lines


def _columns(text: str) -> int:
    return sum(2 if wide(character) else 1 for character in text)


def unit_axis(axes: Axes) -> None:
    """An x axis from 0 to 1 with light vertical rules."""
    axes.set_xlim(0.0, 1.0)
    axes.set_xticks([0.0, 0.25, 0.5, 0.75, 1.0], ["0", ".25", ".5", ".75", "1"])
    axes.grid(axis="x")
    axes.tick_params(length=0)


def to_png(figure: Figure) -> bytes:
    """The figure as the bytes of a PNG file; the same figure gives the same bytes."""
    stream = io.BytesIO()
    engine = figure.get_layout_engine()
    if engine is not None:  # laid out here once; left in place, it would draw everything twice
        engine.execute(figure)
        figure.set_layout_engine("none")
    # `savefig` would go over the whole figure once more before it draws
    canvas: Any = figure.canvas
    canvas.print_png(stream, metadata={"Software": None})
    return stream.getvalue()
