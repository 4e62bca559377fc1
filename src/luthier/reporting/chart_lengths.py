"""Plot of how long the rows are, in tokens, and where the model stops reading."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from luthier.records import FloatArray
from luthier.reporting.canvas import BLUE, MUTED, ORANGE, PAPER, caption, new_figure, style, to_png
from luthier.reporting.catalogue import ENGLISH, Catalogue
from luthier.reporting.facts import ReportFacts
from luthier.reporting.words import share

BINS = 40
LEFT_PART = 0.2
"""A limit in this left part of the axis has its name on its right, where there is room."""


def lengths_chart(facts: ReportFacts, say: Catalogue = ENGLISH) -> bytes | None:
    """The PNG, or None when the lengths of the rows were not written."""
    if facts.lengths is None or not len(facts.lengths.tokens):
        return None
    tokens, lost = facts.lengths.tokens, facts.lengths.lost
    limit = max((part.max_length for part in facts.encoding.values()), default=0)
    end = max(int(np.quantile(tokens, 0.995)), limit) * 1.05 + 1
    bins = np.linspace(0, end, BINS + 1)
    with style():
        figure = new_figure(8.0, 3.6)
        axes = figure.subplots()
        axes.set_ymargin(0.18)  # room for the name of the limit above the bars
        heights, _, _ = axes.hist(np.minimum(tokens, end), bins=bins.tolist(), color=BLUE)
        longest = int(tokens.max())
        if longest > end:
            _name_last_bar(axes, say, float(np.atleast_2d(heights)[0, -1]), bins, longest)
        if limit:
            _name_limit(axes, say, limit, end)
        axes.grid(axis="y")
        axes.tick_params(length=0, labelcolor=MUTED)
        axes.set_xlim(0, end)
        axes.set_xlabel(say("tokens of the uncut row"))
        axes.set_ylabel(say("rows"))
        cut = int((lost > 0).sum())
        caption(
            figure,
            say("Length of the rows"),
            say.count(
                len(tokens),
                "{n} row; {cut} not read to its end ({share} of all tokens)",
                "{n} rows; {cut} not read to their end ({share} of all tokens)",
                cut=f"{cut:,}",
                share=share(int(lost.sum()), int(tokens.sum())),
            ),
        )
        return to_png(figure)


def _name_last_bar(
    axes: Axes, say: Catalogue, height: float, bins: FloatArray, longest: int
) -> None:
    """Say on the last bar that the few longest rows stand in it."""
    said = say("≥ {start}, longest {longest}", start=f"{bins[-2]:,.0f}", longest=f"{longest:,}")
    axes.annotate(
        said, (bins[-1], height), xytext=(0, 3), textcoords="offset points",
        ha="right", va="bottom", color=MUTED, fontsize=8.5,
    ).set_bbox({"facecolor": PAPER, "edgecolor": "none", "pad": 1})  # fmt: skip


def _name_limit(axes: Axes, say: Catalogue, limit: int, end: float) -> None:
    """A line where the model stops reading, with its name on the side that has room."""
    left = limit < LEFT_PART * end
    axes.axvline(limit, color=ORANGE, linewidth=1.6)
    axes.annotate(
        say("read up to {limit}", limit=f"{limit:,}"), (limit, 0.96),
        xytext=(5 if left else -5, 0), xycoords=axes.get_xaxis_transform(),
        textcoords="offset points", ha="left" if left else "right", va="top",
        color=ORANGE, fontsize=8.5,
    )  # fmt: skip
