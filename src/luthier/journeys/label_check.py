"""Doubting the labels: second opinions, dossiers of pairs, relabel queue, cleaned copy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from luthier.errors import InputError, Problem
from luthier.journeys.copy_place import check_free, left_out_beside
from luthier.journeys.own_predictions import own_predictions, pooled_predictions
from luthier.kit.ceiling import ceilings
from luthier.kit.cleaned_copy import plan_changes, why_dropped
from luthier.kit.copy_forms import copy_text
from luthier.kit.copy_table import copy_table
from luthier.kit.pool_answers import joined
from luthier.kit.relabel_queue import queue_as_csv, relabel_queue
from luthier.records import (
    Evaluation,
    LabelOpinions,
    LabelPairs,
    Note,
    Predictions,
    RelabelRow,
    Rows,
    Task,
)
from luthier.run_folder import RunFolder, write_text
from luthier.tasks import get_task

OUT_OF_FOLD = "out_of_fold"
"""Name of the linear model's answers among the predictions of a run."""


def opinions_of(rows: Rows, task: Task) -> LabelOpinions | None:
    """What a linear model says to each labelled row that it did not learn from.

    None for a task without one label per row, and where there is nothing to learn from.
    """
    from luthier.evidence.out_of_fold import out_of_fold

    if "label" not in rows.columns or "text" not in rows.columns:
        return None
    names = task.label_names(rows)
    return out_of_fold(rows.ids, rows.columns["text"], task.targets(rows, names), names)


def pairs_of(rows: Rows, opinions: LabelOpinions) -> LabelPairs:
    """The dossiers of the confused labels."""
    from luthier.evidence.label_pairs import label_pairs

    return label_pairs(opinions, dict(zip(rows.ids.tolist(), rows.columns["text"], strict=True)))


def given_splits(rows: Rows) -> dict[int, str]:
    """Row id -> split, where the files say it."""
    named = zip(rows.ids.tolist(), rows.given_split, strict=True)
    return {row_id: split for row_id, split in named if split is not None}


# in a run -----------------------------------------------------------------------------------------


def save_opinions(run: RunFolder, rows: Rows, task: Task, *, resume: bool) -> tuple[Note, ...]:
    """Write `predictions/out_of_fold.parquet`, unless a resumed run has it already."""
    if resume and run.predictions_path(OUT_OF_FOLD).exists():
        return ()
    opinions = opinions_of(rows, task)
    if opinions is None:
        return ()
    run.save_predictions(OUT_OF_FOLD, opinions.linear)
    return opinions.notes


def read_opinions(run: RunFolder) -> LabelOpinions | None:
    """The opinions in a run: the linear model's, and the fine-tuned one's on rows held out.

    With folds those are all rows, else validation and test rows.
    """
    if not run.predictions_path(OUT_OF_FOLD).exists():
        return None
    linear = run.predictions(OUT_OF_FOLD)
    if not isinstance(linear, Predictions):
        return None
    if not all(run.predictions_path(s).exists() for s in ("validation", "test")):
        return LabelOpinions(linear)
    test, folds = own_predictions(run, "test"), pooled_predictions(run)
    told = joined([folds, test]) if folds is not None else None
    return LabelOpinions(linear, told or joined([own_predictions(run, "validation"), test]))


def with_ceilings(evaluation: Evaluation, run: RunFolder, rows: Rows) -> Evaluation:
    """The figures with the best that the labels of validation and test rows allow beside them."""
    if "label" not in rows.columns or "text" not in rows.columns:
        return evaluation
    opinions = read_opinions(run)
    splits = dict(evaluation.splits)
    for split in ("validation", "test"):
        if split in splits:
            row_ids = run.splits.ids_of(split)
            bounds = ceilings(rows, row_ids, opinions)
            splits[split] = replace(splits[split], ceiling=bounds)
    return replace(evaluation, splits=splits)


def save_label_work(run: RunFolder, rows: Rows) -> None:
    """Write `label_pairs.json` and `relabel.csv` anew from the opinions in the run."""
    opinions = read_opinions(run)
    if opinions is None:
        return
    pairs = pairs_of(rows, opinions)
    run.save_label_pairs(pairs)
    splits: dict[int, str] = {}
    if (run.path / "splits.parquet").exists():
        splits = dict(zip(run.splits.row_ids.tolist(), run.splits.names, strict=True))
    write_text(run.relabel_path, queue_as_csv(relabel_queue(rows, opinions, splits, pairs)))


# of a file ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Doubts:
    """What is doubted about the labels of a file."""

    opinions: LabelOpinions
    pairs: LabelPairs
    queue: tuple[RelabelRow, ...]


def doubts_of(rows: Rows) -> Doubts | None:
    """Second opinions on the labels of a file; None where there are none to have."""
    opinions = opinions_of(rows, get_task("text_classification"))
    if opinions is None:
        return None
    pairs = pairs_of(rows, opinions)
    return Doubts(opinions, pairs, relabel_queue(rows, opinions, given_splits(rows), pairs))


@dataclass(frozen=True, slots=True)
class Fixed:
    """A cleaned copy that was written.

    Args:
        path: the copy.
        deeds: what was done -> number of rows.
        notes: what a person should know.
    """

    path: Path
    deeds: dict[str, int]
    notes: tuple[Note, ...]


def check_copy(out: Path, rows: Rows, endings: Sequence[str], *, force: bool) -> None:
    """Whether something about these rows may be written there.

    Args:
        out: the file that is to be written.
        rows: the rows.
        endings: what its name may end with.
        force: whether a file that is there may be replaced.

    Raises:
        InputError: when the file may not be written.
        MachineError: when no file can be written in its folder.
    """
    given = [rows.source.path, *(file.path for file in rows.source.files)]
    check_free(out, [Path(path) for path in given], endings, force=force)


def check_doubted(rows: Rows) -> None:
    """Whether a model can doubt the labels of these rows.

    Raises:
        InputError: when they have several labels each, or numbers.
    """
    if "label" not in rows.columns:
        what = "a model doubts labels only where each row has one, so there is no relabel queue"
        raise InputError(
            Problem(what, rows.source.path),
            next_step="leave out --relabel; --fix writes a cleaned copy of such rows too",
        )


def write_cleaned_copy(rows: Rows, opinions: LabelOpinions | None, out: Path) -> Fixed:
    """Write the rows with what becomes of them, in the form that the name says.

    The copy holds the rows that stay, with the columns of the file and what was done; those left
    out stand beside it in `<name>.left_out.csv` (or .tsv, .jsonl) with the reason of each.
    """
    changes, notes = plan_changes(rows, opinions)
    lacking = why_dropped(rows.dropped) if rows.dropped is not None else ()
    table = copy_table(rows, changes, lacking)
    for path, lines in ((out, table.kept), (left_out_beside(out), table.left_out)):
        write_text(path, copy_text(table.head, lines, path.suffix.lower(), table.texts))
    return Fixed(out, dict(Counter(change.deed for change in (*changes, *lacking))), notes)
