"""What is said where a column cannot be found, or several are equally likely."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from luthier.errors import Problem, did_you_mean
from luthier.kit.column_names import folded, is_id
from luthier.kit.table import Table
from luthier.records import Column

SHOWN = 6
"""Columns of a table without header that a message shows."""


def no_column(table: Table, column: Column, taken: Collection[str]) -> Problem:
    """That nothing tells which column it is; where one is near or left, it is offered.

    Args:
        table: with its header settled.
        column: what is looked for.
        taken: columns that are something else.
    """
    names = list(table.columns)
    if table.headed:
        shown = ", ".join(repr(short(name)) for name in names[:12])
        what = f"no column for the {column.name} among {shown}"
    else:
        what = f"no header, and unclear which of {len(names)} columns is the {column.name}"
    left = [name for name in names if name not in taken and not is_id(name)]
    near = _near(column, left)
    candidate = near or (left[0] if len(left) == 1 else "NAME")
    if not table.headed:
        shown = "; ".join(f"{name}: {short(values[0])!r}" for name, values in _some(table))
        what = f"{what} ({shown})"
        candidate = "'column N'" if candidate == "NAME" else repr(candidate)
    elif " " in candidate:
        candidate = repr(candidate)
    flag = f"--{column.setting} {candidate}"
    if table.format == "txt" and len(names) == 1:
        return Problem(
            f"no tab in this file, so no column for the {column.name}",
            where=_top(table),
            hint="a .txt file holds text<TAB>label on each line, or save it as .csv with a header",
        )
    return Problem(what, where=_top(table), hint=f"say which: {flag}")


def equally_likely(table: Table, role: str, names: Sequence[str], flag: str) -> Problem:
    """That the names of several columns speak for them alike, and how to say which.

    Args:
        table: with a header.
        role: what is looked for.
        names: the columns.
        flag: the option that decides.
    """
    shown = ", ".join(repr(short(name)) for name in names)
    what = f"unclear which column is the {role}: by their names, {shown} are equally likely"
    flag = f"{flag} NAME"
    return Problem(what, where=_top(table), hint=f"say which: {flag}")


def wrong_name(table: Table, setting: str, asked: str) -> Problem:
    """That there is no column of the name that a setting gives."""
    names = list(table.columns)
    near = did_you_mean(asked, names)
    listed = f"the columns are {', '.join(short(name) for name in names[:12])}"
    return Problem(
        f"there is no column {asked!r} ({setting})",
        where=table.name,
        hint=f"{near} {listed}" if near else listed,
    )


def short(text: object) -> str:
    """The beginning of a text, on one line."""
    line = str(text).replace("\n", " ")
    return line if len(line) <= 30 else line[:29] + "…"


def _near(column: Column, names: Sequence[str]) -> str:
    """The column whose name is most like a known one, if any is much like it."""
    by_name = {folded(name): name for name in reversed(names)}
    known = map(folded, (column.name, *column.aliases, *column.weak_aliases))
    close = (difflib.get_close_matches(k, list(by_name), n=1, cutoff=0.75) for k in known)
    return next((by_name[found[0]] for found in close if found), "")


def _some(table: Table) -> Iterator[tuple[str, list[Any]]]:
    """The first columns, for a message."""
    return itertools.islice(table.columns.items(), SHOWN)


def _top(table: Table) -> str:
    return f"{table.name}:1" if table.format in ("csv", "tsv", "txt") else table.name


def skipped_columns(table: Table, wrong: Sequence[Problem]) -> list[Problem]:
    """A column that is missed may be there, and hold what cannot be read."""
    return [
        Problem(note.message) for note in table.content.notes if wrong and note.kind == "skipped"
    ]
