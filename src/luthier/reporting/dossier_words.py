"""The words of a pair of labels that are mixed up, the stronger the larger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from luthier.records.labels import Term
from luthier.reporting.catalogue import Catalogue

WORDS_PER_SIDE = 24


class SizedWord(NamedTuple):
    """A word of a cloud; `size` is 1 (faint) to 6."""

    word: str
    size: int
    said: str


def dossier_words(terms: Sequence[Term], say: Catalogue) -> list[SizedWord]:
    """The strongest words of one side of a pair, or the shared ones, with their sizes."""
    shown = terms[:WORDS_PER_SIDE]
    top = max((abs(term.z) for term in shown), default=0.0) or 1.0
    return [
        SizedWord(
            term.term,
            1 + round(5 * abs(term.z) / top),
            say("in {inside} rows and in {outside}", inside=term.inside, outside=term.outside),
        )
        for term in shown
    ]
