"""What a fine-tuned model has to beat: linear models on n-grams, and on frozen features.

All are fitted on the drawn training rows only and answer with label numbers.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from luthier.records import IntArray
from starter.sets import Part

NGRAMS = {"characters": ("char", (1, 3)), "words": ("word", (1, 2))}
"""Characters 1-3 read Chinese without a segmenter; runs of letters and digits are words."""
WORD = r"\w+"
STEPS = {"tfidf_logistic": 100, "frozen": 300}
"""Most steps of the solver; one that stops there is not far from its end."""


def tfidf_answers(
    train: Part, asked: Sequence[Sequence[str]], classifier: str, features: str, c: float
) -> list[IntArray]:
    """Labels int64 [n] for each list of texts, by a linear model on TF-IDF with log counts.

    Args:
        train: rows to fit.
        asked: lists of texts to answer.
        classifier: `svm` (linear support vector machine) or `logistic` (regression).
        features: names in `NGRAMS` joined by `+`; each kind is scaled to length 1 on its own.
        c: inverse strength of the regularisation.
    """
    kinds = [NGRAMS[name] for name in features.split("+")]
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
    if classifier == "svm":
        model = LinearSVC(C=c, random_state=0)
    else:
        model = LogisticRegression(C=c, max_iter=STEPS["tfidf_logistic"], tol=1e-3)
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
) -> list[IntArray]:
    """Labels int64 [n] for each matrix of features, by logistic regression on standardised ones.

    Args:
        features: float32 [n, width] of the training rows.
        labels: int64 [n].
        asked: matrices [m, width] to answer.
        c: inverse strength of the regularisation.
    """
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    deviation[deviation == 0] = 1
    model = LogisticRegression(C=c, max_iter=STEPS["frozen"], tol=1e-3)
    _fit(model, (features - mean) / deviation, labels)
    return [np.asarray(model.predict((rows - mean) / deviation), dtype=np.int64) for rows in asked]


def _fit(model: LinearSVC | LogisticRegression, features: object, labels: IntArray) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(features, labels)
