"""What the page says of the folds: pooled figures, each fold beside them, how they differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from luthier.records import FoldsEvaluation, SplitEvaluation
from luthier.reporting import words
from luthier.reporting.catalogue import ENGLISH, Catalogue
from luthier.reporting.facts import ReportFacts
from luthier.reporting.verdict import ScaleLine, judged_splits

CROSS_VALIDATION = "cross-validation"
"""How the rows that the folds judge are called, beside validation and test rows."""

MOST_LINES = 10
"""Folds that stand on the first screen, one line each; more of them stand in the table alone."""


class FoldsPart(NamedTuple):
    """Sentences, lines of the scale by `metric` (the pooled one first), figures of the table."""

    sentences: list[str]
    metric: str
    lines: list[ScaleLine]
    columns: list[str]


def folds_part(found: FoldsEvaluation, say: Catalogue = ENGLISH) -> FoldsPart:
    """The folds of a run as the first screen has them."""
    columns = words.headline_metrics(found.pooled)
    metric = next((name for name in ("macro_f1", "r2") if name in found.pooled.figures), "")
    lines = [ScaleLine(say("all folds"), "model", found.pooled.figures[metric])] if metric else []
    if metric and len(found.each) <= MOST_LINES:
        lines += [
            ScaleLine(say("fold {number}", number=one.fold), "fold", one.figures[metric])
            for one in found.each
            if metric in one.figures
        ]
    return FoldsPart(list(_sentences(found, columns, say)), metric, lines, columns)


def _sentences(found: FoldsEvaluation, columns: list[str], say: Catalogue) -> Iterator[str]:
    yield words.score_sentence(CROSS_VALIDATION, found.pooled, say)
    yield say(
        "These rows lie outside the test set; each was answered once, by the one of {folds} models "
        "that learned nothing from its fold.",
        folds=len(found.each),
    )
    spreads = [
        say(
            "{metric} from {low} to {high} (standard deviation {deviation})",
            metric=words.metric_title(name, say),
            low=f"{found.spread[name].least:.3f}",
            high=f"{found.spread[name].largest:.3f}",
            deviation=f"{found.spread[name].deviation:.3f}",
        )
        for name in columns
        if name in found.spread
    ]
    if spreads:
        yield say("Fold by fold: {spreads}.", spreads=say(", ").join(spreads))
    if found.looks is not None and found.looks > 1:
        yield say(
            "{n} different models have been judged on the rows of a fold on this machine. "
            "Each choice made by such figures makes them a little too good.",
            n=found.looks,
        )


def judged_and_pooled(facts: ReportFacts) -> list[tuple[str, SplitEvaluation]]:
    """Every split that was judged, and the pooled answers of the folds where there are any."""
    pooled = [(CROSS_VALIDATION, facts.folds.pooled)] if facts.folds is not None else []
    return [*judged_splits(facts), *pooled]
