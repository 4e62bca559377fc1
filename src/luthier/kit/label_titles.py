"""Longer names for labels that are numbers or codes, where the data carry them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from luthier.errors import InputError, Problem
from luthier.kit.table import Table
from luthier.kit.tables import read_table
from luthier.records import Note

_LONGEST = 80
_LABEL_NAMES = ("label", "id", "index", "label_id", "value", "code")


def label_titles(
    labels: Sequence[str], others: Mapping[str, Sequence[Any]], sidecar: Path | None
) -> tuple[dict[str, str], tuple[Note, ...]]:
    """Label -> title, and where it was taken from; empty when the data carry none.

    A column is taken when it is one-to-one with the label; of several, the one that agrees with the
    file of label names, else the first.

    Args:
        labels: n labels as written.
        others: the columns beside text, label and id, n values each.
        sidecar: a file of label names (`labels.json`), if there is one.
    """
    from_file = _read(sidecar, set(labels)) if sidecar else {}
    found = {
        name: titles for name, values in others.items() if (titles := _one_to_one(labels, values))
    }
    agreeing = [name for name, titles in found.items() if from_file and titles == from_file]
    for name in [*agreeing, *found]:
        return found[name], (Note("guessed", f"label names taken from column {name}"),)
    if from_file and sidecar:
        return from_file, (Note("guessed", f"label names taken from {sidecar.name}"),)
    return {}, ()


def _one_to_one(labels: Sequence[str], values: Sequence[Any]) -> dict[str, str]:
    """The titles, or nothing where a label has two, two labels share one, or they add nothing."""
    titles: dict[str, str] = {}
    for label, value in zip(labels, values, strict=True):
        if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST:
            return {}
        if titles.setdefault(label, value.strip()) != value.strip():
            return {}
    adds = any(label != title for label, title in titles.items())
    codes = all(title.replace(".", "").replace("-", "").isdigit() for title in titles.values())
    different = len(set(titles.values())) == len(titles)
    repeated = len(titles) * 2 <= len(labels)
    return titles if adds and different and repeated and not codes else {}


def given_titles(given: str, labels: Sequence[str]) -> tuple[dict[str, str], tuple[Note, ...]]:
    """Label -> title by the setting `data.label_names`.

    Args:
        given: a file of label names, or names separated by commas in the order of their numbers.
        labels: the different labels.

    Raises:
        InputError: when the names do not cover the labels one to one.
    """
    path = Path(given)
    if path.is_file():
        candidates = list(_candidates(path))
    elif "," in given:
        candidates = list(_numbered([name.strip() for name in given.split(",")]))
    else:
        raise InputError(
            Problem("there is no such file, and it is no list of names", where=given),
            next_step="--label_names class.txt, or --label_names refund,delivery,other",
        )
    for titles in candidates:
        if set(labels) <= titles.keys() and len(set(titles.values())) == len(titles):
            first = next(iter(titles))
            note = Note("chosen", f"label names taken from data.label_names, number {first} first")
            return {label: titles[label] for label in labels}, (note,)
    missing = sorted(set(labels) - max(candidates, key=len, default={}).keys())
    shown = ", ".join(map(repr, missing[:5])) + (", ..." if len(missing) > 5 else "")
    why = f"they have none for label {shown}" if missing else "a name stands twice"
    raise InputError(
        Problem(f"these names do not fit the labels one to one: {why}", where=given),
        next_step="give one different name for each label, in the order of the numbers from 0 on",
    )


def _read(path: Path, labels: set[str]) -> dict[str, str]:
    """Label -> title of a file of label names that covers all `labels`; else nothing."""
    for titles in _candidates(path):
        if labels <= titles.keys() and len(set(titles.values())) == len(titles):
            return {label: titles[label] for label in labels}
    return {}


def _candidates(path: Path) -> Iterator[dict[str, str]]:
    """What a file of label names may mean, likeliest first; nothing where it holds other things."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        value = json.loads(path.read_text(encoding="utf-8-sig"))
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            yield from _numbered(value)
            return
        if isinstance(value, dict) and all(isinstance(v, str | int) for v in value.values()):
            plain = {str(key): str(name) for key, name in value.items()}
            yield plain
            yield {name: key for key, name in plain.items()}
            return
    with contextlib.suppress(InputError):
        yield from _pairs(read_table(path))


def _numbered(names: Sequence[str]) -> Iterator[dict[str, str]]:
    """One name per number, from 0 on; else from 1 on."""
    for first in (0, 1):
        yield {str(number): name.strip() for number, name in enumerate(names, start=first)}


def _pairs(table: Table) -> Iterator[dict[str, str]]:
    columns = {name: [str(value) for value in values] for name, values in table.columns.items()}
    for key in sorted(columns, key=lambda name: name.lower() not in _LABEL_NAMES):
        for name, values in columns.items():
            if name != key:
                yield dict(zip(columns[key], values, strict=True))
    if len(columns) == 1:
        (values,) = columns.values()
        yield from _numbered(values)
