"""A label has a bad figure: is the label bad, or are there too few test rows to tell?

Each label's test F1 has an interval. Where it is wide nothing is known yet, and the number of test
rows that would tell is. Where it lies below the rest with few training rows, rows are missing; with
many, the cause is another one: what the label is mixed up with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from luthier.kit.label_tally import LabelTally
from luthier.records import STANDINGS, Answer, Cause, Diagnosis, Finding, Predictions

TITLE = "A label has a bad figure: is the label bad, or are there too few test rows to tell?"
RANK = 4
ANY_TASK = False

FAULT = "minority_label_too_small"
BELOW = 0.05
"""F1 surely this far below the accuracy is bad."""
HALF_WIDTH = 0.10
"""F1 is told when it is known to this much on either side."""
SHOWN = 5
"""Labels named in a sentence, at most."""


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Labels by what is known of them."""

    unmeasured: Mapping[str, int]
    starved: tuple[LabelTally, ...]
    bad: tuple[LabelTally, ...]
    accuracy: float


def answer(found: Diagnosis, evidence: Mapping[str, object]) -> Answer | None:
    """Sort the labels; None where every one is known, and none lies below the rest."""
    test = evidence.get("test_predictions")
    if not isinstance(test, Predictions) or not (test.labels >= 0).any():
        return None
    labels = _sorted(found.of(FAULT), test)
    if not (labels.unmeasured or labels.starved or labels.bad):
        return None
    causes = [_too_few_to_judge(labels), _too_few_to_learn(labels), _another(labels, found)]
    causes.sort(key=lambda cause: STANDINGS.index(cause.standing))
    seen = [cause.because for cause in causes if cause.standing == "found"]
    return Answer(
        question=__name__.rpartition(".")[2],
        title=TITLE,
        message=" ".join([f"Accuracy is {labels.accuracy:.3f} on {len(test):,} test rows.", *seen]),
        causes=tuple(causes),
        next_test=next((c.next_test for c in causes if c.next_test), ""),
    )


def _sorted(verdict: object, test: Predictions) -> _Sorted:
    known = test.labels >= 0
    truth, said = test.labels[known], test.predicted[known]
    k = len(test.label_names)
    support, predicted = np.bincount(truth, minlength=k), np.bincount(said, minlength=k)
    right = np.bincount(truth[truth == said], minlength=k)
    tallies = [
        LabelTally(name, int(right[i]), int(support[i]), int(predicted[i]), 0)
        for i, name in enumerate(test.label_names)
    ]
    accuracy = float(right.sum()) / max(1, int(support.sum()))
    measured = verdict.measured if isinstance(verdict, Finding) else {}
    starving = measured.get("bad_labels", {})
    unmeasured = measured.get("test_rows_needed", {})
    below = [t for t in tallies if t.support and t.interval(k)[1] < accuracy - BELOW]
    starved = tuple(t for t in below if t.name in starving)
    bad = tuple(t for t in below if t.name not in starving and t.name not in unmeasured)
    return _Sorted(unmeasured, starved, bad, accuracy)


def _too_few_to_judge(labels: _Sorted) -> Cause:
    name, title = "too_few_test_rows", "there are too few test rows to tell"
    if not labels.unmeasured:
        because = f"the F1 of every label named is known to {HALF_WIDTH:.2f} on either side"
        return Cause(name, title, "ruled_out", because)
    needed = [f"{label} (about {n:,} rows)" for label, n in labels.unmeasured.items()]
    because = f"Nobody can tell yet, good or bad: {_listed(needed)}."
    test = f"label test rows until there are so many of each: {_listed(needed)}"
    return Cause(name, title, "found", because, test)


def _too_few_to_learn(labels: _Sorted) -> Cause:
    name, title = "too_few_training_rows", "the label is bad, and has few training rows"
    if not labels.starved:
        return _without(labels, name, title, "no label with few training rows is surely bad")
    told = _listed([_said(tally) for tally in labels.starved])
    return Cause(name, title, "found", f"Bad beyond chance, with few training rows: {told}.")


def _another(labels: _Sorted, found: Diagnosis) -> Cause:
    name, title = "another_cause", "the label is bad for another reason than its number of rows"
    if not labels.bad:
        return _without(labels, name, title, "no label with enough rows is surely bad")
    told = _listed([_said(tally) for tally in labels.bad])
    others = ("confused_labels", "shared_vocabulary", "wrong_labels", "label_order", "weak_slice")
    seen = [verdict.title for fault in others if isinstance(verdict := found.of(fault), Finding)]
    test = f"see what was found besides: {'; '.join(seen)}" if seen else (
        "see which labels it is mixed up with (label_pairs.json, confusion matrix)"
    )  # fmt: skip
    return Cause(name, title, "found", f"Bad beyond chance, with enough rows: {told}.", test)


def _without(labels: _Sorted, name: str, title: str, because: str) -> Cause:
    """Open for the labels that nobody can judge yet, ruled out where there are none."""
    if labels.unmeasured:
        return Cause(name, title, "possible", "too few test rows to see it")
    return Cause(name, title, "ruled_out", because)


def _said(tally: LabelTally) -> str:
    low, high = tally.interval()
    return f"{tally.name} (F1 {tally.f1:.2f}, {low:.2f} to {high:.2f}, {tally.support:,} test rows)"


def _listed(parts: list[str]) -> str:
    more = f"; and {len(parts) - SHOWN:,} more" if len(parts) > SHOWN else ""
    return "; ".join(parts[:SHOWN]) + more
