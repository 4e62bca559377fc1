"""The rows of a cleaned copy: every column of the file, and what was done to each row."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from luthier.kit.cleaned_copy import Change
from luthier.kit.header import named_by_position
from luthier.kit.own_copies import ADDED
from luthier.kit.row_answers import answer_word, row_answers
from luthier.kit.text_pairs import texts_apart
from luthier.records import Rows

_EXTRAS = ("id", "group", "annotator", "time")


@dataclass(frozen=True, slots=True)
class CopyTable:
    """A cleaned copy and what it leaves out.

    Args:
        head: names of the columns.
        texts: those that hold texts.
        kept: cells of the rows that stay.
        left_out: cells of the rows that do not, in the order of the file.
    """

    head: tuple[str, ...]
    texts: tuple[str, ...]
    kept: list[list[Any]] = field(default_factory=list)
    left_out: list[list[Any]] = field(default_factory=list)


def copy_table(rows: Rows, changes: Sequence[Change], lacking: Sequence[Change] = ()) -> CopyTable:
    """Put the rows of a copy together, in the order of the file.

    Args:
        rows: the rows; without `file_columns`, the copy has the columns that were read.
        changes: what becomes of each of them.
        lacking: what becomes of each row of `rows.dropped`.
    """
    layout = _Layout(rows)
    table = CopyTable((*layout.columns, *layout.split, *ADDED), layout.texts)
    lines = list(zip(rows.ids.tolist(), changes, layout.lines(changes), strict=True))
    if rows.dropped is not None:
        ids = rows.dropped.ids.tolist()
        lines += zip(ids, lacking, _Layout(rows.dropped).lines(lacking), strict=True)
        lines.sort(key=lambda line: line[0])
    for _, change, cells in lines:
        (table.left_out if change.deed == "left out" else table.kept).append(cells)
    return table


class _Layout:
    """The columns of a copy, and which of them say what a row is labelled with."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._word = answer_word(rows)
        self.columns, names = _columns_of_file(rows) if rows.file_columns else _columns_read(rows)
        self._answer = names[self._word]
        self.texts = tuple(names[role] for role in ("text", "text_pair") if role in names)
        own_splits = rows.source.has_own_splits and "split" not in self.columns
        self.split = ("split",) if own_splits else ()
        self._like: dict[Hashable, int] = {}
        for position, answer in enumerate(row_answers(rows)):
            self._like.setdefault(answer, position)

    def lines(self, changes: Sequence[Change]) -> list[list[Any]]:
        """The cells of each row."""
        lines = []
        for position, change in enumerate(changes):
            cells = {name: values[position] for name, values in self.columns.items()}
            before = self._before(position, cells)
            cells |= self._answered(change)
            split = [self._rows.given_split[position] or ""] if self.split else []
            did = [change.deed, before, change.reason, self._rows.locations[position]]
            lines.append([*cells.values(), *split, *did])
        return lines

    def _before(self, position: int, cells: Mapping[str, Any]) -> Any:
        if self._word != "label" and self._answer in cells:
            return cells[self._answer]
        value = self._rows.columns[self._word][position]
        return list(value) if isinstance(value, tuple) else value

    def _answered(self, change: Change) -> dict[str, Any]:
        """The cells that say the answer, where they are not those of the file.

        Sets, and columns of 0 and 1, are taken from a row that has this answer: so they are written
        as the file writes them.
        """
        if self._word == "label" and self._answer in self.columns:
            return {self._answer: change.answer}
        if change.deed != "relabelled":
            return {}
        several = self._word == "labels"
        like = self._like[frozenset(change.answer) if several else change.answer]
        if self._answer in self.columns:
            return {self._answer: self.columns[self._answer][like]}
        used = {la for own in self._like for la in (own if isinstance(own, frozenset) else (own,))}
        return {name: self.columns[name][like] for name in self.columns if name in used}


_Columns = tuple[dict[str, Sequence[Any]], dict[str, str]]
"""Name -> cells, and what Luthier calls a column -> its name."""


def _columns_of_file(rows: Rows) -> _Columns:
    theirs = dict(rows.file_columns)
    if theirs.keys() >= {*ADDED}:  # the copy of a copy tells what was done this time
        theirs = {name: cells for name, cells in theirs.items() if name not in ADDED}
    names = {"label": "", **rows.source.columns}
    names.setdefault(answer_word(rows), names["label"])  # known by the first task's name for it
    if named_by_position(theirs):  # the file names none: a copy has a header
        called = {names[role]: role for role in rows.columns if role in names}
        theirs = {called.get(name, name): cells for name, cells in theirs.items()}
        return theirs, {role: role for role in names}
    own = {name: f"{name}_in_file" for name in ADDED}
    return {own.get(name, name): cells for name, cells in theirs.items()}, names


def _columns_read(rows: Rows) -> _Columns:
    first, second = texts_apart(rows)
    columns: dict[str, Sequence[Any]] = {"text": first}
    if second is not None:
        columns["text_pair"] = second
    word = answer_word(rows)
    answers = rows.columns[word]
    columns[word] = [list(own) if isinstance(own, tuple) else own for own in answers]
    names = {name: name for name in columns}
    for role in _EXTRAS:
        name = rows.source.columns.get(role, role)
        if role in rows.columns and name not in columns:
            columns[name], names[role] = rows.columns[role], name
    return columns, names
