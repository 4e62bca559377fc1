"""A model of two labels alone, asked about rows that it did not learn from.

Its features are made once for all rows and pairs; hidden words change the texts, not the n-grams
that are known.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.pipeline import FeatureUnion

from luthier.evidence.out_of_fold import MOST_CHARACTERS, answers_from, held_out
from luthier.kit.ngrams import ngrams
from luthier.kit.terms import without_terms
from luthier.kit.text_key import is_blank, text_key
from luthier.records import FloatArray, IntArray, Predictions

FOLDS = 5
LEAST_ROWS = 2
"""Of each label: with fewer nothing can be learned and asked about."""


@dataclass(frozen=True, slots=True)
class ReadTexts:
    """Texts with their TF-IDF features, sparse [n, width], and what makes such features."""

    texts: Sequence[str]
    features: sparse.csr_matrix
    maker: FeatureUnion


def read_texts(texts: Sequence[str]) -> ReadTexts:
    """The features of n texts; only the first 1,000 characters of each are read."""
    few = [text[:MOST_CHARACTERS] for text in texts]
    maker = ngrams(few)
    return ReadTexts(few, maker.fit_transform(few).tocsr().astype(np.float32), maker)


def told_alone(
    read: ReadTexts, at: IntArray, labels: IntArray, row_ids: IntArray, seed: int
) -> Predictions | None:
    """What a model of two labels answers to rows it did not learn from; None where there are few.

    Args:
        read: every text.
        at: int64 [m], positions of the rows of the pair, none of them blank.
        labels: int64 [m], 0 or 1.
        row_ids: int64 [m].
        seed: deals the folds.
    """
    keys = [text_key(read.texts[i]) for i in at.tolist()]
    return _asked(read.features[at], keys, labels, row_ids, seed)


def told_without(
    read: ReadTexts, at: IntArray, alone: Predictions, terms: Collection[str], seed: int
) -> IntArray:
    """The answers, int64 [m], of `told_alone` with these terms hidden in every text.

    A row that holds nothing else keeps its answer.
    """
    masked = [without_terms(read.texts[i], terms) for i in at.tolist()]
    kept = np.flatnonzero(np.array([not is_blank(text) for text in masked], dtype=bool))
    features = read.maker.transform([masked[i] for i in kept.tolist()]).tocsr().astype(np.float32)
    keys = [text_key(masked[i]) for i in kept.tolist()]
    again = _asked(features, keys, alone.labels[kept], alone.row_ids[kept], seed)
    said: IntArray = alone.predicted.copy()
    if again is not None:
        said[kept] = again.predicted
    return said


def _asked(
    features: sparse.csr_matrix,
    keys: Sequence[str],
    labels: IntArray,
    row_ids: IntArray,
    seed: int,
) -> Predictions | None:
    fold = _dealt(keys, labels, seed)
    if fold.max(initial=0) < 1 or (np.bincount(labels, minlength=2) < LEAST_ROWS).any():
        return None
    probabilities: FloatArray = held_out(features, labels, fold, 2)
    return answers_from(row_ids, labels, probabilities, ("0", "1"))


def _dealt(keys: Sequence[str], labels: IntArray, seed: int) -> IntArray:
    """int64 [m], the fold of each row: keys are dealt by turns, those of one label after another.

    Rows with one key are in one fold. It is as fair as a thousand rows of two labels need, and a
    hundred times faster than the search for the fairest split.
    """
    first = {key: i for i, key in reversed(list(enumerate(keys)))}
    named = list(first)
    shuffled = np.random.default_rng(seed).permutation(len(named))
    by_label = sorted(shuffled.tolist(), key=lambda i: int(labels[first[named[i]]]))
    dealt = {named[i]: turn % FOLDS for turn, i in enumerate(by_label)}
    return np.array([dealt[key] for key in keys], dtype=np.int64)
