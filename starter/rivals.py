"""What a fine-tuned model has to beat: linear models on n-grams, and on frozen features.

All are fitted on the drawn training rows only and answer with label numbers.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from luthier.kit.class_weights import ByFrequency, class_weights
from luthier.records import IntArray
from starter.sets import Part

NGRAMS = {"characters": ("char", (1, 3)), "words": ("word", (1, 2))}
"""Characters 1-3 read Chinese without a segmenter; runs of letters and digits are words."""
WORD = r"\w+"
STEPS = {"tfidf_logistic": 100, "frozen": 300}
"""Most steps of the solver; one that stops there is not far from its end."""


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear model on n-grams.

    Args:
        classifier: `svm` (linear support vector machine) or `logistic` (regression).
        features: names in `NGRAMS` joined by `+`; each kind is scaled to length 1 on its own.
        c: inverse strength of the regularisation.
        class_weights: as the setting of that name in Luthier.
    """

    classifier: str
    features: str
    c: float
    class_weights: ByFrequency = "none"


def tfidf_answers(train: Part, asked: Sequence[Sequence[str]], linear: Linear) -> list[IntArray]:
    """Labels int64 [n] for each list of texts, by a linear model on TF-IDF with log counts.

    Args:
        train: rows to fit.
        asked: lists of texts to answer.
        linear: the model.
    """
    kinds = [NGRAMS[name] for name in linear.features.split("+")]
    vectorizers = [
        TfidfVectorizer(
            analyzer=analyzer,
            ngram_range=lengths,
            sublinear_tf=True,
            dtype=np.float32,
            token_pattern=WORD if analyzer == "word" else None,
        )
        for analyzer, lengths in kinds
    ]
    fitted = sparse.hstack([v.fit_transform(train.texts) for v in vectorizers], format="csr")
    weights = _by_label(train.labels, linear.class_weights)
    if linear.classifier == "svm":
        model = LinearSVC(C=linear.c, random_state=0, class_weight=weights)
    else:
        steps = STEPS["tfidf_logistic"]
        model = LogisticRegression(C=linear.c, max_iter=steps, tol=1e-3, class_weight=weights)
    _fit(model, fitted, train.labels)
    matrices = [
        sparse.hstack([v.transform(texts) for v in vectorizers], format="csr") for texts in asked
    ]
    return [np.asarray(model.predict(matrix), dtype=np.int64) for matrix in matrices]


def frozen_answers(
    features: npt.NDArray[np.float32],
    labels: IntArray,
    asked: Sequence[npt.NDArray[np.float32]],
    c: float,
    weigh: ByFrequency = "none",
) -> list[IntArray]:
    """Labels int64 [n] for each matrix of features, by logistic regression on standardised ones.

    Args:
        features: float32 [n, width] of the training rows.
        labels: int64 [n].
        asked: matrices [m, width] to answer.
        c: inverse strength of the regularisation.
        weigh: as `class_weights` in Luthier.
    """
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    deviation[deviation == 0] = 1
    weights = _by_label(labels, weigh)
    model = LogisticRegression(C=c, max_iter=STEPS["frozen"], tol=1e-3, class_weight=weights)
    _fit(model, (features - mean) / deviation, labels)
    return [np.asarray(model.predict((rows - mean) / deviation), dtype=np.int64) for rows in asked]


def _by_label(labels: IntArray, setting: ByFrequency) -> dict[int, float] | None:
    """Label -> weight, as scikit-learn takes them; None where all weigh the same."""
    if setting == "none":
        return None
    weights = class_weights(setting, labels, [""] * (int(labels.max()) + 1))
    return {label: float(weights[label]) for label in np.unique(labels).tolist()}


def _fit(model: LinearSVC | LogisticRegression, features: object, labels: IntArray) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(features, labels)
