"""Labels that differ only in case, width or spaces: most likely one label written in two ways."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from luthier.records import Note

SHOWN = 3
"""Pairs that a note names."""


def plain_label(label: str) -> str:
    """A label without what people vary unawares: case, full and half width, spaces.

    >>> plain_label("Ｒefund ") == plain_label("re fund")
    True
    """
    return "".join(unicodedata.normalize("NFKC", label).casefold().split())


def alike_labels(labels: Sequence[Any]) -> list[list[tuple[str, int]]]:
    """Groups of labels that are one when written plainly, each label with its number of rows.

    Args:
        labels: n labels, or n tuples of them; what is neither, and what is empty, is passed over.
    """
    sets = (own if isinstance(own, tuple) else (own,) for own in labels)
    counts = Counter(la for own in sets for la in own if isinstance(la, str) and la)
    groups: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for label, count in counts.most_common():
        groups[plain_label(label)].append((label, count))
    return [group for group in groups.values() if len(group) > 1]


def twins_noted(labels: Sequence[Any]) -> tuple[Note, ...]:
    """A note that names such labels; they are kept apart, as the file has them."""
    groups = alike_labels(labels)
    if not groups:
        return ()
    shown = "; ".join(
        " and ".join(f"{label!r} ({count:,})" for label, count in group) for group in groups[:SHOWN]
    )
    more = f"; and {len(groups) - SHOWN:,} more" if len(groups) > SHOWN else ""
    what = (
        f"labels that differ only in case, width or spaces are kept apart (rows): {shown}{more}. "
        "Where they are one label, write them alike"
    )
    return (Note("warning", what),)
