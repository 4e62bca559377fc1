"""Messages of several sentences. Each is whole, so that it can be told in another language."""

from __future__ import annotations


def joined(*sentences: str) -> str:
    """One text of these sentences.

    >>> joined("Two rows are cut.", "That is too few to ask.")
    'Two rows are cut. That is too few to ask.'
    """
    return " ".join(sentences)
