"""What tasks on texts share: their columns, what is wrong with a text, and the order of labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from luthier.errors import Problem, did_you_mean
from luthier.kit.column_names import TEXT_NAMES, WEAK_TEXT_NAMES
from luthier.kit.plural import plural
from luthier.records import Column

TEXT = Column(
    name="text",
    aliases=TEXT_NAMES,
    weak_aliases=WEAK_TEXT_NAMES,
    target=False,
    setting="data.text_column",
)
"""The text of a row."""


def text_problem(text: Any, where: str) -> Problem | None:
    """What is wrong with a text, if anything."""
    if not isinstance(text, str):
        return Problem(f"the text is not a string but {type(text).__name__}", where=where)
    if not text.strip():
        return Problem("the text is empty", where=where)
    return None


def ordered_labels(names: Iterable[str]) -> tuple[str, ...]:
    """Every label once: as numbers when all are whole numbers, else in Unicode order."""
    found = set(names) - {""}
    if all(_is_whole_number(name) for name in found):
        return tuple(sorted(found, key=lambda name: (int(name), name)))
    return tuple(sorted(found))


def unknown_label(name: str, count: int, where: str, known: Sequence[str]) -> Problem:
    """A label that the training data lack; `where` is the first of its `count` rows."""
    return Problem(
        f"the training data have no label {name!r} ({count} row{plural(count)})",
        where=where,
        hint=did_you_mean(name, known),
    )


def _is_whole_number(name: str) -> bool:
    return name.isascii() and name.removeprefix("-").isdigit()
