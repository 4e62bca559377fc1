"""The simple rivals beside the score: what little effort reaches on the same rows.

A fine-tuned model has to beat all three to have been worth it. Where rows have one label:

- `majority`: the most frequent training label for every row.
- `tfidf_linear`: TF-IDF of characters 1-3 and of words 1-2, and a linear support vector machine.
  Characters 1-3 stand in for a Chinese segmenter; runs of letters are words.
- `frozen_encoder`: logistic regression on the untrained encoder's standardised features.

All are fitted on training rows only, with fixed settings, and give the same answers every time.
Those for several labels per row and for numbers are in the files beside this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from luthier.kit.cores import meanwhile
from luthier.kit.ngrams import ngrams
from luthier.kit.solver_warnings import solvers_watched
from luthier.records import AnyPredictions, FloatArray, IntArray, Note, Predictions, Targets

SVM_C = 0.5
MARGIN_SCALE = 4.0
"""Softmax of 4 x margin: a compromise; on held-out rows two labels wanted 2 to 3, many labels 6."""
LOGISTIC_C = 0.1
LOGISTIC_STEPS = 200
SECONDS_PER_CHARACTER, SECONDS_PER_WEIGHT = 5e-6, 1.2e-7
"""Of `tfidf_linear`, per character and per label and character: decide only where it is fitted."""

Features = Callable[[], Mapping[str, FloatArray]]
"""Computes split -> float64 [n, width] when asked."""
Fitted = tuple[Mapping[str, FloatArray], bool]
"""Split -> probabilities float64 [n, K], and whether the solver stopped before it converged."""
Judged = tuple[IntArray, Sequence[str], Targets]
"""Row ids int64 [n], n texts, and targets as `records.Targets` has them of one split."""


@dataclass(frozen=True, slots=True)
class Floors:
    """What the rivals answered.

    Args:
        predictions: rival -> split -> its answers; columns in the order of the model's labels.
            A label without training rows has probability 0. The probabilities of `tfidf_linear`
            are a softmax of margins: good for ranking, not calibrated.
        notes: rivals that were left out or did not converge.
    """

    predictions: Mapping[str, Mapping[str, AnyPredictions]]
    notes: tuple[Note, ...] = field(default=())


def fit_floors(
    train_texts: Sequence[str],
    train_labels: IntArray,
    judged: Mapping[str, Judged],
    label_names: Sequence[str],
    features: Features | None,
    seed: int,
) -> Floors:
    """Fit every rival on the training rows and let it answer the judged splits.

    Args:
        train_texts: n training texts.
        train_labels: int64 [n], index into `label_names`.
        judged: split -> row ids, texts and labels.
        label_names: K names.
        features: gives split (`train` and each judged one) -> float64 [n, width]; None leaves
            `frozen_encoder` out.
        seed: seed of the solvers.
    """
    names = tuple(label_names)
    majority = _majority(train_labels, judged, len(names))
    if len(np.unique(train_labels)) < 2:
        why = Note("skipped", "only one label to learn: majority is the only simple rival")
        return Floors(_answers({"majority": majority}, judged, names), (why,))
    texts = {split: own for split, (_, own, _) in judged.items()}
    linear = meanwhile(
        partial(_tfidf_linear, train_texts, train_labels, texts, len(names), seed),
        sum(map(len, train_texts)) * (SECONDS_PER_CHARACTER + SECONDS_PER_WEIGHT * len(names)),
    )
    fitted: dict[str, Fitted] = {}
    notes: list[Note] = []
    if features is None:
        notes.append(Note("skipped", "simple rival frozen_encoder left out: no features"))
    else:
        own = features()
        fitted["frozen_encoder"] = _frozen_encoder(own, train_labels, judged, len(names), seed)
    fitted = {"tfidf_linear": linear(), **fitted}
    for rival, (_, stopped_early) in fitted.items():
        if stopped_early:
            what = f"simple rival {rival} stopped before it converged: it may be too weak"
            notes.append(Note("warning", what))
    answers = {rival: probabilities for rival, (probabilities, _) in fitted.items()}
    return Floors(_answers({"majority": majority, **answers}, judged, names), tuple(notes))


def _answers(
    answers: Mapping[str, Mapping[str, FloatArray]],
    judged: Mapping[str, Judged],
    names: tuple[str, ...],
) -> dict[str, dict[str, Predictions]]:
    return {
        rival: {split: _predictions(judged[split], own, names) for split, own in by_split.items()}
        for rival, by_split in answers.items()
    }


def _majority(
    train_labels: IntArray, judged: Mapping[str, Judged], label_count: int
) -> dict[str, FloatArray]:
    counts = np.bincount(train_labels, minlength=label_count)
    shares = counts / counts.sum()
    return {split: np.tile(shares, (len(row_ids), 1)) for split, (row_ids, _, _) in judged.items()}


def _tfidf_linear(
    train_texts: Sequence[str],
    train_labels: IntArray,
    texts: Mapping[str, Sequence[str]],
    label_count: int,
    seed: int,
) -> Fitted:
    features = ngrams(train_texts)
    model = LinearSVC(C=SVM_C, random_state=seed)
    with solvers_watched() as stopped_early:
        model.fit(features.fit_transform(train_texts), train_labels)
    probabilities = {}
    for split, own in texts.items():
        margins = model.decision_function(features.transform(own))
        if margins.ndim == 1:
            margins = np.column_stack([-margins, margins])
        scaled = softmax(MARGIN_SCALE * margins, axis=1)
        probabilities[split] = _all_columns(scaled, model.classes_, label_count)
    return probabilities, stopped_early()


def _frozen_encoder(
    features: Mapping[str, FloatArray],
    train_labels: IntArray,
    judged: Mapping[str, Judged],
    label_count: int,
    seed: int,
) -> Fitted:
    scaled = standardised(features)
    model = LogisticRegression(C=LOGISTIC_C, max_iter=LOGISTIC_STEPS, tol=1e-3, random_state=seed)
    with solvers_watched() as stopped_early:
        model.fit(scaled["train"], train_labels)
    probabilities = {
        split: _all_columns(model.predict_proba(scaled[split]), model.classes_, label_count)
        for split in judged
    }
    return probabilities, stopped_early()


def standardised(features: Mapping[str, FloatArray]) -> dict[str, npt.NDArray[np.float32]]:
    """Features by split, less the mean and by the deviation of the training rows.

    Single precision halves the time of a solver and moves no answer that matters.
    """
    mean, deviation = features["train"].mean(axis=0), features["train"].std(axis=0)
    deviation[deviation == 0] = 1
    return {split: ((own - mean) / deviation).astype(np.float32) for split, own in features.items()}


def _all_columns(probabilities: FloatArray, classes: IntArray, label_count: int) -> FloatArray:
    """Probabilities [n, K] from those of the labels that were seen in training."""
    wide = np.zeros((len(probabilities), label_count))
    wide[:, classes] = probabilities
    wide /= wide.sum(axis=1, keepdims=True)
    return wide


def _predictions(judged: Judged, probabilities: FloatArray, names: tuple[str, ...]) -> Predictions:
    """Answers from probabilities; a probability of 0 is held at 2.2e-16 in the loss."""
    row_ids, _, labels = judged
    known = labels >= 0
    own = probabilities[np.arange(len(labels)), np.where(known, labels, 0)]
    loss = -np.log(np.maximum(own, np.finfo(np.float64).eps))
    return Predictions(
        row_ids=row_ids,
        labels=labels,
        predicted=probabilities.argmax(axis=1).astype(np.int64),
        probabilities=probabilities,
        loss=np.where(known, loss, np.nan),
        label_names=names,
    )
