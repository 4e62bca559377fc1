"""What is known about the labels themselves: second opinions, confused pairs, what to relabel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from luthier.records.data import Note
from luthier.records.evaluation import Predictions
from luthier.records.figure import Figure


@dataclass(frozen=True, slots=True)
class LabelOpinions:
    """Answers for rows by models that did not learn from those rows.

    Args:
        linear: out-of-fold answers of a cheap linear model, for every labelled row (a sample of
            large data).
        model: the fine-tuned model's answers for its validation and test rows; None without a run.
        notes: what was left out of `linear`.
    """

    linear: Predictions
    model: Predictions | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Term:
    """A word or a few characters, and what it says about one side against another.

    Args:
        term: as it stands in the texts, lower case.
        z: log-odds with an informative Dirichlet prior by its standard deviation; above 0 it
            speaks for the first side.
        inside: rows of the first side that hold it.
        outside: rows of the other side that hold it.
    """

    term: str
    z: float
    inside: int
    outside: int


@dataclass(frozen=True, slots=True)
class ClosePair:
    """Two rows of different labels whose texts are alike; `similarity` is a cosine, 0 to 1."""

    row: int
    other_row: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Masking:
    """What hiding the shared words does to wrong answers inside a pair.

    Args:
        errors: wrong answers before.
        mended: of them, right once the words that both labels share are hidden.
        spoiled: right answers that turn wrong by it.
        mended_by_chance: right once as many other words, chosen at random, are hidden.
        p_value: exact McNemar test of `mended` against `spoiled`.
    """

    errors: int
    mended: int
    spoiled: int
    mended_by_chance: int
    p_value: float


PairVerdict = Literal["shared_vocabulary", "wrong_labels", "unclear_definition", "cannot_tell"]


@dataclass(frozen=True, slots=True)
class PairDossier:
    """Why two labels are mixed up.

    Args:
        labels: the two, most confused direction first (rows of the first answered as the second).
        rows: rows of each.
        confused: rows of each that were answered as the other, out of fold, among all labels.
        expected: such rows that evenly spread errors would give, both directions together.
        p_value: one-sided Poisson test of `confused` against `expected`.
        auc: how well a model of these two labels alone tells them apart out of fold, 0.5 to 1.
        wrong_when_sure: its error on the quarter of answers that it is surest of.
        wrong_overall: its error on all rows of the pair.
        separability: share of the terms in the texts that belong clearly to one of the two.
        distinctive: label -> terms that speak for it, strongest first.
        shared: terms that are frequent in both and speak for neither.
        closest: the most alike texts with different labels.
        masking: what hiding the shared terms does; None where there are none.
        suspects: row ids whose label is doubted in favour of the other one, worst first.
        verdict: what the evidence says.
        why: the evidence for the verdict in plain words, with numbers.
        question: what to ask those who label.
    """

    labels: tuple[str, str]
    rows: tuple[int, int]
    confused: tuple[int, int]
    expected: float
    p_value: float
    auc: Figure
    wrong_when_sure: Figure
    wrong_overall: Figure
    separability: float
    distinctive: Mapping[str, tuple[Term, ...]]
    shared: tuple[Term, ...]
    closest: tuple[ClosePair, ...]
    masking: Masking | None
    suspects: tuple[int, ...]
    verdict: PairVerdict
    why: str
    question: str


@dataclass(frozen=True, slots=True)
class LabelPairs:
    """`label_pairs.json`: the confused pairs and the words of the labels.

    Args:
        pairs: most confused first.
        compared: pairs of labels that were looked at, confused or not.
        label_words: label -> its most distinctive terms against all other labels.
        domain_stop_words: terms that are frequent everywhere and say nothing about any label.
        second_opinion: whether a fine-tuned model had its say on the pairs.
        notes: what was left out.
    """

    pairs: tuple[PairDossier, ...]
    compared: int
    label_words: Mapping[str, tuple[Term, ...]] = field(default_factory=dict)
    domain_stop_words: tuple[str, ...] = ()
    second_opinion: bool = False
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class RelabelRow:
    """One row whose label a person should look at again (one line of `relabel.csv`).

    Args:
        row_id: of the row.
        location: `file:line`.
        split: where the row belongs; empty where it is not known.
        text: as in the file.
        label: its present label.
        proposed: the label it may rather have.
        score: how doubtful the present label is, 0 to 1: one minus its probability.
        reason: why, in plain words.
    """

    row_id: int
    location: str
    split: str
    text: str
    label: str
    proposed: str
    score: float
    reason: str
