"""Names for labels that are numbers in the file."""

from __future__ import annotations

from dataclasses import replace

from luthier.records import Note, Rows


def name_labels(rows: Rows) -> Rows:
    """Put real names in the place of numeric labels, when the data give one name to each.

    The shipped model answers with what people read, so `57` becomes the name that a column of the
    file gives it. Labels that are words already are left as they are.
    """
    labels = rows.columns.get("label")
    if labels is None or not rows.label_titles:
        return rows
    used = {label for label in labels if label}
    titles = {label: rows.label_titles[label] for label in used if label in rows.label_titles}
    all_numbers = all(str(label).lstrip("-").isdecimal() for label in used)
    if not all_numbers or len(titles) < len(used) or len(set(titles.values())) < len(titles):
        return rows
    note = Note("chosen", f"the {len(titles)} numeric labels are shown and shipped by their names")
    return replace(
        rows,
        columns={**rows.columns, "label": [titles.get(label, label) for label in labels]},
        source=replace(rows.source, notes=(*rows.source.notes, note)),
    )
