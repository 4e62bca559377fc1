"""Rows of two texts: `text` holds both, so that whatever compares or shows rows sees all of them.

`text_pair` holds the second one again, so that the model can be given them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from luthier.kit.text_key import is_empty
from luthier.records import Rows

BETWEEN = "\n"


def with_both_texts(rows: Rows) -> Rows:
    """Put the second text behind the first in `text`, where there is one.

    A row to predict that lacks one of them has an empty `text`: there is no pair to answer.
    """
    second = rows.columns.get("text_pair")
    if second is None:
        return rows
    whole = [
        f"{one}{BETWEEN}{other}" if not is_empty(one) and not is_empty(other) else ""
        for one, other in zip(rows.columns["text"], second, strict=True)
    ]
    return replace(rows, columns={**rows.columns, "text": whole})


def texts_apart(rows: Rows) -> tuple[list[str], list[str] | None]:
    """The first texts, and the second ones or None: what `with_both_texts` joined."""
    second = rows.columns.get("text_pair")
    if second is None:
        return list(rows.columns["text"]), None
    return first_texts(rows.columns["text"], second), list(second)


def first_texts(whole: Sequence[str], second: Sequence[str]) -> list[str]:
    """The first text of each row."""
    return [
        text.removesuffix(f"{BETWEEN}{other}") for text, other in zip(whole, second, strict=True)
    ]
