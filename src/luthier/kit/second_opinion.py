"""What the fine-tuned model says to the linear model's doubts about labels."""

from __future__ import annotations

import numpy as np

from luthier.kit.intervals import share_figure
from luthier.records import Figure, IntArray, LabelOpinions, Predictions

LEAST_SHARED, LEAST_DOUBTS = 100, 10
COMPETENT = 0.5
"""A model that answers fewer of the rows that are surely right cannot speak against a doubt."""


def knows_better(model: Predictions, linear: Predictions) -> bool:
    """Whether the fine-tuned model is right clearly more often, on the rows that both answered.

    Clearly: by 2 points and by two standard errors of the paired difference, on 100 rows or more.
    """
    mine, theirs = matched_rows(linear, model)
    if len(mine) < LEAST_SHARED:
        return False
    gain = (model.predicted == model.labels)[theirs].astype(float)
    gain -= (linear.predicted == linear.labels)[mine]
    error = float(gain.std(ddof=1)) / float(np.sqrt(len(gain)))
    return bool(gain.mean() > max(0.02, 2 * error))


def second_opinion(opinions: LabelOpinions) -> Predictions | None:
    """The fine-tuned model's answers, where they are about the same labels."""
    model = opinions.model
    same = model is not None and model.label_names == opinions.linear.label_names
    return model if same else None


def agreed(linear: Predictions, model: Predictions, surest: IntArray) -> Figure | None:
    """How often the fine-tuned model contradicts the label, too, where the linear one does surely.

    As a share of how often it answers the label where the linear model surely does: a model that
    is often wrong misses right answers and wrong labels alike.

    Args:
        linear: answers of the linear model.
        model: of the fine-tuned one, for some of these rows.
        surest: int64, positions in `linear` of the rows that are answered surely.

    Returns:
        None with fewer than 10 such rows, or with a model that knows too little.
    """
    mine, theirs = matched_rows(linear, model)
    sure = np.isin(mine, surest)
    against = sure & (linear.predicted[mine] != linear.labels[mine])
    borne_out = sure & ~against
    same = model.predicted[theirs] == linear.predicted[mine]
    if against.sum() < LEAST_DOUBTS or borne_out.sum() < LEAST_DOUBTS:
        return None
    competence = float(same[borne_out].mean())
    if competence < COMPETENT:
        return None
    found = share_figure(int(same[against].sum()), int(against.sum()))
    value, low, high = (min(1.0, x / competence) for x in (found.value, found.low, found.high))
    return Figure(value, low, high, found.n, found.method)


def matched_rows(answers: Predictions, model: Predictions) -> tuple[IntArray, IntArray]:
    """Positions of the rows that both answered, in each."""
    _, mine, theirs = np.intersect1d(
        answers.row_ids, model.row_ids, assume_unique=True, return_indices=True
    )
    return mine, theirs


def shared_doubt(opinions: LabelOpinions, a: int, b: int) -> Figure | None:
    """How often the fine-tuned model mixes up two labels, too, where the linear one does.

    None without a run, or with fewer than 10 such rows.
    """
    model = second_opinion(opinions)
    if model is None:
        return None
    mine, theirs = matched_rows(opinions.linear, model)
    labels, said = opinions.linear.labels[mine], opinions.linear.predicted[mine]
    mixed = ((labels == a) & (said == b)) | ((labels == b) & (said == a))
    if mixed.sum() < LEAST_DOUBTS:
        return None
    same = model.predicted[theirs][mixed] == said[mixed]
    return share_figure(int(same.sum()), int(mixed.sum()))
