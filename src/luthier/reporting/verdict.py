"""The first thing a reader sees: how good the model is, and where it stands among its rivals."""

from __future__ import annotations

from typing import NamedTuple

from luthier.records import SPLIT_NAMES, Figure, SplitEvaluation
from luthier.reporting import words
from luthier.reporting.catalogue import ENGLISH, Catalogue
from luthier.reporting.facts import ReportFacts


class Verdict(NamedTuple):
    """Sentences on the scores, the rivals on `rivals_split` rows, the looks at the test rows."""

    scores: list[str]
    rivals: list[str]
    looks: list[str]
    rivals_split: str = ""


class ScaleLine(NamedTuple):
    """One line of the scale from the simplest rival to the ceiling; `kind`: floor, model."""

    name: str
    kind: str
    figure: Figure


class Scale(NamedTuple):
    """Macro-F1 of the model beside its rivals on one split; no lines where none was judged."""

    split: str
    lines: list[ScaleLine]


def verdict(facts: ReportFacts, say: Catalogue = ENGLISH) -> Verdict:
    """How good the model is, in plain sentences; the test rows speak where they were judged."""
    if facts.evaluation is None:
        return Verdict([say("This model has not been judged: the run has no figures.")], [], [])
    judged = facts.evaluation.splits
    scores = [
        words.score_sentence(n, judged[n], say) for n in ("test", "validation") if n in judged
    ]
    if "test" not in judged:
        scores.append(say("The model has not been judged on test rows."))
    split = next((n for n in ("test", "validation") if n in judged and judged[n].floor), "")
    rivals = list(words.floor_sentences(judged[split], say)) if split else []
    looks = [words.looks_sentence(facts.looks, say)] if "test" in judged else []
    return Verdict(scores, rivals, looks, split)


def scale(facts: ReportFacts, say: Catalogue = ENGLISH) -> Scale:
    """The rivals from the weakest up and the model among them, on the rows that judge."""
    splits = judged_splits(facts)
    if not splits or "macro_f1" not in splits[-1][1].figures:
        return Scale("", [])
    name, judged = splits[-1]
    lines = [
        ScaleLine(words.floor_title(rival, say), "floor", figures["macro_f1"])
        for rival, figures in judged.floor.items()
        if "macro_f1" in figures
    ]
    lines.append(ScaleLine(say("this model"), "model", judged.figures["macro_f1"]))
    return Scale(name, sorted(lines, key=lambda line: line.figure.value))


def judged_splits(facts: ReportFacts) -> list[tuple[str, SplitEvaluation]]:
    """Name and figures of each split that was judged; the one that counts stands last."""
    judged = facts.evaluation.splits if facts.evaluation else {}
    return [(name, judged[name]) for name in SPLIT_NAMES if name in judged]
