"""Names for labels that are numbers in the file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from luthier.records import Note, Rows


def name_labels(rows: Rows) -> Rows:
    """Put real names in the place of numeric labels, when the data give one name to each.

    The shipped model answers with what people read, so `57` becomes the name that a column of the
    file gives it. Labels that are words already are left as they are.
    """
    column = next((name for name in ("label", "labels") if name in rows.columns), None)
    if column is None or not rows.label_titles:
        return rows
    labels = rows.columns[column]
    several = column == "labels"
    used = {la for own in labels if own for la in (own if several else (own,))}
    titles = {label: rows.label_titles[label] for label in used if label in rows.label_titles}
    all_numbers = all(str(label).lstrip("-").isdecimal() for label in used)
    if not all_numbers or len(titles) < len(used) or len(set(titles.values())) < len(titles):
        return rows
    note = Note("chosen", f"the {len(titles)} numeric labels are shown and shipped by their names")
    return replace(
        rows,
        columns={**rows.columns, column: [_named(own, titles) for own in labels]},
        source=replace(rows.source, notes=(*rows.source.notes, note)),
    )


def _named(labels: Any, titles: dict[str, str]) -> Any:
    if isinstance(labels, tuple):
        return tuple(titles.get(label, label) for label in labels)
    return titles.get(labels, labels)
