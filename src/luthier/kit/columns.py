"""Which column of a file holds what: by settings, by known names, or by what stands in it."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from luthier.errors import Problem, did_you_mean
from luthier.kit.table import Table, with_header
from luthier.records import Column, Note
from luthier.settings import DataSettings

_BY_POSITION = re.compile(r"column \d+")
SHOWN = 6
"""Columns of a table without header that a message shows."""

EXTRAS = {
    "text_pair": "data.text_pair_column",
    "id": "data.id_column",
    "group": "data.group_column",
    "annotator": "data.annotator_column",
    "time": "data.time_column",
}
"""Columns that any task may have besides its own, and the setting that names each."""
_PAIRS = (
    *(("sentence1", "sentence2"), ("sentence_1", "sentence_2"), ("sentence_a", "sentence_b")),
    *(("text1", "text2"), ("text_1", "text_2"), ("text_a", "text_b"), ("premise", "hypothesis")),
    *(("question1", "question2"), ("query1", "query2"), ("句子1", "句子2"), ("文本1", "文本2")),
)
_ANNOTATORS = ("annotator", "annotator_id", "rater", "rater_id", "标注员", "標註員", "标注人")
_GROUPS = (
    *("group", "group_id", "user_id", "customer_id", "session_id", "conversation_id", "doc_id"),
    *("document_id", "author", "speaker", "thread_id", "用户id", "會話id", "会话id", "客户id"),
)


def wanted_names(columns: Sequence[Column], data: DataSettings) -> dict[str, str]:
    """Canonical name -> column name that the settings give, for those they give."""
    settings = {column.name: column.setting for column in columns} | EXTRAS
    fields = {name: setting.rpartition(".")[2] for name, setting in settings.items()}
    named = {name: getattr(data, field, None) for name, field in fields.items()}
    return {name: str(value).strip() for name, value in named.items() if value}


def settle_header(
    table: Table, columns: Sequence[Column], wanted: Mapping[str, str], *, headless: bool
) -> tuple[Table, tuple[Note, ...]]:
    """Take the first row as header where it is one.

    It is one when a cell is a known or a wanted column name that does not come again below it, and
    also when it is unlike the rows below (no cell of it comes again): its names are just unknown.

    Args:
        table: as read; a table that is headed already is returned as it is.
        columns: the task's.
        wanted: see `wanted_names`.
        headless: whether an earlier file of the same data had no header.
    """
    if table.headed:
        return table, ()
    known = {alias for column in columns for alias in column.aliases} | {c.name for c in columns}
    asked = {name.casefold() for name in wanted.values()}
    known |= asked | {name for pair in _PAIRS for name in pair}
    cells = [str(cell).strip().casefold() for cell in table.first_row()]
    comes_again = [column.count(column[0]) > 1 for column in table.columns.values()]
    if any(cell in known and not again for cell, again in zip(cells, comes_again, strict=True)):
        return with_header(table), ()
    by_position = bool(asked) and all(_BY_POSITION.fullmatch(name) for name in asked)
    one_text_per_line = len(cells) == 1 and table.format == "txt"
    if headless or by_position or one_text_per_line or any(comes_again) or len(table) == 1:
        first = ", ".join(repr(_short(cell)) for cell in table.first_row()[:4])
        return table, (Note("guessed", f"{table.name}: no header; the first row is {first}"),)
    return with_header(table), ()


def choose_columns(
    table: Table,
    columns: Sequence[Column],
    wanted: Mapping[str, str],
    earlier: Mapping[str, str],
    *,
    targets_required: bool,
) -> tuple[dict[str, str], tuple[Note, ...], list[Problem]]:
    """Canonical name -> column of this table, what was guessed, and what is wrong.

    Args:
        table: after `settle_header`.
        columns: the task's.
        wanted: see `wanted_names`.
        earlier: the choice made for the training file; kept where this file has the same columns.
        targets_required: whether the columns to learn must be there.
    """
    chosen: dict[str, str] = {}
    notes: list[Note] = []
    problems: list[Problem] = []
    missing: list[Column] = []
    by_content = {} if table.headed else _by_content(table, columns)
    for column in columns:
        needed = targets_required or not column.target
        asked = wanted.get(column.name)
        if asked and (asked in table.columns or needed):
            if asked in table.columns:
                chosen[column.name] = asked
            else:
                problems.append(_wrong_name(table, column.setting, asked))
            continue
        if column.name == "text" and (pair := _pair(table)) and not by_content:
            chosen |= pair
            notes.append(Note("guessed", f"{table.name}: read as pairs of {_both(pair)}"))
            continue
        name, note = _by_name(table, column, earlier.get(column.name), by_content)
        if name:
            chosen[column.name] = name
        elif needed:
            missing.append(column)
        notes.extend(note)
    problems += [_no_column(table, column, chosen.values()) for column in missing]
    problems += _extras(table, wanted, earlier, chosen, targets_required=targets_required)
    notes += _remarks(table, chosen) if table.headed and not earlier else []
    return chosen, tuple(notes), [*problems, *_taken_twice(table, chosen)]


def _taken_twice(table: Table, chosen: Mapping[str, str]) -> Iterator[Problem]:
    """Columns that would be two things at once; an id may be anything besides."""
    for name, source in chosen.items():
        others = [
            other for other in chosen if chosen[other] == source and other < name != "id" != other
        ]
        if others:
            what = f"column {source!r} cannot be both {others[0]} and {name}"
            yield Problem(what, where=table.name)


def _pair(table: Table) -> dict[str, str]:
    """The two columns of a table of text pairs, by their names; none where one is `text`."""
    folded = {name.strip().casefold(): name for name in reversed(table.columns)}
    if "text" in folded or not table.headed:
        return {}
    for one, other in _PAIRS:
        if one in folded and other in folded:
            return {"text": folded[one], "text_pair": folded[other]}
    return {}


def _both(pair: Mapping[str, str]) -> str:
    return f"{pair['text']!r} and {pair['text_pair']!r}"


def _extras(
    table: Table,
    wanted: Mapping[str, str],
    earlier: Mapping[str, str],
    chosen: dict[str, str],
    *,
    targets_required: bool,
) -> list[Problem]:
    """Add the columns that any task may have; a file to predict may lack all but the second text.

    An annotator is also recognised by the column's name: it changes nothing in training.
    """
    problems = []
    for name, setting in EXTRAS.items():
        source = wanted.get(name) or earlier.get(name)
        if source is None and name == "annotator":
            folded = {column.strip().casefold(): column for column in table.columns}
            source = next((folded[known] for known in _ANNOTATORS if known in folded), None)
        if source is None or name in chosen:
            continue
        if source in table.columns:
            chosen[name] = source
        elif name in wanted and (targets_required or name == "text_pair"):
            problems.append(_wrong_name(table, setting, source))
    return problems


def _remarks(table: Table, chosen: Mapping[str, str]) -> list[Note]:
    """What was recognised by its name, and what might be of use."""
    notes = []
    if chosen.get("annotator", "").strip().casefold() in _ANNOTATORS:
        what = f"{table.name}: column {chosen['annotator']!r} says who gave the label"
        notes.append(Note("guessed", what))
    free = [name for name in table.columns if name not in chosen.values()]
    groups = [name for name in free if name.strip().casefold() in _GROUPS]
    if groups and "group" not in chosen:
        what = f"{table.name}: column {groups[0]!r} was not used; to keep its rows together in one"
        notes.append(Note("skipped", f"{what} split: --group-column {groups[0]}"))
    return notes


def _by_name(
    table: Table, column: Column, earlier: str | None, by_content: Mapping[str, str]
) -> tuple[str, list[Note]]:
    if earlier in table.columns:
        return str(earlier), []
    if column.name in by_content:
        name = by_content[column.name]
        return name, [
            Note("guessed", f"{table.name}: {column.name} is {name}, by what stands in it")
        ]
    if not table.headed:
        return "", []
    folded = {name.strip().casefold(): name for name in reversed(table.columns)}
    matches = [folded[alias] for alias in (column.name, *column.aliases) if alias in folded]
    matches = list(dict.fromkeys(matches))
    if not matches:
        return "", []
    notes = []
    if matches[0] != column.name:
        notes.append(Note("guessed", f"{table.name}: {column.name} is column {matches[0]!r}"))
    if len(matches) > 1:
        others = ", ".join(matches[1:])
        what = f"{table.name}: {column.name} could also be {others}; {column.setting} decides"
        notes.append(Note("guessed", what))
    return matches[0], notes


def _by_content(table: Table, columns: Sequence[Column]) -> dict[str, str]:
    """In a table without header: one column is the text; of two, the label has far fewer values.

    Of three and more, the longest is the text, if just one of the others has far fewer values.
    """
    inputs = [column.name for column in columns if not column.target]
    targets = [column.name for column in columns if column.target]
    names = list(table.columns)
    if len(inputs) == 1 and len(names) == 1:
        return {inputs[0]: names[0]}
    if len(inputs) != 1 or len(targets) != 1 or len(names) < 2:
        return {}
    different = {name: len(set(table.columns[name])) for name in names}
    if len(names) == 2:
        many = max(reversed(names), key=lambda name: different[name])
    else:
        many = max(names, key=lambda name: sum(map(len, map(str, table.columns[name]))))
    few = [name for name in names if name != many and 1 < different[name] <= different[many] // 2]
    return {inputs[0]: many, targets[0]: few[0]} if len(few) == 1 else {}


def _no_column(table: Table, column: Column, taken: Collection[str]) -> Problem:
    names = list(table.columns)
    folded = {name.strip().casefold(): name for name in names}
    near = [
        folded[close]
        for alias in (column.name, *column.aliases)
        for close in difflib.get_close_matches(alias, list(folded), n=1, cutoff=0.75)
    ]
    shown = ", ".join(repr(_short(name)) for name in names[:12])
    if table.headed:
        what = f"no column for the {column.name} among {shown}"
    else:
        what = f"no header, and unclear which of {len(names)} columns is the {column.name}"
    where = f"{table.name}:1" if table.format in ("csv", "tsv", "txt") else table.name
    left = [name for name in names if name not in taken]
    candidate = near[0] if near else left[0] if len(left) == 1 else "NAME"
    if not table.headed:
        shown = "; ".join(f"{name}: {_short(values[0])!r}" for name, values in _some(table))
        what = f"{what} ({shown})"
        candidate = "'column N'" if candidate == "NAME" else repr(candidate)
    elif " " in candidate:
        candidate = repr(candidate)
    flag = f"--{column.setting} {candidate}"
    if table.format == "txt" and len(names) == 1:
        return Problem(
            f"no tab in this file, so no column for the {column.name}",
            where=where,
            hint="a .txt file holds text<TAB>label on each line, or save it as .csv with a header",
        )
    return Problem(what, where=where, hint=f"say which: {flag}")


def _some(table: Table) -> Iterator[tuple[str, list[Any]]]:
    """The first columns, for a message."""
    return itertools.islice(table.columns.items(), SHOWN)


def _wrong_name(table: Table, setting: str, asked: str) -> Problem:
    names = list(table.columns)
    near = did_you_mean(asked, names)
    listed = f"the columns are {', '.join(_short(name) for name in names[:12])}"
    return Problem(
        f"there is no column {asked!r} ({setting})",
        where=table.name,
        hint=f"{near} {listed}" if near else listed,
    )


def _short(text: object) -> str:
    line = str(text).replace("\n", " ")
    return line if len(line) <= 30 else line[:29] + "…"
