"""Rows as evidence: place, split, label, and the text where it may be seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from luthier.records import Rows, Splits
from luthier.reporting.facts import ShownRow


def shown_rows(
    rows: Rows, splits: Splits | None, ids: Iterable[int], test_rows: bool
) -> Iterator[ShownRow]:
    """The rows of these ids in this order; the text of a test row stays closed unless opened."""
    position = {int(row_id): place for place, row_id in enumerate(rows.ids)}
    split_of = (
        dict(zip(splits.row_ids.tolist(), splits.names, strict=True)) if splits is not None else {}
    )
    texts, labels = rows.columns.get("text", ()), rows.columns.get("label", ())
    for row_id in ids:
        at = position.get(int(row_id))
        if at is None:
            continue
        split = split_of.get(int(row_id))
        text = str(texts[at]) if texts and (split != "test" or test_rows) else ""
        label = str(labels[at]) if labels else ""
        yield ShownRow(rows.locations[at], split, text, label)
