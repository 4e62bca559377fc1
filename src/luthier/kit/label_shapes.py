"""Labels that are written as objects, or as one column of 0 and 1 for each label."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from luthier.errors import InputError, Problem
from luthier.kit.column_names import all_folded, folded, is_id
from luthier.kit.column_problems import wrong_name
from luthier.kit.columns import find_column
from luthier.kit.table import Table
from luthier.records import Column, Note

_YES, _NO = {"1", "1.0", "true", "True"}, {"0", "0.0", "false", "False"}
_NAMES = ("name", "label", "text", "title", "value", "class")
"""Keys under which an object names a label, likeliest first."""
LABELS = "labels"
"""Name of the column that takes the place of several columns of 0 and 1."""
SHOWN = 5
_COMMA = re.compile("[,，、]")


def without_objects(cells: Sequence[Any], name: str) -> tuple[Sequence[Any], tuple[Note, ...]]:
    """Labels that are objects, as the label or the list of labels that they say.

    `{"refund": 1, "delivery": 0}` (the same keys in every row, nothing but 0 and 1) says which
    labels apply; `{"id": 3, "name": "refund"}` names one. Other objects stay as they are.

    Args:
        cells: n cells as read.
        name: the column's name for messages.
    """
    objects = [cell for cell in cells if isinstance(cell, dict)]
    if not objects or any(cell and not isinstance(cell, dict) for cell in cells):
        return cells, ()
    keys = list(objects[0])
    if len(keys) > 1 and all(_are_flags(one, keys) for one in objects):
        what = f"column {name!r} holds an object per row whose {len(keys)} keys are the labels: "
        what += "those with a 1 apply"
        lists = [cell and [key for key in keys if _is_yes(cell[key])] for cell in cells]
        return lists, (Note("guessed", what),)
    for key in _NAMES:
        if all(isinstance(one.get(key), str) for one in objects):
            what = f"column {name!r} holds an object per row; its {key!r} was taken as the label"
            return [cell and cell[key] for cell in cells], (Note("guessed", what),)
    return cells, ()


def _are_flags(one: Mapping[str, Any], keys: Sequence[str]) -> bool:
    return list(one) == list(keys) and all(_flag(value) is not None for value in one.values())


def _flag(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    bare = value.strip() if isinstance(value, str) else None
    return True if bare in _YES else False if bare in _NO else None


def _is_yes(value: Any) -> bool:
    return bool(_flag(value))


def flags_as_labels(
    table: Table, columns: Sequence[Column], wanted: Mapping[str, str]
) -> tuple[Table, tuple[Note, ...]]:
    """A table whose columns of 0 and 1 are labels, with one column of lists in their place.

    They are labels where `data.label_column` lists them with commas; and where no column is called
    like one, and of the columns besides text and id more hold nothing but 0 and 1 than do not.

    Args:
        table: with its header settled.
        columns: the task's.
        wanted: canonical name -> column that the settings name.

    Raises:
        InputError: when a column that the settings list is missing, or holds something else.
    """
    target = next((column for column in columns if column.target), None)
    if not table.headed or target is None or target.kind == "number":
        return table, ()
    if asked := wanted.get(target.name):
        names = [part.strip() for part in _COMMA.split(asked)]
        if asked in table.columns or len(names) < 2 or not set(names) & set(table.columns):
            return table, ()
        return _joined(table, _listed_flags(table, target, names), asked)
    return _joined(table, _flags(table, columns, target, wanted), LABELS)


def _listed_flags(table: Table, target: Column, names: Sequence[str]) -> Sequence[str]:
    missing = [wrong_name(table, target.setting, n) for n in names if n not in table.columns]
    there = [name for name in names if name in table.columns]
    other = [
        Problem(f"column {name!r} is listed as one of several, and holds more than 0 and 1",
                where=table.name)
        for name in there
        if not _all_flags(table.columns[name])
    ]  # fmt: skip
    if missing or other:
        raise InputError([*missing, *other], next_step=f"--{target.setting} NAME,NAME")
    return names


def _flags(
    table: Table, columns: Sequence[Column], target: Column, wanted: Mapping[str, str]
) -> Sequence[str]:
    """Columns of 0 and 1 that are labels by what else there is; none where it does not say so."""
    if any(folded(name) in all_folded((target.name, *target.aliases)) for name in table.columns):
        return ()
    texts = [n for c in columns if not c.target for n in (c.name, *c.aliases, *c.weak_aliases)]
    read = [find_column(table, c, (), needed=True).name for c in columns if not c.target]
    others = all_folded((*texts, *read, *wanted.values()))
    left = [name for name in table.columns if folded(name) not in others and not is_id(name)]
    flags = [name for name in left if _all_flags(table.columns[name])]
    if len(flags) < 2 or 2 * len(flags) <= len(left):
        return ()
    if len(flags) < len(left) and find_column(table, target, flags, needed=True).name:
        return ()  # a column of words that is called like a label is the likelier one
    return flags


def _joined(table: Table, flags: Sequence[str], joined_name: str) -> tuple[Table, tuple[Note, ...]]:
    """The table with one column of lists in the place of these."""
    if not flags:
        return table, ()
    picked: list[list[str]] = [[] for _ in range(len(table))]
    for name in flags:
        for row, cell in enumerate(table.columns[name]):
            if _is_yes(cell):
                picked[row].append(name)
    rest = {name: cells for name, cells in table.columns.items() if name not in flags}
    shown = ", ".join(flags[:SHOWN]) + (", ..." if len(flags) > SHOWN else "")
    what = f"{table.name}: {len(flags)} columns of 0 and 1 were taken as labels, those with a 1 "
    what += f"apply: {shown}"
    content = replace(table.content, columns={**rest, joined_name: picked})
    return replace(table, content=content), (Note("guessed", what),)


def _all_flags(cells: Sequence[Any]) -> bool:
    return all(_flag(cell) is not None for cell in set(map(_hashable, cells)))


def _hashable(cell: Any) -> Any:
    return cell if isinstance(cell, str | bool) else None
