"""Two labels are mixed up: do they share their words, are labels wrong, or is the border unclear?

The dossier of the most confused pair has the evidence: how well a model of the two alone tells them
apart, whether it errs where it is sure, which words both share, and what hiding those does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from luthier.kit.stop_words import language_words
from luthier.records import (
    STANDINGS,
    Answer,
    Cause,
    Diagnosis,
    LabelPairs,
    PairDossier,
    Standing,
    Term,
)

TITLE = "Two labels are mixed up: shared words, wrong labels, or an unclear border?"
RANK = 5
ANY_TASK = False

TITLES = {
    "shared_vocabulary": "the two share their words",
    "wrong_labels": "rows of the two carry each other's label",
    "unclear_definition": "the texts do not say which of the two it is",
}
ROWS_TO_DECIDE = 40
"""Rows of both labels from which a verdict is tried at all (kit/pair_verdict.py)."""
UNTESTED_SHARE = 0.10
"""Of the rows of two labels, that must be mixed up where there are no others to compare with."""
SHOWN = 5
"""Words named, at most."""


def answer(found: Diagnosis, evidence: Mapping[str, object]) -> Answer | None:
    """The verdict on the most confused pair; None where no pair is confused beyond chance."""
    del found
    pairs = evidence.get("label_pairs")
    confused = [p for p in pairs.pairs if _asks(p)] if isinstance(pairs, LabelPairs) else []
    if not confused:
        return None
    worst = confused[0]
    causes = sorted(
        (_cause(name, worst) for name in TITLES), key=lambda cause: STANDINGS.index(cause.standing)
    )
    return Answer(
        question=__name__.rpartition(".")[2],
        title=TITLE,
        message=_message(worst, confused[1:]),
        causes=tuple(causes),
        next_test=_next_test(worst),
    )


def _asks(pair: PairDossier) -> bool:
    """Whether it is mixed up beyond chance, or often where chance cannot be tested."""
    often = sum(pair.confused) >= UNTESTED_SHARE * sum(pair.rows)
    return pair.p_value < 1 or often


def _cause(name: str, pair: PairDossier) -> Cause:
    title = TITLES[name]
    if pair.verdict == "cannot_tell":
        return Cause(name, title, "possible", "the evidence fits more than one cause")
    if name != pair.verdict:
        return Cause(name, title, "ruled_out", f"not what mixes these two up: {pair.why}")
    return Cause(name, title, _standing(pair), pair.why)


def _standing(pair: PairDossier) -> Standing:
    """With no other labels to compare with, nobody can say that this pair is the confused one."""
    return "found" if pair.p_value < 1 else "likely"


def _next_test(pair: PairDossier) -> str:
    rows = sum(pair.rows)
    if pair.verdict == "cannot_tell" and rows < ROWS_TO_DECIDE:
        return f"about {ROWS_TO_DECIDE - rows} more rows of the two"
    return f"ask those who label: {pair.question}"


def _message(pair: PairDossier, others: Sequence[PairDossier]) -> str:
    first, second = pair.labels
    said = (
        f"{first!r} and {second!r} are mixed up in {sum(pair.confused):,} of {sum(pair.rows):,} "
        "rows."
    )
    parts = [said]
    if pair.verdict == "cannot_tell":
        parts += ["What is known does not decide why.", pair.why]
    else:
        because = TITLES[pair.verdict]
        found = _standing(pair) == "found"
        parts.append(f"Because {because}." if found else f"Most likely because {because}.")
    if shared := _words(pair.shared):
        parts.append(f"Words of both: {shared}.")
    for label, terms in pair.distinctive.items():
        if own := _words(terms):
            parts.append(f"Words that speak for {label!r}: {own}.")
    if masking := pair.masking:
        parts.append(
            f"Hiding the words of both helps no more than hiding as many others: "
            f"{masking.mended:,} and {masking.mended_by_chance:,} of {masking.errors:,} wrong "
            "answers turn right."
            if masking.mended <= masking.mended_by_chance
            else f"With the words of both hidden, {masking.mended:,} of {masking.errors:,} wrong "
            f"answers turn right; with as many other words hidden, {masking.mended_by_chance:,}."
        )
    return " ".join([*parts, *_of_others(others)])


def _of_others(others: Sequence[PairDossier]) -> list[str]:
    """The further pairs, by cause: another pair's cause may be one that is ruled out for this."""
    if not others:
        return []
    parts = [f"Further pairs that are mixed up: {len(others):,}."]
    for verdict, because in TITLES.items():
        names = [" / ".join(pair.labels) for pair in others if pair.verdict == verdict]
        if names:
            more = f" (+{len(names) - SHOWN})" if len(names) > SHOWN else ""
            named = ", ".join(names[:SHOWN]) + more
            parts.append(f"Of these because {because}: {named}.")
    return parts


def _words(terms: Sequence[Term]) -> str:
    """The first of them that are no function words."""
    empty = language_words("zh_en")
    return ", ".join([term.term for term in terms if term.term not in empty][:SHOWN])
