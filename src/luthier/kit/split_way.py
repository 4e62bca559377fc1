"""What decides on which side a row goes, in words and as an error where it cannot decide."""

from __future__ import annotations

from collections.abc import Sequence

from luthier.errors import InputError, Problem
from luthier.kit.near_duplicates import alike_texts
from luthier.records import Note, Rows
from luthier.settings import SplitSettings

METHODS = {"given": "given", "random": "stratified", "group": "grouped", "time": "time"}
"""Way to split -> how the record of a split calls it."""


def way_to_split(rows: Rows, settings: SplitSettings) -> str:
    """`random`, `group` or `time`, as the settings and the columns say.

    Raises:
        InputError: when a column that it needs is not there, or a row has no time.
    """
    by = settings.split_by
    if by == "auto":
        return "group" if "group" in rows.columns else "random"
    if by in ("group", "time") and by not in rows.columns:
        raise InputError(
            Problem(f"split.split_by is {by}, but no column holds the {by}", rows.source.path),
            next_step=f"name it: --{by}-column COLUMN",
        )
    if by == "time":
        empty = [p for p, time in enumerate(rows.columns["time"]) if not time]
        if empty:
            raise InputError(
                [Problem("this row has no time to split by", rows.locations[p]) for p in empty],
                next_step="fill them in, or let chance decide: --split-by random",
            )
    return by


def stratified_by(rows: Rows) -> str:
    """How the rows are shared out fairly, in the words of a note (`split_units.strata_of`)."""
    ways = {
        "label": "stratified by label",
        "labels": "stratified by the rarest label of each row",
        "number": "stratified by the tenths of the number",
    }
    return next((way for column, way in ways.items() if column in rows.columns), "at random")


def without_group(rows: Rows, pool: Sequence[int]) -> list[Note]:
    """That rows at these positions have no group, where others have one."""
    empty = sum(not rows.columns["group"][p] for p in pool)
    if not empty:
        return []
    return [Note("chosen", f"rows without a group, each a group of its own: {empty:,}")]


def too_few(rows: Rows, by: str, *what: str) -> InputError:
    """An error for rows that cannot be shared out, with what helps against it."""
    helps = "label more rows, or give files for every split"
    if by in ("group", "time"):
        helps = f"let chance decide instead of the {by}: --split-by random; or {helps}"
    return InputError([Problem(one, where=rows.source.path) for one in what], next_step=helps)


def clusters_by_position(
    rows: Rows, near_duplicates: float, alike: Sequence[Sequence[int]] | None
) -> Sequence[Sequence[int]]:
    """Clusters of alike texts by row position.

    Args:
        rows: all rows.
        near_duplicates: from which likeness texts are alike.
        alike: clusters of row ids, as the audit found them; looked for here when None.
    """
    if alike is None:
        return alike_texts(rows.columns.get("text", ()), near_duplicates).clusters
    at = {row_id: p for p, row_id in enumerate(rows.ids.tolist())} if alike else {}
    return [[at[row_id] for row_id in cluster] for cluster in alike]
