"""What a reported figure may have been: every common definition, recomputed from the answers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    matthews_corrcoef,
    precision_recall_fscore_support,
    precision_score,
    recall_score,
)

from luthier.records import FloatArray, IntArray, Predictions

DEFINED = (
    "accuracy",
    "balanced_accuracy",
    "mcc",
    *(f"{a}_{b}" for a in ("macro", "weighted", "micro") for b in ("f1", "precision", "recall")),
)
"""Figures that have a definition here, scikit-learn's."""

_SCORES = {"f1": f1_score, "precision": precision_score, "recall": recall_score}


def plain_figures(predictions: Predictions) -> dict[str, float]:
    """The figures of `DEFINED` as scikit-learn has them, over the rows with a known label.

    Macro averages are over the labels in the truth or in the answers, `zero_division=0`. Empty
    where no label is known.
    """
    truth, answer = _known(predictions)
    return dict(_plain(truth, answer)) if len(truth) else {}


def other_definitions(predictions: Predictions) -> Iterator[tuple[str, float]]:
    """What else may have been computed, in plain words, with its value.

    Every plain figure; averages over all labels, absent ones counting 0 or 1; over the labels of
    the truth only; means over batches of usual sizes; F1 of the mean precision and recall; shares
    among all rows where some have no label; one label alone where there are two.
    """
    truth, answer = _known(predictions)
    if not len(truth):
        return
    names = predictions.label_names
    for name, value in _plain(truth, answer):
        yield name.replace("_", " "), value
    everything = np.arange(len(names))
    for part, score in _SCORES.items():
        for absent in (0, 1):
            value = score(truth, answer, labels=everything, average="macro", zero_division=absent)
            yield f"macro {part} over all {len(names)} labels, absent ones as {absent}", value
        value = score(truth, answer, labels=np.unique(truth), average="macro", zero_division=0)
        yield f"macro {part} over the labels of the true rows only", value
    precision, recall = (
        score(truth, answer, average="macro", zero_division=0)
        for score in (precision_score, recall_score)
    )
    if precision + recall:
        joined = 2 * precision * recall / (precision + recall)
        yield "F1 of mean precision and mean recall (not the mean of F1)", joined
    if len(names) == 2:
        for label, name in enumerate(names):
            for part, score in _SCORES.items():
                value = score(truth, answer, pos_label=label, zero_division=0)
                yield f"{part} of the label {name} alone", value
    yield from _over_batches(truth, answer)
    unlabelled = int((predictions.labels < 0).sum())
    if unlabelled:
        right, n = float((truth == answer).sum()), len(truth) + unlabelled
        yield f"accuracy with rows without a label ({unlabelled}) as wrong", right / n
        yield (
            f"accuracy with rows without a label ({unlabelled}) as right",
            (right + unlabelled) / n,
        )


def _known(predictions: Predictions) -> tuple[IntArray, IntArray]:
    known = predictions.labels >= 0
    return predictions.labels[known], predictions.predicted[known]


def _plain(truth: IntArray, answer: IntArray) -> list[tuple[str, float]]:
    with warnings.catch_warnings():  # answers that never occur in the truth: known, and defined
        warnings.simplefilter("ignore")
        balanced = balanced_accuracy_score(truth, answer)
    found = [
        ("accuracy", float(accuracy_score(truth, answer))),
        ("balanced_accuracy", float(balanced)),
        ("mcc", float(matthews_corrcoef(truth, answer))),
    ]
    for average in ("macro", "weighted", "micro"):
        three = precision_recall_fscore_support(truth, answer, average=average, zero_division=0)
        precision, recall, f1 = map(float, three[:3])
        found += [
            (f"{average}_f1", f1),
            (f"{average}_precision", precision),
            (f"{average}_recall", recall),
        ]
    return found


def _over_batches(truth: IntArray, answer: IntArray) -> Iterator[tuple[str, float]]:
    for size in (8, 16, 32, 64, 128):
        if len(truth) <= size:
            return
        cuts = range(0, len(truth), size)
        values: FloatArray = np.array(
            [
                f1_score(truth[at : at + size], answer[at : at + size], average="macro",
                         zero_division=0)
                for at in cuts
            ]
        )  # fmt: skip
        yield f"mean of the macro F1 of batches of {size}", float(values.mean())
        if len(truth) % size:
            shares = [
                float((truth[at : at + size] == answer[at : at + size]).mean()) for at in cuts
            ]
            yield f"mean of the accuracy of batches of {size}", float(np.mean(shares))
