"""Labels that differ in nothing a reader would see: most likely one label written in two ways."""

from __future__ import annotations

import functools
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from luthier.records import Note

SHOWN = 3
"""Pairs that a note names."""


def plain_label(label: str) -> str:
    """A label without what people vary unawares: case, full and half width, spaces, unseen signs.

    >>> plain_label("Ｒefund ") == plain_label("re\u200bfund")
    True
    """
    plain = unicodedata.normalize("NFKC", label).casefold()
    seen = (c for c in plain if not c.isspace() and unicodedata.category(c) != "Cf")
    return "".join(seen)


def _in_one_script(label: str) -> str:
    """The same with Traditional characters as Simplified ones."""
    return label if label.isascii() else _simplified()(label)


@functools.cache
def _simplified() -> Callable[[str], str]:
    from opencc import OpenCC  # only where a label is Chinese

    convert: Callable[[str], str] = OpenCC("t2s").convert
    return convert


def alike_labels(labels: Sequence[Any]) -> list[list[tuple[str, int]]]:
    """Groups of labels that are one when written plainly, each label with its number of rows.

    Args:
        labels: n labels, or n tuples of them; what is neither, and what is empty, is passed over.
    """
    sets = (own if isinstance(own, tuple) else (own,) for own in labels)
    counts = Counter(la for own in sets for la in own if isinstance(la, str) and la)
    groups: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for label, count in counts.most_common():
        groups[_in_one_script(plain_label(label))].append((label, count))
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
        "labels that differ only in case, width, spaces, unseen characters or Chinese script are "
        f"kept apart (rows): {shown}{more}. Where they are one label, write them alike"
    )
    return (Note("warning", what),)
