"""The first thing a reader sees: how good the model is, and where it stands among its rivals."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from luthier.records import SPLIT_NAMES, Figure, SplitEvaluation
from luthier.reporting import words
from luthier.reporting.catalogue import ENGLISH, Catalogue
from luthier.reporting.facts import ReportFacts

LEAST_GAP = 0.0005
"""A rival that is not so far above the model in the figures shown is not named beside them."""


class Verdict(NamedTuple):
    """Sentences on the scores (and a rival above them), rivals on `rivals_split` rows, looks."""

    scores: list[str]
    rivals: list[str]
    looks: list[str]
    rivals_split: str = ""


class ScaleLine(NamedTuple):
    """One line of the scale; `kind` is `floor`, `model` or `ceiling`."""

    name: str
    kind: str
    figure: Figure


class Scale(NamedTuple):
    """The model between its rivals and its ceilings by `metric`; no lines where none is known."""

    split: str
    metric: str
    lines: list[ScaleLine]


def verdict(facts: ReportFacts, say: Catalogue = ENGLISH) -> Verdict:
    """How good the model is, in plain sentences; the test rows speak where they were judged."""
    if facts.evaluation is None:
        return Verdict([say("This model has not been judged: the run has no figures.")], [], [])
    judged = facts.evaluation.splits
    names = [name for name in ("test", "validation") if name in judged]
    split = next((name for name in names if judged[name].floor), "")
    scores = []
    for name in names:
        scores.append(words.score_sentence(name, judged[name], say))
        scores += _ahead(judged[name], say) if name == split else []
    if "test" not in judged:
        scores.append(say("The model has not been judged on test rows."))
    rivals = list(words.floor_sentences(judged[split], say)) if split else []
    looks = [words.looks_sentence(facts.looks, say)] if "test" in judged else []
    return Verdict(scores, rivals, looks, split)


def _ahead(judged: SplitEvaluation, say: Catalogue) -> list[str]:
    """The sentence on the best rival by macro-F1 or R², where it is above the model."""
    metric = next((name for name in ("macro_f1", "r2") if name in judged.figures), "")
    rivals = {name: figures for name, figures in judged.floor.items() if metric in figures}
    if not rivals:
        return []
    best = max(rivals, key=lambda name: rivals[name][metric].value)
    if rivals[best][metric].value - judged.figures[metric].value < LEAST_GAP:
        return []
    return list(words.floor_sentences(replace(judged, floor={best: rivals[best]}), say))


def scale(facts: ReportFacts, say: Catalogue = ENGLISH) -> Scale:
    """Rivals and model from the lowest figure up, then ceilings, on the rows that judge.

    By accuracy where a ceiling is known (ceilings are), else by macro-F1, of a number by R².
    """
    splits = judged_splits(facts)
    name, judged = splits[-1] if splits else ("", None)
    wanted = ("accuracy",) if judged and judged.ceiling else ("macro_f1", "r2")
    metric = next((name for name in wanted if judged and name in judged.figures), "")
    if judged is None or not metric:
        return Scale("", metric, [])
    lines = [
        ScaleLine(words.floor_title(rival, say), "floor", figures[metric])
        for rival, figures in judged.floor.items()
        if metric in figures
    ]
    lines.append(ScaleLine(say("this model"), "model", judged.figures[metric]))
    lines.sort(key=lambda line: line.figure.value)
    bounds = [
        ScaleLine(words.ceiling_title(bound, say), "ceiling", figures[metric])
        for bound, figures in judged.ceiling.items()
        if metric in figures
    ]
    return Scale(name, metric, [*lines, *sorted(bounds, key=lambda line: line.figure.value)])


def judged_splits(facts: ReportFacts) -> list[tuple[str, SplitEvaluation]]:
    """Name and figures of each split that was judged; the one that counts stands last."""
    judged = facts.evaluation.splits if facts.evaluation else {}
    return [(name, judged[name]) for name in SPLIT_NAMES if name in judged]
