"""A second opinion on every label: answers of a cheap linear model that did not see the row.

TF-IDF of characters 1-3 and words 1-2 and a linear support vector machine, fitted on all folds but
one and asked about that one. Rows with the same text are in one fold. Margins become probabilities
by a softmax whose one scale is chosen by likelihood over all rows (temperature scaling: Guo et al.
2017, On calibration of modern neural networks). The features know no labels and are made once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.svm import LinearSVC

from luthier.kit.cores import on_all_cores
from luthier.kit.folds import grouped_folds
from luthier.kit.ngrams import ngrams
from luthier.kit.solver_warnings import solvers_watched
from luthier.kit.text_key import is_blank, text_key
from luthier.records import BoolArray, FloatArray, IntArray, LabelOpinions, Note, Predictions

FOLDS = 5
SMALL, SMALL_FOLDS, REPEATS = 2000, 10, 3
"""Up to so many rows each fold costs little and every row counts: more folds, dealt thrice."""
MOST_ROWS = 30_000
"""A linear model learns little from more; the rows are drawn by the seed."""
MOST_CHARACTERS = 1000
"""Of each text; topic and tone show by then, and long articles would take minutes."""
SVM_C, SVM_TOLERANCE = 0.25, 1e-2
"""Half the time of the rival's setting for the same order of doubt, on six data sets."""
SECONDS_PER_WEIGHT = 4e-8
"""Of one fold, per label and n-gram of a row, on one core: decides only whether others help."""
NEVER_LEARNED = -2.0
"""Margin of a label that a fold could not learn: below every margin that is found."""


def out_of_fold(
    row_ids: IntArray,
    texts: Sequence[str],
    labels: IntArray,
    label_names: Sequence[str],
    seed: int = 0,
    *,
    repeats: int | None = None,
) -> LabelOpinions | None:
    """Answers for every labelled row, by models that learned from other rows.

    About 15 s for 10,000 short rows of 118 labels on one core, and less than a minute for the
    30,000 rows that are drawn from larger data.

    Args:
        row_ids: int64 [n].
        texts: n texts.
        labels: int64 [n], index into `label_names`; -1 where unknown.
        label_names: K names.
        seed: deals the folds, and draws the rows of large data.
        repeats: how often the folds are dealt; 3 times for small data when not given.

    Returns:
        None where fewer than two labels have rows in two folds: nothing can be learned then.
    """
    at = np.flatnonzero((labels >= 0) & np.array([not is_blank(text) for text in texts], bool))
    notes = []
    if len(at) > MOST_ROWS:
        chosen = np.random.default_rng(seed).choice(len(at), MOST_ROWS, replace=False)
        notes.append(
            Note(
                "skipped",
                f"labels were doubted on {MOST_ROWS:,} of {len(at):,} rows, drawn at random",
            )
        )
        at = at[np.sort(chosen)]
    known = labels[at]
    keys = [text_key(texts[i]) for i in at.tolist()]
    small = len(at) <= SMALL
    folds = min(SMALL_FOLDS if small else FOLDS, len(set(keys)))
    if folds < 2 or (np.bincount(known, minlength=2) >= 2).sum() < 2:
        return None
    few = [texts[i][:MOST_CHARACTERS] for i in at.tolist()]
    features = ngrams(few).fit_transform(few).tocsr().astype(np.float32)
    total = np.zeros((len(at), len(label_names)))
    repeats = repeats or (REPEATS if small else 1)
    for repeat in range(repeats):
        fold = grouped_folds(keys, known, folds, seed + repeat)
        total += held_out(features, known, fold, len(label_names))
    return LabelOpinions(
        linear=answers_from(row_ids[at], known, total / repeats, tuple(label_names)),
        notes=tuple(notes),
    )


def held_out(
    features: sparse.csr_matrix, labels: IntArray, fold: IntArray, label_count: int
) -> FloatArray:
    """Probabilities [n, K] of each row, by the model of the folds that it is not in.

    Args:
        features: sparse [n, width].
        labels: int64 [n].
        fold: int64 [n], of each row; two different ones at least.
        label_count: K.
    """
    return _probabilities(_margins(features, labels, fold, label_count), labels)


def _margins(
    features: sparse.csr_matrix, labels: IntArray, fold: IntArray, label_count: int
) -> FloatArray:
    """float64 [n, K]."""
    margins = np.full((len(labels), label_count), NEVER_LEARNED)
    numbers = np.unique(fold)
    takes = SECONDS_PER_WEIGHT * len(numbers) * features.nnz * label_count
    each = [(features, labels, fold == number) for number in numbers]
    for number, (classes, found) in zip(
        numbers, on_all_cores(_margins_of_fold, each, takes), strict=True
    ):
        margins[np.ix_(np.flatnonzero(fold == number), classes)] = found
    return margins


def _margins_of_fold(
    features: sparse.csr_matrix, labels: IntArray, asked: BoolArray
) -> tuple[IntArray, FloatArray]:
    """The labels that the other rows have, and the margins of the rows asked for them."""
    classes = np.unique(labels[~asked])
    if len(classes) < 2:
        return classes, np.zeros((int(asked.sum()), len(classes)))
    model = LinearSVC(C=SVM_C, tol=SVM_TOLERANCE, random_state=0)
    with solvers_watched():  # where it stopped early its order of doubt holds anyway
        model.fit(features[~asked], labels[~asked])
    found = model.decision_function(features[asked])
    return classes, np.column_stack([-found, found]) if found.ndim == 1 else found


def _probabilities(margins: FloatArray, labels: IntArray) -> FloatArray:
    """Softmax of the margins, at the scale that makes the labels most likely; rows sum to 1."""
    at = np.arange(len(labels))

    def loss(log_scale: float) -> float:
        return -float(log_softmax(np.exp(log_scale) * margins, axis=1)[at, labels].mean())

    best = minimize_scalar(loss, bounds=(-2.0, 4.0), method="bounded", options={"xatol": 0.02})
    probabilities: FloatArray = softmax(np.exp(best.x) * margins, axis=1)
    return probabilities


def answers_from(
    row_ids: IntArray, labels: IntArray, probabilities: FloatArray, names: tuple[str, ...]
) -> Predictions:
    """The likeliest label of each row and the loss of the given one.

    Args:
        row_ids: int64 [n].
        labels: int64 [n], index into `names`.
        probabilities: float64 [n, K].
        names: K names.
    """
    own = probabilities[np.arange(len(labels)), labels]
    return Predictions(
        row_ids=row_ids,
        labels=labels,
        predicted=probabilities.argmax(axis=1).astype(np.int64),
        probabilities=probabilities,
        loss=-np.log(np.maximum(own, np.finfo(np.float64).tiny)),
        label_names=names,
    )
