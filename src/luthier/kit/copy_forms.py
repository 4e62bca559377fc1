"""The forms of a cleaned copy: each gives Luthier every text back exactly as it was."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Sequence
from typing import Any

from luthier.kit.spreadsheet_cells import csv_text, disarmed

COPY_ENDINGS = (".csv", ".tsv", ".jsonl")
"""Endings of the files that can be written; a workbook is none of them: nothing here writes it."""


def copy_text(
    head: Sequence[str], rows: Sequence[Sequence[Any]], ending: str, texts: Collection[str]
) -> str:
    """Rows as a file.

    Args:
        head: names of the columns.
        rows: cells, one per column.
        ending: one of `COPY_ENDINGS`; says the form.
        texts: the columns that hold texts.
    """
    if ending == ".jsonl":
        objects = (dict(zip(head, row, strict=True)) for row in rows)
        return "".join(json.dumps(one, ensure_ascii=False, default=str) + "\n" for one in objects)
    ways = [_harmless if name in texts else _cell for name in head]
    lines = [list(head), *([way(v) for way, v in zip(ways, row, strict=True)] for row in rows)]
    return csv_text(lines) if ending == ".csv" else _tsv_text(lines)


def _harmless(value: Any) -> str:
    return str(disarmed(_cell(value)))


def _cell(value: Any) -> str:
    """A cell as text; lists and objects as JSON, which is read as what it was."""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "" if value is None else str(value)


def _tsv_text(lines: Sequence[Sequence[str]]) -> str:
    """Lines of cells with tabs between them.

    Quotes are ordinary characters in such a file, unless all of its first row is quoted. So they
    are written everywhere or nowhere: everywhere, where a cell holds what would end it.
    """
    stream = io.StringIO()
    quotes = any(sign in cell for cells in lines for cell in cells for sign in '\t\r\n"')
    writer = csv.writer(
        stream,
        delimiter="\t",
        lineterminator="\n",
        quoting=csv.QUOTE_ALL if quotes else csv.QUOTE_NONE,
    )
    writer.writerows(lines)
    return stream.getvalue()
