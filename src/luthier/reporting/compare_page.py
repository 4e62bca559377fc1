"""The page of several runs: which is better, which settings differ, which rows flipped."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

from luthier.records import Figure
from luthier.records.comparison import CompareVerdict, Comparison, FlippedRow, RunDifference
from luthier.records.folds import POOLED
from luthier.reporting.catalogue import ENGLISH, Catalogue
from luthier.reporting.folds_part import CROSS_VALIDATION
from luthier.reporting.page import environment_in, with_font
from luthier.reporting.words import metric_title

DIFFERENCES: Mapping[CompareVerdict, str] = {
    "better": "{other} is better than {first}: {figure}.",
    "worse": "{other} is worse than {first}: {figure}.",
    "no_worse": "{other} is no worse than {first}, by half a point at most: {figure}.",
    "same": "{other} and {first} give the same answers on all {n} rows.",
    "cannot_tell": "These rows cannot tell {other} from {first}: {figure}; about {needed} rows "
    "would.",
}
MOST_ROWS = 300
"""Flipped rows that the page shows; the rest are counted."""


class FlippedText(NamedTuple):
    """A flipped row with its place and text; `side` says who is right: first, later, or none."""

    row: FlippedRow
    location: str
    text: str
    side: str


def compare_page(
    comparison: Comparison,
    texts: Mapping[int, tuple[str, str]],
    say: Catalogue = ENGLISH,
) -> str:
    """The whole page as HTML; it needs no script.

    Args:
        comparison: the runs.
        texts: row id -> its place and its text; empty where the data were not read.
        say: the language of the page.
    """
    shown = [_with_text(row, texts) for row in comparison.flipped[:MOST_ROWS]]
    template = environment_in(say).get_template("compare.html.j2")
    render = partial(
        template.render,
        say=say,
        comparison=comparison,
        columns=[
            (split, rows_called(split))
            for split in ("validation", POOLED, "test")
            if any(split in run.figures for run in comparison.runs)
        ],
        rows_called=rows_called,
        sentences=difference_sentences(comparison, say),
        sides={
            "later": say("Wrong in {first}, right in a later run", first=comparison.runs[0].name),
            "first": say("Right in {first}, wrong in a later run", first=comparison.runs[0].name),
            "none": say("Wrong in every run, each in its own way"),
        },
        flipped=shown,
        left_out=len(comparison.flipped) - len(shown),
    )
    return with_font(render, [flipped.text for flipped in shown])


def rows_called(split: str) -> str:
    """What people call the rows of a split: `cross-validation` those of the folds."""
    return CROSS_VALIDATION if split == POOLED else split


def difference_sentences(comparison: Comparison, say: Catalogue = ENGLISH) -> list[str]:
    """One sentence for each difference; what is the same for every figure is said once."""
    said = (difference_sentence(one, comparison, say) for one in comparison.differences)
    return list(dict.fromkeys(said))


def difference_sentence(
    found: RunDifference, comparison: Comparison, say: Catalogue = ENGLISH
) -> str:
    """One sentence, such as `b is better than a: macro-F1 +0.031 (+0.004 to +0.058)`."""
    first, other = comparison.runs[0].name, comparison.runs[found.run].name
    figure = f"{metric_title(found.metric, say)} {signed(found.difference, say)}"
    needed = f"{found.rows_needed:,}" if found.rows_needed else ""
    said = DIFFERENCES[found.verdict]
    rows = f"{comparison.n:,}"
    return say(said, other=other, first=first, figure=figure, needed=needed, n=rows)


def signed(figure: Figure, say: Catalogue = ENGLISH) -> str:
    """`+0.031 (+0.004 to +0.058)`."""
    value, low, high = (f"{number:+.3f}" for number in (figure.value, figure.low, figure.high))
    return say("{value} ({low} to {high})", value=value, low=low, high=high)


def _with_text(row: FlippedRow, texts: Mapping[int, tuple[str, str]]) -> FlippedText:
    location, text = texts.get(row.row_id, ("", ""))
    if row.answers[0] == row.label:
        side = "first"
    else:
        side = "later" if row.label in row.answers else "none"
    return FlippedText(row, location, text, side)
