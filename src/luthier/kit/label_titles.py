"""Longer names for labels that are numbers or codes, where the data carry them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from luthier.errors import InputError
from luthier.kit.tables import Table, read_table
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


def _read(path: Path, labels: set[str]) -> dict[str, str]:
    """Label -> title of a file of label names that covers all `labels`; else nothing."""
    try:
        table = read_table(path)
    except InputError:
        return {}  # it is not a table of rows; other files of that name hold other things
    for titles in _pairs(table):
        if labels <= titles.keys() and len(set(titles.values())) == len(titles):
            return {label: titles[label] for label in labels}
    return {}


def _pairs(table: Table) -> Iterator[dict[str, str]]:
    columns = {name: [str(value) for value in values] for name, values in table.columns.items()}
    for key in sorted(columns, key=lambda name: name.lower() not in _LABEL_NAMES):
        for name, values in columns.items():
            if name != key:
                yield dict(zip(columns[key], values, strict=True))
    if len(columns) == 1:  # one name per line: the label is the line's number, from 0
        (values,) = columns.values()
        yield {str(number): value for number, value in enumerate(values)}
