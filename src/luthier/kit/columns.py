"""Which column of a file holds what: by settings, by known names, or by what stands in it."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from luthier.errors import Problem
from luthier.kit.column_names import (
    ANNOTATOR_NAMES,
    PAIRS,
    PAIRS_OF_TEXTS,
    Found,
    find_by_name,
    find_by_word,
    folded,
)
from luthier.kit.column_problems import equally_likely, no_column, wrong_name
from luthier.kit.column_remarks import remarks
from luthier.kit.number_cells import is_numeric
from luthier.kit.table import Table
from luthier.records import Column, Note
from luthier.settings import DataSettings

_FOLDED_PAIRS = [tuple(map(folded, pair)) for pair in PAIRS]
OWN_TEXTS = 4
"""One text in so many rows that has not been there before makes a column one of texts."""
EXTRAS = {
    "text_pair": "data.text_pair_column",
    "id": "data.id_column",
    "group": "data.group_column",
    "annotator": "data.annotator_column",
    "time": "data.time_column",
}
"""Columns that any task may have besides its own, and the setting that names each."""


def wanted_names(columns: Sequence[Column], data: DataSettings) -> dict[str, str]:
    """Canonical name -> column name that the settings give, for those they give."""
    settings = {column.name: column.setting for column in columns} | EXTRAS
    fields = {name: setting.rpartition(".")[2] for name, setting in settings.items()}
    named = {name: getattr(data, field, None) for name, field in fields.items()}
    return {name: str(value).strip() for name, value in named.items() if value}


def choose_columns(
    table: Table,
    columns: Sequence[Column],
    wanted: Mapping[str, str],
    earlier: Mapping[str, str],
    *,
    targets_required: bool,
) -> tuple[dict[str, str], tuple[Note, ...], list[Problem]]:
    """Canonical name -> column of this table, what was guessed, and what is wrong.

    Args:
        table: after `settle_header`.
        columns: the task's.
        wanted: see `wanted_names`.
        earlier: the choice made for the training file; kept where this file has the same columns,
            and pairs are read only where that one had pairs.
        targets_required: whether the columns to learn must be there.
    """
    chosen: dict[str, str] = {}
    notes: list[Note] = []
    problems: list[Problem] = []
    missing: dict[Column, Found] = {}
    by_content = {} if table.headed else _by_content(table, columns)
    for column in columns:
        needed = targets_required or not column.target
        asked = wanted.get(column.name)
        if asked and (asked in table.columns or needed):
            if asked in table.columns:
                chosen[column.name] = asked
            else:
                problems.append(wrong_name(table, column.setting, asked))
            continue
        kept = earlier.get(column.name, "")
        may_be_pair = column.name == "text" and kept not in table.columns and not by_content
        if may_be_pair and not (kept and "text_pair" not in earlier) and (pair := _pair(table)):
            chosen |= pair
            notes.append(_as_pairs(table, pair))
            continue
        others = {name for role, name in wanted.items() if role not in (column.name, "id")}
        found, said = _guess(table, column, kept, by_content, others, needed=needed)
        notes += said
        if found.name:
            chosen[column.name] = found.name
        elif needed:
            missing[column] = found
    problems += [_missing(table, c, found, chosen.values()) for c, found in missing.items()]
    problems += _extras(table, wanted, earlier, chosen, targets_required=targets_required)
    notes += remarks(table, chosen) if table.headed and not earlier else []
    return chosen, tuple(notes), [*problems, *_taken_twice(table, chosen)]


def said_as_in_training(
    table: Table, chosen: Mapping[str, str], wanted: Mapping[str, str], known: Mapping[str, str]
) -> tuple[Note, ...]:
    """That the columns of texts are those that the model learned from, where nobody named them.

    Args:
        table: a file to predict.
        chosen: canonical name -> column of it.
        wanted: see `wanted_names`.
        known: canonical name -> column that the model learned from.
    """
    names = {role: name for role, name in known.items() if chosen.get(role) == name}
    if not names or "text" in wanted or names.get("text") == "text":
        return ()
    if len(names) > 1:
        what = f"{table.name}: read as pairs of {_both(names)}, as in training"
    else:
        role, name = next(iter(names.items()))
        what = f"{table.name}: {role} is column {name!r}, as in training"
    return (Note("chosen", what),)


def _taken_twice(table: Table, chosen: Mapping[str, str]) -> Iterator[Problem]:
    """Columns that would be two things at once; an id may be anything besides."""
    for name, source in chosen.items():
        others = [
            other for other in chosen if chosen[other] == source and other < name != "id" != other
        ]
        if others:
            what = f"column {source!r} cannot be both {others[0]} and {name}"
            yield Problem(what, where=table.name)


def _pair(table: Table) -> dict[str, str]:
    """The two columns of a table of text pairs, by their names; none where one is `text`."""
    by_name = {folded(name): name for name in reversed(table.columns)}
    if "text" in by_name or not table.headed:
        return {}
    for one, other in (map(folded, pair) for pair in (*PAIRS, *PAIRS_OF_TEXTS)):
        sure = (one, other) in _FOLDED_PAIRS
        if one in by_name and other in by_name and (sure or _many(table.columns[by_name[other]])):
            return {"text": by_name[one], "text_pair": by_name[other]}
    return {}


def _as_pairs(table: Table, pair: Mapping[str, str]) -> Note:
    alone = shlex.quote(pair["text"])
    what = f"{table.name}: read as pairs of {_both(pair)}; the first alone: --text-column {alone}"
    return Note("guessed", what)


def _many(cells: Sequence[Any]) -> bool:
    """Whether these are texts of their own rows: not numbers, and few of them come again."""
    return not is_numeric(cells) and OWN_TEXTS * len(set(map(str, cells))) >= len(cells)


def _both(pair: Mapping[str, str]) -> str:
    return f"{pair['text']!r} and {pair['text_pair']!r}"


def _extras(
    table: Table,
    wanted: Mapping[str, str],
    earlier: Mapping[str, str],
    chosen: dict[str, str],
    *,
    targets_required: bool,
) -> list[Problem]:
    """Add the columns that any task may have; a file to predict may lack all but the second text.

    An annotator is also recognised by the column's name: it changes nothing in training.
    """
    problems = []
    for name, setting in EXTRAS.items():
        source = wanted.get(name) or earlier.get(name)
        if source is None and name == "annotator":
            source = find_by_name([*table.columns], (ANNOTATOR_NAMES,), lambda _: True).name or None
        if source is None or name in chosen:
            continue
        if source in table.columns:
            chosen[name] = source
        elif name in wanted and (targets_required or name == "text_pair"):
            problems.append(wrong_name(table, setting, source))
    return problems


def _guess(
    table: Table,
    column: Column,
    kept: str,
    by_content: Mapping[str, str],
    others: Collection[str],
    *,
    needed: bool,
) -> tuple[Found, list[Note]]:
    if kept in table.columns:
        return Found(kept), []
    if column.name in by_content:
        name = by_content[column.name]
        what = f"{table.name}: {column.name} is {name}, by what stands in it"
        return Found(name), [Note("guessed", what)]
    found = find_column(table, column, others, needed=needed)
    return found, found.notes(column.name, table.name, column.setting)


def find_column(table: Table, column: Column, others: Collection[str], *, needed: bool) -> Found:
    """What the names say; a single word of a name speaks only for a column that must be there.

    Args:
        table: a table; one without header has no names.
        column: what is looked for.
        others: columns that the settings give to something else.
        needed: whether it must be there.
    """
    names = [name for name in table.columns if name not in others] if table.headed else []

    def holds_texts(name: str) -> bool:
        itself = folded(name) == folded(column.name)
        return itself or column.kind != "text" or not is_numeric(table.columns[name])

    def holds_labels(name: str) -> bool:
        return 2 * len(set(map(str, table.columns[name]))) <= len(table)

    found = find_by_name(names, ((column.name,), column.aliases, column.weak_aliases), holds_texts)
    if found.name or found.equal or not needed:
        return found
    strong = (column.name, *column.aliases)
    if column.target:  # of weak words too little is left: a `user_type` is no answer
        return find_by_word(names, (strong,), holds_labels)
    return find_by_word(names, (strong, column.weak_aliases), holds_texts)


def _missing(table: Table, column: Column, found: Found, taken: Collection[str]) -> Problem:
    if found.equal:
        return equally_likely(table, column.name, found.equal, f"--{column.setting}")
    return no_column(table, column, taken)


def _by_content(table: Table, columns: Sequence[Column]) -> dict[str, str]:
    """In a table without header: one column is the text; of two, the label has far fewer values.

    Of three and more, the longest is the text, if just one of the others has far fewer values.
    """
    inputs = [column.name for column in columns if not column.target]
    targets = [column.name for column in columns if column.target]
    names = list(table.columns)
    if len(inputs) == 1 and len(names) == 1:
        return {inputs[0]: names[0]}
    if len(inputs) != 1 or len(targets) != 1 or len(names) < 2:
        return {}
    different = {name: len(set(table.columns[name])) for name in names}
    if len(names) == 2:
        many = max(reversed(names), key=lambda name: different[name])
    else:
        many = max(names, key=lambda name: sum(map(len, map(str, table.columns[name]))))
    few = [name for name in names if name != many and 1 < different[name] <= different[many] // 2]
    return {inputs[0]: many, targets[0]: few[0]} if len(few) == 1 else {}
