"""The teacher of a training: a linear model's opinion on rows that it did not learn from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from luthier.journeys.plan import Plan
from luthier.journeys.run import Run
from luthier.records import (
    LabelOpinions,
    Note,
    Predictions,
    Rows,
    Splits,
    Task,
    TeacherOpinions,
)

TEACHER = "teacher"
"""Name of the opinions among the predictions of a run."""


def with_teacher(
    plan: Plan, run: Run, task: Task, rows: Rows, splits: Splits
) -> tuple[Plan, tuple[Note, ...]]:
    """The plan with the opinions of `train.teacher` on the training rows, and what is to be said.

    Only training rows are read: the doubts of `audit` come from all rows, the test rows among
    them, and may not be learned from. The opinions are kept in the run and read on resume.

    Args:
        plan: with resolved settings.
        run: keeps `predictions/teacher.parquet`.
        task: says the targets.
        rows: all rows of the splits.
        splits: which of them are training rows.
    """
    train = plan.settings.train
    if train.teacher == "none" or "label" not in rows.columns or "text" not in rows.columns:
        return plan, ()
    if run.predictions_path(TEACHER).exists():
        said: Predictions = run.predictions(TEACHER)
        notes: tuple[Note, ...] = ()
    else:
        asked = _asked(plan, task, rows, splits)
        if asked is None:
            what = "too few rows for a teacher: the labels are learned as they are"
            return plan, (Note("skipped", what),)
        said, notes = asked.linear, asked.notes
        run.save_predictions(TEACHER, said)
    ids = plan.learned.row_ids
    of_its_row = np.where(ids < 0, -1 - ids, ids)  # a changed copy is taught what its row is
    opinions = TeacherOpinions.about(of_its_row, said, train.teacher_alpha)
    right = float((said.predicted == said.labels).mean())
    message = (
        f"{train.teacher_alpha:.0%} of what a training row is taught is the opinion of a linear "
        f"model that did not learn from it, right on {right:.0%} of {len(said.labels):,} rows"
    )
    return replace(plan, teacher=opinions), (*notes, Note("chosen", message))


def _asked(plan: Plan, task: Task, rows: Rows, splits: Splits) -> LabelOpinions | None:
    """The linear model's answers; None where there are too few rows to ask any."""
    from luthier.evidence.out_of_fold import out_of_fold

    own = rows.only(splits.ids_of("train"))
    targets = np.asarray(task.targets(own, plan.label_names))
    return out_of_fold(
        own.ids, own.columns["text"], targets, plan.label_names, plan.settings.train.seed
    )
