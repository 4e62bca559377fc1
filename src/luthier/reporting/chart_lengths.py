"""Plot of how long the rows are, in tokens, and where the model stops reading."""

from __future__ import annotations

import numpy as np

from luthier.reporting.canvas import BLUE, MUTED, ORANGE, caption, new_figure, style, to_png
from luthier.reporting.catalogue import ENGLISH, Catalogue
from luthier.reporting.facts import ReportFacts
from luthier.reporting.words import share

BINS = 40


def lengths_chart(facts: ReportFacts, say: Catalogue = ENGLISH) -> bytes | None:
    """The PNG, or None when the lengths of the rows were not written."""
    if facts.lengths is None or not len(facts.lengths.tokens):
        return None
    tokens, lost = facts.lengths.tokens, facts.lengths.lost
    limit = max((part.max_length for part in facts.encoding.values()), default=0)
    longest = int(np.quantile(tokens, 0.995))
    end = max(longest, limit) * 1.05 + 1
    with style():
        figure = new_figure(8.0, 3.6)
        axes = figure.subplots()
        # the few longest rows stand in the last bar
        axes.hist(np.minimum(tokens, end), bins=np.linspace(0, end, BINS + 1).tolist(), color=BLUE)
        if limit:
            axes.axvline(limit, color=ORANGE, linewidth=1.6)
            axes.annotate(
                say("read up to {limit}", limit=limit), (limit, 0.96), xytext=(-5, 0),
                xycoords=axes.get_xaxis_transform(), textcoords="offset points", ha="right",
                va="top", color=ORANGE, fontsize=8.5,
            )  # fmt: skip
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
