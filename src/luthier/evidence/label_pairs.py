"""Why two labels are mixed up: the dossier of each confused pair.

Confusions come from the out-of-fold answers among all labels. For each pair that is confused more
often than evenly spread errors would be, a model of these two labels alone is asked again, its
words are compared, the most alike texts with different labels are laid side by side, and the words
that both labels share are hidden to see what changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest, poisson

from luthier.evidence.pair_probe import ReadTexts, read_texts, told_alone, told_without
from luthier.kit.intervals import share_figure
from luthier.kit.label_noise import contradicted, doubted, mean_probabilities
from luthier.kit.log_odds import (
    CLEAR,
    FREQUENT,
    NEUTRAL,
    TermTable,
    distinctive,
    domain_stop_words,
    label_words,
    log_odds,
    term_table,
)
from luthier.kit.pair_verdict import question_for, verdict_of
from luthier.kit.roc_auc import one_vs_rest
from luthier.kit.second_opinion import shared_doubt
from luthier.records import (
    ClosePair,
    Figure,
    FloatArray,
    IntArray,
    LabelOpinions,
    LabelPairs,
    Masking,
    Note,
    PairDossier,
    Predictions,
    Term,
)

MOST_PAIRS = 10
LEAST_SHARE = 0.03
"""Share of the rows of two labels that must be mixed up between them."""
MOST_ROWS = 500
"""Of each label of a pair; drawn by the seed."""
MOST_WORDS, MOST_CLOSE, MOST_SUSPECTS = 20, 5, 100
SURE_SHARE = 0.25
SEED = 0


@dataclass(frozen=True, slots=True)
class _Candidate:
    labels: tuple[int, int]
    confused: tuple[int, int]
    expected: float
    p_value: float


def label_pairs(opinions: LabelOpinions, texts: dict[int, str]) -> LabelPairs:
    """The dossiers of the confused pairs, and the words of every label.

    Args:
        opinions: answers of models that did not learn from the rows.
        texts: row id -> text, for every row of `opinions.linear`.
    """
    answers = opinions.linear
    said = [texts[int(i)] for i in answers.row_ids]
    table = term_table(said)
    candidates = confused_pairs(answers)
    read = read_texts(said) if candidates else None
    notes = []
    if len(candidates) > MOST_PAIRS:
        what = f"dossiers of the {MOST_PAIRS} most confused of {len(candidates)} pairs of labels"
        notes.append(Note("cut", what))
    count = len(answers.label_names)
    return LabelPairs(
        pairs=tuple(_dossier(c, opinions, read, table) for c in candidates[:MOST_PAIRS] if read),
        compared=count * (count - 1) // 2,
        label_words=label_words(table, answers.labels, answers.label_names, MOST_WORDS),
        domain_stop_words=domain_stop_words(table, answers.labels),
        second_opinion=opinions.model is not None,
        notes=tuple(notes),
    )


def confused_pairs(answers: Predictions) -> list[_Candidate]:
    """Pairs that are mixed up more often than evenly spread errors, most rows above that first.

    Evenly spread, the errors of a label fall on the other labels as often as these are answered.
    The sum of both directions is held against that by a Poisson test, with Bonferroni's correction
    at 1 % over all pairs. Where there are two labels only, all errors are theirs and nothing is
    tested.
    """
    count = len(answers.label_names)
    matrix = np.zeros((count, count))
    np.add.at(matrix, (answers.labels, answers.predicted), 1)
    support, said = matrix.sum(axis=1), matrix.sum(axis=0)
    errors = support - matrix.diagonal()
    others = np.maximum(said.sum() - said, 1)
    even = errors[:, None] * said[None, :] / others[:, None]
    found = []
    limit = 0.01 / max(1, count * (count - 1) // 2)
    for i in range(count):
        for j in range(i + 1, count):
            seen = matrix[i, j] + matrix[j, i]
            expected = float(even[i, j] + even[j, i]) if count > 2 else 0.0
            p_value = float(poisson.sf(seen - 1, expected)) if count > 2 else 1.0
            enough = seen >= max(3, LEAST_SHARE * (support[i] + support[j]))
            if enough and (p_value < limit or count == 2):
                first, second = (i, j) if matrix[i, j] >= matrix[j, i] else (j, i)
                confused = (int(matrix[first, second]), int(matrix[second, first]))
                found.append(_Candidate((first, second), confused, expected, p_value))
    return sorted(found, key=lambda c: (c.expected - sum(c.confused), c.labels))


def _dossier(
    candidate: _Candidate, opinions: LabelOpinions, read: ReadTexts, table: TermTable
) -> PairDossier:
    answers = opinions.linear
    a, b = candidate.labels
    names = (answers.label_names[a], answers.label_names[b])
    at = _some(np.flatnonzero(answers.labels == a), np.flatnonzero(answers.labels == b))
    pair_labels = (answers.labels[at] == b).astype(np.int64)
    alone = told_alone(read, at, pair_labels, answers.row_ids[at], SEED)
    area = one_vs_rest(alone.labels, alone.probabilities).macro if alone is not None else None
    in_a, in_b = (table.rows_with(at[pair_labels == side]) for side in (0, 1))
    z = log_odds(in_a, in_b, table.rows_with(np.arange(len(read.texts))))
    shared = _shared(table, z, in_a, in_b, pair_labels)
    sure, overall = _errors(alone)
    auc = area or Figure(0.5, 0.0, 1.0, 0, "unknown")
    doubt = shared_doubt(opinions, a, b)
    separability = _separability(z, in_a + in_b)
    verdict, why = verdict_of(auc, sure, overall, doubt, words_weighed=separability > 0)
    return PairDossier(
        labels=names,
        rows=(int((answers.labels == a).sum()), int((answers.labels == b).sum())),
        confused=candidate.confused,
        expected=candidate.expected,
        p_value=candidate.p_value,
        auc=auc,
        wrong_when_sure=sure,
        wrong_overall=overall,
        separability=separability,
        distinctive={
            names[0]: distinctive(table, z, in_a, in_b, MOST_WORDS),
            names[1]: distinctive(table, -z, in_b, in_a, MOST_WORDS),
        },
        shared=shared,
        closest=_closest(read, at, pair_labels, answers.row_ids[at]),
        masking=_masking(alone, read, at, shared, table),
        suspects=_suspects(opinions, a, b),
        verdict=verdict,
        why=why,
        question=question_for(verdict, names),
    )


def _some(first: IntArray, second: IntArray) -> IntArray:
    rng = np.random.default_rng(SEED)
    parts = [
        rng.choice(own, MOST_ROWS, replace=False) if len(own) > MOST_ROWS else own
        for own in (first, second)
    ]
    return np.sort(np.concatenate(parts))


def _errors(alone: Predictions | None) -> tuple[Figure, Figure]:
    """Share of contradicted labels where the answers are surest, and among all of them."""
    if alone is None:
        return Figure(0.0, 0.0, 1.0, 0, "mover"), share_figure(0, 0)
    wrong = int((alone.predicted != alone.labels).sum())
    return contradicted(alone, SURE_SHARE), share_figure(wrong, len(alone))


def _shared(
    table: TermTable, z: FloatArray, in_a: FloatArray, in_b: FloatArray, labels: IntArray
) -> tuple[Term, ...]:
    """Terms in 5 % of the rows of both labels that speak for neither, most frequent first."""
    rows = np.maximum(np.bincount(labels, minlength=2), 1)
    often = (in_a >= FREQUENT * rows[0]) & (in_b >= FREQUENT * rows[1])
    at = np.flatnonzero(often & (np.abs(z) < NEUTRAL))
    at = at[np.argsort(-np.minimum(in_a[at] / rows[0], in_b[at] / rows[1]), kind="stable")]
    return tuple(
        Term(table.terms[i], round(float(z[i]), 2), int(in_a[i]), int(in_b[i]))
        for i in at[:MOST_WORDS]
    )


def _separability(z: FloatArray, counts: FloatArray) -> float:
    total = float(counts.sum())
    return float(counts[np.abs(z) > CLEAR].sum()) / total if total else 0.0


def _closest(
    read: ReadTexts, at: IntArray, labels: IntArray, row_ids: IntArray
) -> tuple[ClosePair, ...]:
    """The most alike texts with different labels, each row in one pair only."""
    features = read.features[at]
    norms = np.sqrt(np.asarray(features.multiply(features).sum(axis=1)).ravel())
    a, b = np.flatnonzero(labels == 0), np.flatnonzero(labels == 1)
    alike = (features[a] @ features[b].T).toarray()
    alike /= np.maximum(norms[a][:, None] * norms[b][None, :], 1e-12)
    found: list[ClosePair] = []
    for _ in range(min(MOST_CLOSE, len(a), len(b))):
        i, j = divmod(int(alike.argmax()), alike.shape[1])
        if alike[i, j] <= 0:
            break
        similarity = round(min(1.0, float(alike[i, j])), 4)
        found.append(ClosePair(int(row_ids[a[i]]), int(row_ids[b[j]]), similarity))
        alike[i, :] = -1
        alike[:, j] = -1
    return tuple(found)


def _masking(
    alone: Predictions | None,
    read: ReadTexts,
    at: IntArray,
    shared: Sequence[Term],
    table: TermTable,
) -> Masking | None:
    """Ask again with the shared terms hidden, and with as many other terms hidden."""
    if alone is None or not shared:
        return None
    hidden = [term.term for term in shared]
    frequent = np.argsort(-np.asarray(table.held.sum(axis=0)).ravel())[: 20 * len(hidden)]
    others = [table.terms[i] for i in frequent if table.terms[i] not in hidden]
    rng = np.random.default_rng(SEED)
    chance = rng.choice(others, min(len(hidden), len(others)), replace=False).tolist()
    was_right = alone.predicted == alone.labels
    right = {
        kind: told_without(read, at, alone, terms, SEED) == alone.labels
        for kind, terms in (("shared", hidden), ("chance", chance))
    }
    mended = int((~was_right & right["shared"]).sum())
    spoiled = int((was_right & ~right["shared"]).sum())
    p_value = binomtest(mended, mended + spoiled).pvalue if mended + spoiled else 1.0
    return Masking(
        errors=int((~was_right).sum()),
        mended=mended,
        spoiled=spoiled,
        mended_by_chance=int((~was_right & right["chance"]).sum()),
        p_value=float(p_value),
    )


def _suspects(opinions: LabelOpinions, a: int, b: int) -> tuple[int, ...]:
    answers = opinions.linear
    at, _ = doubted(opinions)
    rather = mean_probabilities(opinions).argmax(axis=1)
    pair = [
        int(answers.row_ids[p])
        for p in at.tolist()
        if (int(answers.labels[p]), int(rather[p])) in ((a, b), (b, a))
    ]
    return tuple(pair[:MOST_SUSPECTS])
