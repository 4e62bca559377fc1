"""Exports of annotation tools -> plain columns: Label Studio and doccano.

Sources: Label Studio's "JSON" and "JSON_MIN" formats (labelstud.io/guide/export) and the JSON and
JSONL files of doccano 1.0 to 1.8 for text classification.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from luthier.kit.table import Content
from luthier.records import Note

_CHOICES = "choices"


def unfold_export(content: Content, name: str) -> Content:
    """The content with one row per annotation where it is such an export; else as it is.

    Label Studio: the texts under `data`, one column per choice (`label` where there is one), the
    annotator and the time. Tasks that were skipped by the annotator are left out and said.
    doccano: `annotations` as one row per annotator, its classes as a list in `label`.
    """
    columns = content.columns
    if _all(columns.get("data"), dict) and _all(columns.get("annotations"), list):
        return _label_studio(content, name)
    if _all(columns.get("annotations"), list) and "text" in columns:
        return _doccano(content, name)
    nested = [key for key, values in columns.items() if any(isinstance(v, dict) for v in values)]
    bare = {key: list(map(_bare_choice, columns[key])) for key in nested}
    return replace(content, columns={**columns, **bare})


def _all(values: Any, kind: type) -> bool:
    return bool(values) and all(isinstance(value, kind) for value in values)


def _bare_choice(value: Any) -> Any:
    """`{"choices": ["a", "b"]}`, as JSON_MIN writes a choice of several, is the list."""
    return value[_CHOICES] if isinstance(value, dict) and value.keys() == {_CHOICES} else value


class _Rows:
    """Columns that grow row by row, None where a row lacks one."""

    def __init__(self) -> None:
        self.columns: dict[str, list[Any]] = {}
        self.lines: array[int] = array("q")

    def add(self, line: int, cells: Mapping[str, Any]) -> None:
        for key in cells.keys() - self.columns.keys():
            self.columns[key] = [None] * len(self.lines)
        self.lines.append(line)
        for key, values in self.columns.items():
            values.append(cells.get(key))


def _label_studio(content: Content, name: str) -> Content:
    rows = _Rows()
    skipped = 0
    columns = content.columns
    controls = _controls(columns["annotations"])
    for at, data in enumerate(columns["data"]):
        task = {"id": columns["id"][at]} if "id" in columns else {}
        task |= {key: value for key, value in data.items() if isinstance(value, str)}
        given = [one for one in columns["annotations"][at] if isinstance(one, dict)]
        kept = [one for one in given if not one.get("was_cancelled")]
        skipped += len(given) - len(kept)
        if not kept and not given:
            rows.add(content.lines[at], task)
        for one in kept:
            rows.add(content.lines[at], task | _annotation(one, controls))
    notes = [Note("guessed", f"{name}: an export of Label Studio, one row per annotation")]
    if skipped:
        what = f"{name}: {skipped:,} annotations that the annotator skipped were left out"
        notes.append(Note("dropped", what))
    return replace(
        content, columns=_ordered(rows.columns), lines=rows.lines, notes=(*content.notes, *notes)
    )


def _controls(annotations: list[list[Any]]) -> list[str]:
    """Names of the choices that were asked for, in order of appearance."""
    names = (
        str(result.get("from_name"))
        for of_task in annotations
        for one in of_task
        for result in _results(one)
    )
    return list(dict.fromkeys(names))


def _results(annotation: Any) -> Iterator[dict[str, Any]]:
    results = annotation.get("result") if isinstance(annotation, dict) else None
    for result in results if isinstance(results, list) else ():
        value = result.get("value") if isinstance(result, dict) else None
        if isinstance(value, dict) and isinstance(value.get(_CHOICES), list):
            yield result


def _annotation(annotation: dict[str, Any], controls: list[str]) -> dict[str, Any]:
    cells: dict[str, Any] = {}
    for result in _results(annotation):
        own = str(result.get("from_name"))
        column = "label" if len(controls) == 1 else own
        cells[column] = [str(choice) for choice in result["value"][_CHOICES]]
    who = annotation.get("completed_by")
    if isinstance(who, dict):
        who = who.get("email") or who.get("id")
    if who is not None:
        cells["annotator"] = str(who)
    if isinstance(annotation.get("created_at"), str):
        cells["created_at"] = annotation["created_at"]
    return cells


def _doccano(content: Content, name: str) -> Content:
    rows = _Rows()
    columns = content.columns
    kept = [key for key in columns if key not in ("annotations", "annotation_approver")]
    for at, given in enumerate(columns["annotations"]):
        row = {key: columns[key][at] for key in kept}
        by_user: dict[str, list[str]] = {}
        for one in given:
            if isinstance(one, dict) and one.get("label") is not None:
                by_user.setdefault(str(one.get("user", "")), []).append(str(one["label"]))
        if not by_user:
            rows.add(content.lines[at], row)
        for user, labels in by_user.items():
            rows.add(
                content.lines[at], row | {"label": labels} | ({"annotator": user} if user else {})
            )
    note = Note("guessed", f"{name}: an export of doccano, one row per annotator")
    return replace(
        content, columns=_ordered(rows.columns), lines=rows.lines, notes=(*content.notes, note)
    )


def _ordered(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """The answer and who gave it stand behind what was asked."""
    last = ("label", "annotator", "created_at")
    return {key: columns[key] for key in sorted(columns, key=lambda key: key in last)}
