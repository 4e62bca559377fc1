"""What all plots share: size, colours, type, and the way to a PNG. No pyplot, no global state."""

from __future__ import annotations

import io
import textwrap
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


def new_large_figure(width: float, height: float) -> Figure:
    """An empty figure of this size in inches whose parts are placed by hand.

    Making room for everything costs a measurement of each text, several times over: seconds, where
    hundreds of labels stand along an axis.
    """
    figure = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def width_of(text: str, size: float) -> float:
    """About the width of a text in inches at a type size in points; never too little."""
    return sum(1.0 if wide(character) else 0.66 for character in text) * size / 72


def caption(figure: Figure, title: str, subtitle: str = "") -> None:
    """A title and, smaller under it, what it rests on; both at the left edge."""
    width, height = figure.get_size_inches()
    lines = textwrap.wrap(subtitle, max(40, int(width * 16)))
    room = 0.38 + 0.19 * len(lines)  # inches; the layout leaves them to the caption
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(rect=(0, 0, 1, 1 - room / height))
    left = 0.1 / width
    figure.text(left, 1 - 0.1 / height, title, va="top", fontsize=11.5)
    for number, line in enumerate(lines):
        top = 1 - (0.36 + 0.19 * number) / height
        figure.text(left, top, line, va="top", fontsize=9, color=MUTED)


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
