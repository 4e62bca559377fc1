"""What stands in the column to learn: one label, several labels, or a number."""

from __future__ import annotations

import ast
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from luthier.kit.written_numbers import (
    DECIMAL_COMMA,
    MOST_STRANGE,
    PLAIN,
    decimal_point,
    may_be_thousands,
    writing_of,
)
from luthier.records import ColumnKind, Note

MOST_LABELS_AS_NUMBERS = 200
"""Whole numbers with more different values than this are a quantity, not labels."""
_SEPARATORS = ("|", ";", "#", "、", "；", "，", ",", "/")
"""Tried in this order; doccano writes `#`."""
_LEAST_COMBINED = 0.01
_RARELY_IN_NAMES = ("|", ";", "、", "；", "，", ",")
_OFTEN = 0.1
"""Share of rows whose label holds such a sign from which it is said that nothing was separated."""
_SAMPLE = 20_000
_WHOLE = re.compile(r"[+-]?\d+")
_POINTED = re.compile(r"[+-]?\d+\.0+")


@dataclass(frozen=True, slots=True)
class TargetGuess:
    """What the cells of a column are, what separates several labels, and why.

    `pointed`: the labels are whole numbers written as 1.0, as pandas does beside empty cells.
    `rewrite`: what turns a cell into a number that `float` reads, where they are written otherwise.
    """

    kind: ColumnKind
    separator: str | None
    notes: tuple[Note, ...] = ()
    pointed: bool = False
    rewrite: Callable[[Any], Any] | None = None


def guess_target(cells: Sequence[Any], separator: str | None, name: str) -> TargetGuess:
    """What a column of targets holds.

    Lists, and cells in which a separator joins labels that also stand in other combinations, are
    several labels per row; whole numbers with at most 200 different values are labels; other
    numbers are a quantity, also where a few cells hold something else (those are refused later,
    each with its place); all else is one label per row.

    Args:
        cells: n cells as read; lists stay lists.
        separator: `data.label_separator`, or None.
        name: the column's name for messages.
    """
    if separator is not None:
        return TargetGuess("labels", separator, tuple(_separated(cells, separator, name)))
    lists = [found for cell in cells if (found := as_list(cell)) is not None]
    if lists:
        if all(len(found) == 1 for found in lists):
            what = f"column {name!r} holds lists of one label, which were taken as the label"
            return TargetGuess("label", None, (Note("guessed", what),))
        several = sum(len(found) != 1 for found in lists)
        what = f"column {name!r} holds lists; rows with several labels or none: {several:,}"
        return TargetGuess("labels", None, (Note("guessed", what),))
    texts = [cell.strip() for cell in cells if isinstance(cell, str) and cell.strip()]
    if texts and all(map(PLAIN.fullmatch, set(texts))):
        return _numbers(texts, name)
    if (almost := _numbers_otherwise(texts, name) or _mostly_numbers(texts, name)) is not None:
        return almost
    found_separator = _separator(texts[:_SAMPLE])
    if found_separator:
        atoms = {part for text in set(texts) for part in _parts(text, found_separator)}
        what = (
            f"column {name!r} holds several labels per row, separated by {found_separator!r} "
            f"({len(atoms)} different ones); one label per row: --task text_classification"
        )
        notes = (Note("guessed", what), *_without_labels(cells, name))
        return TargetGuess("labels", found_separator, notes)
    return TargetGuess("label", None, tuple(_undecided(texts[:_SAMPLE], name)))


def _separated(cells: Sequence[Any], separator: str, name: str) -> Iterator[Note]:
    """What is said of a column whose separator was named."""
    what = f"column {name!r} holds several labels per row, separated by {separator!r}"
    yield Note("chosen", what)
    texts = [cell for cell in cells if isinstance(cell, str)]
    if texts and not any(separator and separator in text for text in texts):
        what = f"{separator!r} stands in no cell of column {name!r}: each cell was taken as a label"
        yield Note("warning", what)
        if other := _separator([text.strip() for text in texts if text.strip()][:_SAMPLE]):
            what = f"{other!r} may be what separates the labels: --label-separator {other!r}"
            yield Note("guessed", what)
    yield from _without_labels(cells, name)


def _without_labels(cells: Sequence[Any], name: str) -> Iterator[Note]:
    """That blank cells were taken for rows to which no label applies."""
    blank = sum(isinstance(cell, str) and not cell.strip() for cell in cells)
    if blank:
        what = f"rows whose {name!r} is blank, read as rows to which no label applies: {blank:,}"
        yield Note("warning", what)


def to_kind(cells: Iterable[Any], kind: ColumnKind, separator: str | None) -> list[Any]:
    """The cells as `records.Column.kind` says; what cannot be turned into it stays as it is.

    Args:
        cells: as read.
        kind: `labels`, `number`, or one label.
        separator: between the labels of a cell, or None.
    """
    pool: dict[Any, Any] = {}  # few different values stand in many rows: each is kept once
    turn = _labels_by(separator) if kind == "labels" else _TURN.get(kind, _one_label)
    turned = (turn(cell) for cell in cells)
    return [v if isinstance(v, list | dict) else pool.setdefault(v, v) for v in turned]


def as_list(cell: Any) -> list[str] | None:
    """The labels of a cell that is a list, or a list written as text; else None."""
    if isinstance(cell, str):
        bare = cell.strip()
        if not (bare[:1] == "[" and bare[-1:] == "]") and not bare.startswith('{"choices"'):
            return None
        cell = _written_list(bare)
    if isinstance(cell, list) and all(isinstance(part, str) for part in cell):
        return [part.strip() for part in cell]
    return None


def _written_list(text: str) -> Any:
    """A list as JSON or Python writes it: `["a", "b"]`, `['a', 'b']`, `{"choices": ["a"]}`."""
    try:
        value = json.loads(text, parse_int=str, parse_float=str)
    except ValueError:
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
    if isinstance(value, dict):
        value = value.get("choices")
    return [str(v) for v in value] if _is_flat(value) else None


def _is_flat(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, str | int | float) for v in value)


def _numbers(texts: Sequence[str], name: str) -> TargetGuess:
    different = len(set(texts))
    whole = all(map(_WHOLE.fullmatch, set(texts)))
    pointed = next(filter(_POINTED.fullmatch, texts), "")
    all_whole = all(_POINTED.fullmatch(text) or _WHOLE.fullmatch(text) for text in set(texts))
    if pointed and all_whole and different <= MOST_LABELS_AS_NUMBERS:
        what = f"column {name!r} holds whole numbers written as {pointed}: taken as labels"
        return TargetGuess("label", None, (Note("guessed", what),), pointed=True)
    codes = any(text.lstrip("+-").startswith("0") and text.strip("+-0") for text in set(texts))
    if whole and different <= MOST_LABELS_AS_NUMBERS:
        return TargetGuess("label", None)
    if whole and codes:  # 0042 is a code; no quantity is written so
        return TargetGuess("label", None)
    kind = f"{different:,} different whole numbers" if whole else "numbers with a decimal point"
    what = (
        f"column {name!r} holds {kind}: taken as a quantity to estimate; as labels: "
        f"--task text_classification --label-column {name!r}"
    )
    return TargetGuess("number", None, (Note("guessed", what),))


def _numbers_otherwise(texts: Sequence[str], name: str) -> TargetGuess | None:
    """A quantity written with thousands separators, percent signs or a typographic minus."""
    turn = writing_of(texts)
    if turn is None or _separator(texts[:_SAMPLE]):
        return None
    turned = [turn(text) for text in texts]
    guess = _numbers(turned, name) if all(map(PLAIN.fullmatch, set(turned))) else None
    guess = guess or _mostly_numbers(turned, name)
    if guess is None or guess.kind != "number":
        return None
    shown = next(text for text in texts if turn(text) != text)
    read = turn(shown) if guess.rewrite is None else guess.rewrite(turn(shown))
    what = f"column {name!r} holds numbers written as {shown!r}: read as {read}"
    further = guess.rewrite or (lambda cell: cell)

    def rewrite(cell: Any) -> Any:
        return further(turn(cell.strip())) if isinstance(cell, str) else cell

    return replace(guess, notes=(*guess.notes, Note("guessed", what)), rewrite=rewrite)


def _mostly_numbers(texts: Sequence[str], name: str) -> TargetGuess | None:
    """A quantity in which some numbers have a decimal comma, or a few cells hold no number.

    `1,234` may be a thousand or a decimal, so a comma decides only where other cells show that it
    is a decimal one; and it separates labels where cells hold several of it.
    """
    cells = Counter(texts)
    commas = [cell for cell in cells if DECIMAL_COMMA.fullmatch(cell)]
    decimal = [cell for cell in commas if not may_be_thousands(cell)]
    plain = [cell for cell in cells if PLAIN.fullmatch(cell)]
    numbers = [*plain, *commas] if decimal and not _separator(texts[:_SAMPLE]) else plain
    strange = [cell for cell in cells if cell not in set(numbers)]
    few = sum(cells[cell] for cell in strange) <= MOST_STRANGE * len(texts)
    whole = all(map(_WHOLE.fullmatch, numbers))
    if not numbers or not few or (whole and len(numbers) <= MOST_LABELS_AS_NUMBERS):
        return None
    rewrite = decimal_point if len(numbers) > len(plain) else None
    kind = "numbers with a decimal comma" if rewrite else "numbers"
    what = (
        f"column {name!r} holds {kind}: taken as a quantity to estimate; as labels: "
        f"--task text_classification --label-column {name!r}"
    )
    notes = [Note("guessed", what)]
    if strange:
        shown = ", ".join(map(repr, strange[:3])) + (", ..." if len(strange) > 3 else "")
        count = sum(cells[cell] for cell in strange)
        notes.append(Note("guessed", f"cells of {name!r} without a number: {count:,} ({shown})"))
    return TargetGuess("number", None, tuple(notes), rewrite=rewrite)


def _separator(texts: Sequence[str]) -> str:
    """The sign that joins labels, or "".

    The parts must come again in other combinations, and half of them alone: `Sci/Tech` is one
    label, and so are `open account`, `open card`, `close account`.
    """
    cells = Counter(texts)
    for sign in _SEPARATORS:
        joined = [cell for cell in cells if sign in cell]
        if sum(cells[cell] for cell in joined) < max(2, _LEAST_COMBINED * len(texts)):
            continue
        parts = [_parts(cell, sign) for cell in cells]
        homes = Counter(part for of_cell in parts for part in set(of_cell))
        whole = all(len(of_cell) == len(set(of_cell)) for of_cell in parts)
        again = sum(homes[part] > 1 for part in homes)
        alone = sum(part in cells for part in homes)
        mixed = again >= 0.9 * len(homes) and alone >= 0.5 * len(homes)
        if whole and mixed and 1 < len(homes) < len(cells):
            return sign
    return ""


def _undecided(texts: Sequence[str], name: str) -> Iterator[Note]:
    """That a sign which often separates labels was taken as a part of their names."""
    for sign in _RARELY_IN_NAMES:
        joined = sum(sign in text.strip(sign) for text in texts)
        if joined >= max(2, _OFTEN * len(texts)):
            yield Note(
                "guessed",
                f"column {name!r}: {sign!r} was taken as a part of the labels (in {joined:,} of "
                f"{len(texts):,} rows); if it separates them: --label-separator {sign!r}",
            )
            return


def _parts(text: str, separator: str) -> list[str]:
    return [part for part in map(str.strip, text.split(separator)) if part]


def _one_label(cell: Any) -> Any:
    found = as_list(cell)
    if found is not None and len(found) == 1:
        return found[0]
    if cell is None:
        return ""
    return cell.strip() if isinstance(cell, str) else cell


def _labels_by(separator: str | None) -> Callable[[Any], Any]:
    def labels(cell: Any) -> Any:
        found = as_list(cell)
        if found is None and isinstance(cell, str):
            found = _parts(cell, separator) if separator else [cell.strip()]
        return tuple(dict.fromkeys(filter(None, found))) if found is not None else cell

    return labels


def _one_number(cell: Any) -> Any:
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    try:
        value = float(cell)
    except (TypeError, ValueError):
        return cell
    return value if math.isfinite(value) else cell


_TURN: Mapping[ColumnKind, Callable[[Any], Any]] = {"label": _one_label, "number": _one_number}
