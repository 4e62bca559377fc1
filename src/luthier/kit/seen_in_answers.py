"""What answers show by themselves: how good, how sure, whether equal texts get equal answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from luthier.kit.answers_alone import answers_alone
from luthier.kit.share_difference import accuracy_figure, newcombe
from luthier.records import Figure, Predictions, Rows

FLAT = 0.25
"""Mean confidence above 1 / K, as a share of validation's, below which nothing was learned."""

SATURATED = 0.99
"""Median probability of the answer from which a model that is often wrong is oddly sure."""

OFTEN_WRONG = 0.05
"""Share of wrong answers from which such sureness is odd."""

SAME = 1e-3
"""Difference in probability between two rows of one text that a file's rounding explains."""


FEWEST_ROWS = 20
"""Rows below which answers are called neither good nor bad, and their sureness is not compared."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the answers alone show.

    Args:
        validation: accuracy on validation; None where there are no such answers.
        test: accuracy on test.
        gap: first minus second, of independent rows.
        at_chance: whether test is not surely better than always answering the commonest label.
        bad: whether test is also surely nearer to that than to all right, on rows enough to tell.
        flat: whether the test answers have next to no preference, where validation's have.
        saturated: whether the answers are nearly all sure, and often wrong.
        unequal_twins: test rows of one text whose probabilities differ.
        twins: test rows that share their text with another.
        less_sure: mean probability of the answers on validation minus that on test, and its
            standard error; None where either has no probabilities.
    """

    validation: Figure | None
    test: Figure
    gap: Figure | None
    at_chance: bool
    bad: bool
    flat: bool
    saturated: bool
    unequal_twins: int
    twins: int
    less_sure: tuple[float, float] | None = None


def look(test: Predictions, validation: object, rows: object) -> Seen:
    """Look at answers without the model that gave them.

    Args:
        test: answers to the test rows, some with a label.
        validation: `Predictions` of the validation rows, or None.
        rows: `Rows` with the texts of the test rows, or None.
    """
    known = test.labels >= 0
    accuracy = accuracy_figure(test)
    before = accuracy_figure(validation) if isinstance(validation, Predictions) else None
    before = before if before and before.n else None
    share = float(np.bincount(test.labels[known]).max() / known.sum())
    k = len(test.label_names)
    sure = test.probabilities.max(axis=1)
    flat = False
    if isinstance(validation, Predictions) and before:
        room = float(validation.probabilities.max(axis=1).mean()) - 1 / k
        flat = float(sure.mean()) - 1 / k < FLAT * room
    unequal, twins = _twins(test, rows)
    enough = accuracy.n >= FEWEST_ROWS
    chance = max(share, 1 / k) if share < 1 else 1 / k  # one label alone: nothing is above it
    return Seen(
        validation=before,
        test=accuracy,
        gap=newcombe(before, accuracy) if before else None,
        at_chance=accuracy.low <= max(share, 1 / k),
        bad=enough and accuracy.low <= chance and accuracy.high < (1 + chance) / 2,
        flat=flat,
        saturated=bool(
            enough
            and not answers_alone(test.probabilities)
            and np.median(sure) > SATURATED
            and accuracy.high < 1 - OFTEN_WRONG
        ),
        unequal_twins=unequal,
        twins=twins,
        less_sure=_less_sure(validation, test) if before else None,
    )


def _less_sure(validation: object, test: Predictions) -> tuple[float, float] | None:
    means, variance = [], 0.0
    for answers in (validation, test):
        if not isinstance(answers, Predictions) or len(answers) < FEWEST_ROWS:
            return None
        if answers_alone(answers.probabilities):
            return None
        sure = answers.probabilities.max(axis=1)
        means.append(float(sure.mean()))
        variance += float(sure.var(ddof=1)) / len(sure)
    return means[0] - means[1], variance**0.5


def _twins(test: Predictions, rows: object) -> tuple[int, int]:
    """Test rows of one text whose probabilities differ, and rows that share their text."""
    if not isinstance(rows, Rows) or "text" not in rows.columns:
        return 0, 0
    place = {row: i for i, row in enumerate(rows.ids.tolist())}
    if not all(row in place for row in test.row_ids.tolist()):
        return 0, 0
    groups: dict[str, list[int]] = {}
    for i, row in enumerate(test.row_ids.tolist()):
        groups.setdefault(str(rows.columns["text"][place[row]]), []).append(i)
    several = [own for own in groups.values() if len(own) > 1]
    differ = [own for own in several if float(np.ptp(test.probabilities[own], axis=0).max()) > SAME]
    return sum(map(len, differ)), sum(map(len, several))
