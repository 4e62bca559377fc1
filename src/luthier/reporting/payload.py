"""What the page's script works on: history, matrices, labels and rows as plain JSON values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from luthier.kit.missed_and_given import missed_and_given
from luthier.records import (
    SEVERITIES,
    ConfusionMatrix,
    Evaluated,
    Event,
    Figure,
    Finding,
    LabelSetPredictions,
    SplitEvaluation,
    SplitName,
    Started,
    Stepped,
    Stopped,
    Warned,
)
from luthier.reporting.catalogue import ENGLISH, Catalogue
from luthier.reporting.chart_history import smoothed
from luthier.reporting.commands import open_command
from luthier.reporting.confusions import neighbourly_order
from luthier.reporting.explorer import LANGUAGES, columns
from luthier.reporting.facts import ReportFacts
from luthier.reporting.folds_part import judged_and_pooled
from luthier.reporting.inline import script_of_page
from luthier.reporting.language import language_of
from luthier.reporting.shown_answers import Kind, kind_of
from luthier.reporting.words import metric_title

POINTS = 500
"""Most points of a line over the steps; more would not be seen."""
JUDGED: tuple[SplitName, ...] = ("validation", "test")
_PLACE = re.compile(r"(?:^|_)(epoch|step)$")
"""A measured value of such a name is a moment of training: `best_epoch`, `last_step`."""


def payload(facts: ReportFacts, say: Catalogue = ENGLISH) -> dict[str, Any]:
    """Everything that the script shows; see the functions below for the parts.

    Args:
        facts: the records of the run.
        say: the language of the page.
    """
    names = label_names(facts)
    kind = answers_kind(facts)
    place = {name: i for i, name in enumerate(names)}
    findings = by_severity(facts)
    return {
        "language": say.language,
        "kind": kind,
        "sentences": script_sentences(say),
        "name": facts.name,
        "labels": names,
        "titles": [facts.titles.get(name, "") for name in names],
        "labelLanguages": [LANGUAGES.index(language_of(name)) for name in names],
        "languages": LANGUAGES,
        "findings": [say.told(finding.title) for finding in findings],
        "history": history_lines(facts.history, findings, say),
        "openCommand": open_command(facts),
        "matrices": matrices(facts, place),
        "figures": {
            name: label_figures(part, place)
            for name, part in judged_and_pooled(facts)
            if name != "train"
        },
        "words": {
            str(place[name]): [[t.term, round(t.z, 2), t.inside, t.outside] for t in terms]
            for name, terms in facts.label_words.items()
            if name in place
        },
        "dossiers": [
            [place.get(name, -1) for name in shown.dossier.labels] for shown in facts.dossiers or ()
        ],
        "rows": _rows(facts, names, findings, say),
        "leftOut": facts.shown.left_out if facts.shown else 0,
        "closed": facts.shown.closed if facts.shown else 0,
    }


def answers_kind(facts: ReportFacts) -> Kind:
    """What the model of the run answers, or will answer once it is judged."""
    return kind_of(facts.answers, str(facts.settings.get("task", "")))


def by_severity(facts: ReportFacts) -> list[Finding]:
    """The findings, worst first."""
    fired = facts.diagnosis.fired if facts.diagnosis else ()
    return sorted(fired, key=lambda finding: -SEVERITIES.index(finding.severity))


def label_names(facts: ReportFacts) -> list[str]:
    """Every label of answers, figures and rows, in the order of the model where it is known."""
    names: dict[str, None] = {}
    if answers_kind(facts) == "number":
        return []
    if facts.shown is not None:
        for part in (*facts.shown.answers.values(), *facts.answers.values()):
            names |= dict.fromkeys(part.label_names)
    for split in facts.evaluation.splits.values() if facts.evaluation else ():
        names |= dict.fromkeys(split.confusion_matrix.labels)
        names |= dict.fromkeys(split.per_label)
    names |= dict.fromkeys(facts.folds.pooled.per_label if facts.folds else ())
    names |= dict.fromkeys(facts.audit.label_counts if facts.audit else ())
    return list(names)


def script_sentences(say: Catalogue) -> dict[str, str]:
    """English sentence -> this language's, for every sentence in the script; empty for English."""
    if say is ENGLISH:
        return {}
    return {text: say.sentences.get(text, text) for text in sentences_of_script()}


def sentences_of_script() -> tuple[str, ...]:
    """The English sentences in the script, each written `_("...")`."""
    return tuple(dict.fromkeys(re.findall(r'\b_\(\s*"((?:[^"\\]|\\.)*)"', script_of_page())))


def history_lines(
    history: Sequence[Event], findings: Sequence[Finding], say: Catalogue = ENGLISH
) -> dict[str, Any]:
    """`steps` and `evaluations` as columns over epochs, and `marks` with what happened when."""
    steps = [event for event in history if isinstance(event, Stepped)]
    evaluations = [event for event in history if isinstance(event, Evaluated)]
    every = max(1, len(steps) // POINTS)
    losses = smoothed(np.array([event.loss for event in steps])) if steps else np.zeros(0)
    taken = range(0, len(steps), every)
    measured = dict.fromkeys(n for e in evaluations for n in e.validation if n != "loss")
    metric = "macro_f1" if "macro_f1" in measured or not measured else next(iter(measured))
    title = metric_title(metric, say)
    return {
        "steps": {
            "epoch": [_round(steps[i].epoch) for i in taken],
            "loss": [_round(float(losses[i])) for i in taken],
            "learning_rate": [_round(steps[i].learning_rate) for i in taken],
            "grad_norm": [_round(steps[i].grad_norm) for i in taken],
        },
        "evaluations": [
            {
                "epoch": _round(event.epoch),
                "train": {name: _round(value) for name, value in event.train.items()},
                "validation": {name: _round(value) for name, value in event.validation.items()},
            }
            for event in evaluations
        ],
        "marks": _marks(history, findings, say),
        "metric": metric,
        "title": title[0].upper() + title[1:],
    }


def _marks(
    history: Sequence[Event], findings: Sequence[Finding], say: Catalogue
) -> list[dict[str, Any]]:
    """Best epoch, end, warnings, and each finding that measured an epoch or a step."""
    started = next((event for event in history if isinstance(event, Started)), None)
    per_epoch = started.steps_per_epoch if started else 0
    best = [event for event in history if isinstance(event, Evaluated) and event.is_best]
    marks = [{"kind": "best", "epoch": _round(event.epoch), "text": ""} for event in best[-1:]]
    for event in history:
        if isinstance(event, Stopped):
            marks.append({"kind": "end", "epoch": _round(event.epoch), "text": event.reason})
        elif isinstance(event, Warned) and per_epoch:
            epoch = _round(event.step / per_epoch)
            marks.append({"kind": "warning", "epoch": epoch, "text": say.told(event.message)})
    for number, finding in enumerate(findings):
        marks.extend(
            {"kind": "finding", "epoch": epoch, "text": say.told(finding.title), "finding": number}
            for epoch in sorted(_moments(finding.measured, per_epoch))
        )
    return marks


def _moments(measured: Mapping[str, Any], per_epoch: int) -> set[float]:
    moments = set()
    for name, value in measured.items():
        found = _PLACE.search(name)
        if found is None or isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if found[1] == "epoch":
            moments.add(_round(float(value)))
        elif per_epoch:
            moments.add(_round(value / per_epoch))
    return moments


def matrices(facts: ReportFacts, place: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    """Split -> its matrix, where labels are answered."""
    judged = facts.evaluation.splits if facts.evaluation else {}
    found: dict[str, dict[str, Any]] = {}
    for name in JUDGED:
        answers = facts.answers.get(name)
        if isinstance(answers, LabelSetPredictions):
            found[name] = set_matrix(answers, place)
        elif name in judged and judged[name].confusion_matrix.labels:
            found[name] = matrix(judged[name], place)
    return found


def set_matrix(answers: LabelSetPredictions, place: Mapping[str, int]) -> dict[str, Any]:
    """`matrix` of rows with several labels: missing labels against those wrongly given.

    The last of `labels` is -1: nothing is missing, or nothing was wrongly given.
    """
    known = answers.known
    counts = missed_and_given(answers.labels[known], answers.predicted[known])
    own = ConfusionMatrix(answers.label_names, tuple(map(tuple, counts[:-1, :-1].tolist())))
    return {
        "n": int(known.sum()),
        "labels": [*(place[name] for name in answers.label_names), -1],
        "cells": [[int(i), int(j), int(counts[i, j])] for i, j in np.argwhere(counts)],
        "order": [*neighbourly_order(own), len(answers.label_names)],
    }


def matrix(judged: SplitEvaluation, place: Mapping[str, int]) -> dict[str, Any]:
    """`labels` (places), `cells` ([true, answered, rows], places in `labels`), `order`.

    `order` puts labels that are often mixed up side by side.
    """
    counts = judged.confusion_matrix
    return {
        "n": judged.n,
        "labels": [place[name] for name in counts.labels],
        "cells": [
            [i, j, count]
            for i, row in enumerate(counts.rows)
            for j, count in enumerate(row)
            if count
        ],
        "order": list(neighbourly_order(counts)),
    }


def label_figures(judged: SplitEvaluation, place: Mapping[str, int]) -> dict[str, list[Any]]:
    """Place of the label -> true rows, answered rows, and F1, precision, recall with their ends.

    Shares are written here, as in the tables: a second rounding could show another digit.
    """
    return {
        str(place[name]): [
            figures.support,
            figures.predicted,
            *_ends(figures.f1),
            *_ends(figures.precision),
            *_ends(figures.recall),
        ]
        for name, figures in judged.per_label.items()
    }


def _ends(figure: Figure) -> list[str]:
    return [f"{value:.2f}" for value in (figure.value, figure.low, figure.high)]


def _rows(
    facts: ReportFacts, names: Sequence[str], findings: Sequence[Finding], say: Catalogue
) -> dict[str, Any] | None:
    """The rows as columns, `found` (row -> findings that name it), `proposed`, `queue`.

    `proposed` maps a row to the label it may rather have, its score and the reason; `queue` holds
    the same rows, most suspect first.
    """
    if facts.shown is None:
        return None
    table = columns(facts.shown, names)
    number = {row_id: i for i, row_id in enumerate(table["id"])}
    found: dict[str, list[int]] = {}
    for which, finding in enumerate(findings):
        for row_id in finding.rows:
            if row_id in number:
                found.setdefault(str(number[row_id]), []).append(which)
    proposed = {
        str(number[item.row_id]): [item.proposed, f"{item.score:.2f}", say.told(item.reason)]
        for item in facts.relabel or ()
        if item.row_id in number
    }
    queue = [number[item.row_id] for item in facts.relabel or () if item.row_id in number]
    return {**table, "found": found, "proposed": proposed, "queue": queue}


def _round(value: float) -> float:
    return float(f"{value:.4g}")
