"""The words of a text as a set, and a text without some of its words."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

from luthier.kit.words import pieces_of

MOST_CHARACTERS = 1000
"""Of each text; what it is about shows by then."""


def terms_of(text: str) -> set[str]:
    """The words of one text (of its first 1,000 characters), lower case, each once."""
    return {piece for piece in pieces_of(_plain(text)) if piece[0].isalnum()}


def without_terms(text: str, terms: Collection[str]) -> str:
    """The text (its first 1,000 characters), lower case, with these words left out."""
    return "".join(" " if piece in terms else piece for piece in pieces_of(_plain(text)))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text[:MOST_CHARACTERS]).lower()
