"""One file of rows -> one table, with the line on which each row begins.

Lines of text end where the format says so and nowhere else: texts hold U+2028 and U+0085, which
`str.splitlines` would cut at.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from array import array
from pathlib import Path

from luthier.errors import InputError, Problem
from luthier.kit.arrow_files import ARROW_EXTENSIONS, read_arrow, read_saved_dataset
from luthier.kit.delimited import read_delimited
from luthier.kit.encodings import encoding_of
from luthier.kit.json_rows import read_json
from luthier.kit.label_lines import read_label_lines
from luthier.kit.table import Content, Table
from luthier.kit.workbooks import WORKBOOK_EXTENSIONS, read_workbook

_TEXT_EXTENSIONS = (".csv", ".tsv", ".txt", ".json", ".jsonl")
EXTENSIONS = (*_TEXT_EXTENSIONS, *WORKBOOK_EXTENSIONS, *ARROW_EXTENSIONS)
"""Endings of files that are read; text files may also be packed (.csv.gz)."""


def kind_of(path: Path) -> str:
    """The ending that says the format, lower case, `.gz` left out: `.csv`, `.xlsx`, or ""."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes[-1:] == [".gz"]:
        return next((s for s in suffixes[-2:-1] if s in _TEXT_EXTENSIONS), ".gz")
    return suffixes[-1] if suffixes else ""


def read_table(
    path: Path,
    *,
    name: str = "",
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
) -> Table:
    """Read one file.

    Args:
        path: the file, or the folder of a data set written by `datasets` with `save_to_disk`.
        name: how messages call it; `path` as given when empty.
        encoding: `data.encoding`; guessed when None.
        delimiter: `data.delimiter` of a text table; guessed when None.
        sheet: `data.sheet` of a workbook; the first that holds rows when None.

    Raises:
        InputError: when it cannot be read, is empty, or has rows that do not fit.
    """
    name = name or str(path)
    if path.is_dir():
        content, digest = read_saved_dataset(path, name)
        return _table(name, content, "arrow", "binary", digest)
    kind = kind_of(path)
    if kind not in EXTENSIONS:
        raise InputError(
            Problem(f"files ending in {kind or 'nothing'} are not read", where=name),
            next_step=f"save the rows as {' '.join(EXTENSIONS)}",
        )
    data, digest = _bytes_of(path, name)
    if kind in WORKBOOK_EXTENSIONS:
        return _table(name, read_workbook(data, name, sheet), kind[1:], "binary", digest)
    if kind in ARROW_EXTENSIONS:
        return _table(name, read_arrow(data, name, kind), kind[1:], "binary", digest)
    found, notes = encoding_of(data, name, encoding)
    content = _text_content(data, name, found, kind, _delimiter(delimiter))
    content = Content(
        columns=content.columns,
        lines=content.lines,
        headed=content.headed,
        notes=notes + content.notes,
    )
    return _table(name, content, kind[1:], found, digest)


def _bytes_of(path: Path, name: str) -> tuple[bytes, str]:
    """What the file holds, unpacked, and the hex sha256 of its bytes as they lie there."""
    try:
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        return (gzip.decompress(data) if path.suffix.lower() == ".gz" else data), digest
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(Problem(f"cannot be unpacked: {error}", where=name)) from error
    except OSError as error:
        raise InputError(Problem(f"cannot be read: {error.strerror}", where=name)) from error


def _text_content(
    data: bytes, name: str, encoding: str, kind: str, delimiter: str | None
) -> Content:
    if kind in (".json", ".jsonl"):
        return read_json(data, name, encoding)
    if kind == ".txt" and delimiter is None:
        labelled = read_label_lines(data, name, encoding)
        if labelled is not None:
            return labelled
    lines: array[int] = array("q")
    columns, notes = read_delimited(data, name, encoding, kind, delimiter, lines)
    return Content(columns, lines, notes=notes)


def _table(name: str, content: Content, form: str, encoding: str, digest: str) -> Table:
    if not content.lines:
        raise InputError(
            Problem("the file is empty", where=name), next_step="give a file with one row per text"
        )
    return Table(name=name, content=content, format=form, encoding=encoding, sha256=digest)


def _delimiter(asked: str | None) -> str | None:
    if asked is None:
        return None
    spoken = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "bar": "|", "space": " "}
    characters = spoken.get(asked, asked)
    if not characters or set(characters) & set('"\r\n\0'):
        raise InputError(
            Problem(f"data.delimiter must be characters or `tab`, not {asked!r}"),
            next_step="--data.delimiter tab",
        )
    return characters
