"""Which terms speak for one group of texts against another.

Log-odds ratio with an informative Dirichlet prior, by its standard deviation. Source: Monroe,
Colaresi & Quinn (2008), Fightin' words, Political Analysis 16, 372-403, equations 16, 20 and 22:

    delta = log((y_a + p) / (n_a + p_0 - y_a - p)) - log((y_b + p) / (n_b + p_0 - y_b - p))
    z = delta / sqrt(1 / (y_a + p) + 1 / (y_b + p))

A term counts once per text, so a text that repeats itself has one voice. The prior is the share of
the term among all texts, as if `PRIOR` more terms had been seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from luthier.kit.terms import terms_of
from luthier.records import FloatArray, IntArray, Term

PRIOR = 500.0
CLEAR = 3.0
"""|z| from which a term speaks clearly for one side; one in 370 would by chance alone."""
NEUTRAL = 2.0
LEAST_ROWS = 3
"""A term must stand in so many texts."""
MOST_TERMS = 50_000
FREQUENT = 0.05
EVEN = 0.98
"""Least normalised entropy over the labels of a term that says nothing about any."""


@dataclass(frozen=True, slots=True)
class TermTable:
    """Which text holds which term.

    Args:
        terms: V terms.
        held: bool-like sparse [n, V].
    """

    terms: Sequence[str]
    held: sparse.csr_matrix

    def rows_with(self, positions: IntArray) -> FloatArray:
        """Number of these texts that hold each term, float64 [V]."""
        return np.asarray(self.held[positions].sum(axis=0), dtype=float).ravel()


def term_table(texts: Sequence[str]) -> TermTable:
    """The terms that stand in three texts or more, the 50,000 most frequent at most."""
    counter = CountVectorizer(
        analyzer=terms_of, binary=True, min_df=min(LEAST_ROWS, max(1, len(texts))),
        max_features=MOST_TERMS,
    )  # fmt: skip
    try:
        held = counter.fit_transform(texts).tocsr()
    except ValueError:  # no text holds a term often enough
        return TermTable((), sparse.csr_matrix((len(texts), 0)))
    return TermTable(tuple(counter.get_feature_names_out().tolist()), held)


def log_odds(inside: FloatArray, outside: FloatArray, everywhere: FloatArray) -> FloatArray:
    """How clearly each term speaks for the inside, float64 [V]; below 0 it speaks for the outside.

    Args:
        inside: float64 [V], texts of one side that hold it.
        outside: the same for the other side.
        everywhere: the same over all texts, for the prior.
    """
    prior = PRIOR * everywhere / max(1.0, float(everywhere.sum()))
    a, b = inside + prior, outside + prior
    rest_a, rest_b = inside.sum() + prior.sum() - a, outside.sum() + prior.sum() - b
    delta = np.log(a / np.maximum(rest_a, 1e-9)) - np.log(b / np.maximum(rest_b, 1e-9))
    z: FloatArray = delta / np.sqrt(1 / a + 1 / b)
    return z


def distinctive(
    table: TermTable, z: FloatArray, inside: FloatArray, outside: FloatArray, most: int
) -> tuple[Term, ...]:
    """The terms that speak clearly for the inside, strongest first."""
    order = np.argsort(-z)
    order = order[z[order] > CLEAR][:most]
    return tuple(
        Term(table.terms[i], round(float(z[i]), 2), int(inside[i]), int(outside[i])) for i in order
    )


def label_words(
    table: TermTable, labels: IntArray, label_names: Sequence[str], most: int
) -> dict[str, tuple[Term, ...]]:
    """Label -> its most distinctive terms against the rows of all other labels."""
    everywhere = table.rows_with(np.arange(len(labels)))
    words = {}
    for index, name in enumerate(label_names):
        inside = table.rows_with(np.flatnonzero(labels == index))
        outside = everywhere - inside
        z = log_odds(inside, outside, everywhere)
        words[name] = distinctive(table, z, inside, outside, most)
    return words


def domain_stop_words(table: TermTable, labels: IntArray, most: int = 50) -> tuple[str, ...]:
    """Terms in 5 % of the texts or more that say nothing about any label, most frequent first.

    Nothing is said by a term whose rate is the same in all labels (normalised entropy 0.98 at
    least) and that speaks for none (|z| below 2).
    """
    names, counts = np.unique(labels, return_counts=True)
    if len(names) < 2 or not table.terms:
        return ()
    everywhere = table.rows_with(np.arange(len(labels)))
    often = np.flatnonzero(everywhere >= FREQUENT * len(labels))
    inside = np.array([table.rows_with(np.flatnonzero(labels == name)) for name in names])
    rate = inside[:, often] / counts[:, None]
    part = rate / np.maximum(rate.sum(axis=0), 1e-12)
    entropy = -(part * np.log(np.maximum(part, 1e-12))).sum(axis=0) / np.log(len(names))
    loudest = np.max([np.abs(log_odds(i, everywhere - i, everywhere)) for i in inside], axis=0)
    kept = often[(entropy >= EVEN) & (loudest[often] < NEUTRAL)]
    kept = kept[np.argsort(-everywhere[kept], kind="stable")]
    return tuple(table.terms[i] for i in kept[:most])
