"""Parquet and Arrow files, and data sets that `datasets` wrote with `save_to_disk`.

Read with pyarrow alone: a data set is a folder of Arrow streams with two JSON files beside them
(`state.json` names the streams, `dataset_info.json` the classes of a column).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from luthier.errors import InputError, Problem
from luthier.kit.table import Content
from luthier.records import Note

ARROW_EXTENSIONS = (".parquet", ".arrow", ".feather")
STATE = "state.json"
DATASET_DICT = "dataset_dict.json"
_INFO = "dataset_info.json"


def read_arrow(data: bytes, name: str, kind: str) -> Content:
    """The rows of a .parquet file, or of an Arrow file or stream.

    Raises:
        InputError: when it is none.
    """
    try:
        if kind == ".parquet":
            table = pq.read_table(pa.BufferReader(data))
        else:
            table = _arrow_table(data)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(name, kind[1:], error) from error
    return _content(table, _class_names(table.schema.metadata), name)


def read_saved_dataset(folder: Path, name: str) -> tuple[Content, str]:
    """The rows of a folder that `save_to_disk` wrote, and the hex sha256 over its Arrow files.

    Raises:
        InputError: when a part is missing or damaged.
    """
    digest = hashlib.sha256()
    tables = []
    try:
        state = json.loads((folder / STATE).read_text(encoding="utf-8"))
        info = folder / _INFO
        features = json.loads(info.read_text(encoding="utf-8")) if info.is_file() else {}
        for part in state["_data_files"]:
            data = (folder / Path(part["filename"]).name).read_bytes()
            digest.update(data)
            tables.append(_arrow_table(data))
        table = pa.concat_tables(tables)
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise _unreadable(name, "data set of save_to_disk", error) from error
    classes = _classes_in(features.get("features") if isinstance(features, dict) else None)
    return _content(table, classes, name), digest.hexdigest()


def _arrow_table(data: bytes) -> pa.Table:
    source = pa.BufferReader(data)
    try:
        return pa.ipc.open_file(source).read_all()
    except pa.ArrowInvalid:
        return pa.ipc.open_stream(pa.BufferReader(data)).read_all()


def _unreadable(name: str, form: str, error: Exception) -> InputError:
    reason = next(iter(str(error).splitlines()), "") or type(error).__name__
    what = f"cannot be read as {form}: {reason.rstrip('.')}"
    return InputError(Problem(what, where=name), next_step="write the file again")


def _class_names(metadata: Mapping[bytes, bytes] | None) -> dict[str, tuple[str, ...]]:
    """The classes that `datasets` leaves in the schema of a file."""
    try:
        said = json.loads((metadata or {})[b"huggingface"])
    except (KeyError, ValueError):
        return {}
    info = said.get("info") if isinstance(said, dict) else None
    return _classes_in(info.get("features") if isinstance(info, dict) else None)


def _classes_in(features: Any) -> dict[str, tuple[str, ...]]:
    found = features.items() if isinstance(features, dict) else ()
    return {
        column: tuple(map(str, feature["names"]))
        for column, feature in found
        if isinstance(feature, dict) and isinstance(feature.get("names"), list)
    }


def _content(table: pa.Table, class_names: Mapping[str, Sequence[str]], name: str) -> Content:
    columns: dict[str, list[Any]] = {}
    skipped = []
    for column in table.column_names:
        values = _values(table[column])
        if values is None:
            skipped.append(column)
        else:
            columns[column] = values
    notes: tuple[Note, ...] = ()
    if skipped:
        shown = ", ".join(skipped[:10])
        what = f"{name}: columns that hold neither text nor numbers were skipped: {shown}"
        notes = (Note("skipped", what),)
    return Content(
        columns=columns,
        lines=range(1, table.num_rows + 1),
        headed=True,
        counted=True,
        class_names={column: names for column, names in class_names.items() if column in columns},
        notes=notes,
    )


def _values(column: pa.ChunkedArray) -> list[Any] | None:
    """The cells as str, None, or lists of str; None for a type that no task reads."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _values(column.cast(kind.value_type))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind):
        return list(column.to_pylist())
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _lists(column)
    if pa.types.is_boolean(kind) or pa.types.is_temporal(kind) or pa.types.is_decimal(kind):
        return list(column.cast(pa.string()).to_pylist())
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return [_number(value) for value in column.to_pylist()]
    return None


def _lists(column: pa.ChunkedArray) -> list[Any] | None:
    inside = column.type.value_type
    if not (pa.types.is_string(inside) or pa.types.is_integer(inside)):
        return None
    return [None if cell is None else [str(v) for v in cell] for cell in column.to_pylist()]


def _number(value: Any) -> str | None:
    if value is None or math.isnan(value):  # NaN is pandas' word for a missing cell
        return None
    return str(int(value)) if float(value).is_integer() else str(value)
