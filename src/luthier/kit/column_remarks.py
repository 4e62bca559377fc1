"""What is said of columns that are read by their names, and of those that are not read."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from luthier.kit.column_names import ANNOTATOR_NAMES, GROUP_NAMES, all_folded, folded, is_id
from luthier.kit.number_cells import is_numeric
from luthier.kit.table import Table
from luthier.records import Note

LOOKED_AT = 500
"""Cells that show what a column holds."""
_RUNNING = re.compile(r"(?:[^\W\d_]+\W+){3}[^\W\d_]+|[\u3400-\u9fff]{5}")
"""Four words on end, or five Chinese characters."""
_LINK = re.compile(r"\s*(?:https?://|www\.|/|[A-Za-z]:\\)\S+\s*")
_COUNTED = re.compile(r"[\d_\W]+")


def remarks(table: Table, chosen: Mapping[str, str]) -> list[Note]:
    """What was recognised by its name, what might be of use, and what is like a column read.

    Args:
        table: with a header.
        chosen: canonical name -> column of it.
    """
    notes = []
    if folded(chosen.get("annotator", "")) in all_folded(ANNOTATOR_NAMES):
        what = f"{table.name}: column {chosen['annotator']!r} says who gave the label"
        notes.append(Note("guessed", what))
    free = [name for name in table.columns if name not in chosen.values()]
    groups = [name for name in free if folded(name) in all_folded(GROUP_NAMES)]
    if groups and "group" not in chosen:
        what = f"{table.name}: column {groups[0]!r} was not used; to keep its rows together in one"
        notes.append(Note("skipped", f"{what} split: --group-column {groups[0]}"))
    left = [name for name in free if name not in groups and not is_id(name)]
    return [*notes, *_more_texts(table, chosen, left), *_more_labels(table, chosen, left)]


def _more_texts(table: Table, chosen: Mapping[str, str], free: Sequence[str]) -> Iterator[Note]:
    """Columns of running text beside the only one that is read."""
    if "text" not in chosen or "text_pair" in chosen:
        return
    more = [name for name in free if _is_running_text(table.columns[name])]
    if more:
        what = (
            f"{table.name}: not read, though it holds running text: {_listed(more)}; to read it "
            f"with {chosen['text']!r}: --text-pair-column {shlex.quote(more[0])}"
        )
        yield Note("skipped", what)


def _is_running_text(cells: Sequence[Any]) -> bool:
    """Whether half of the first cells hold several words, and few of them come again."""
    first = cells[:LOOKED_AT]
    texts = [cell for cell in first if isinstance(cell, str) and _RUNNING.search(cell)]
    texts = [text for text in texts if not _LINK.fullmatch(text)]
    return 2 * len(texts) >= len(first) and 2 * len(set(texts)) >= len(texts) > 0


def _more_labels(table: Table, chosen: Mapping[str, str], free: Sequence[str]) -> Iterator[Note]:
    """Columns with the labels of the one that is read: several people side by side, mostly."""
    label = chosen.get("label") or chosen.get("labels", "")
    if not label:
        return
    cells = table.columns[label]
    own = _different(cells)
    if not 2 <= len(own) <= len(cells) // 2:
        return

    def alike(name: str) -> bool:
        others = _different(table.columns[name])
        # 0 and 1 say nothing of what they stand for: there the names must be alike
        named_alike = _COUNTED.sub("", name) == _COUNTED.sub("", label)
        return len(others) > 1 and others <= own and (named_alike or not is_numeric(cells))

    more = [name for name in free if alike(name)]
    if more:
        what = (
            f"{table.name}: not read, though it holds the same labels as {label!r}: "
            f"{_listed(more)}; if these are several people's labels, write a row for each label, "
            "with a column that says whose it is: --annotator-column NAME"
        )
        yield Note("skipped", what)


def _different(cells: Sequence[Any]) -> set[str]:
    return {str(cell).strip() for cell in cells if cell not in (None, "")}


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
