"""k-fold: the same training once per fold, and one judgement over the answers of all.

Each fold is a run of its own in `folds/fold_<i>`, made by the same verbs with the settings that
the run decided; its splits are those of the fold, so its `test` rows are the ones it judges. The
locked test rows take no part. A fold that is judged is not done again, and keeps no weights.
"""

from __future__ import annotations

import shlex
import shutil
from types import MappingProxyType

import numpy as np

from luthier.errors import Problem, RunFolderError
from luthier.journeys.judging import judge_run, rivals_of
from luthier.journeys.plan import Plan
from luthier.journeys.planning import write_decided
from luthier.journeys.pooling import is_pooled, pool_folds
from luthier.journeys.run import Run
from luthier.journeys.run_settings import is_decided
from luthier.journeys.summaries import score_in_words
from luthier.journeys.walk import Walk
from luthier.records import (
    Folds,
    Listener,
    Note,
    Progress,
    Rows,
    Splits,
    StageSaid,
    TrainingSaid,
)
from luthier.settings_file import Origin, Resolved


def deal_folds(walk: Walk, rows: Rows, splits: Splits) -> None:
    """Write `folds.parquet`, where folds are asked for.

    Raises:
        InputError: when the rows cannot fill them.
    """
    from luthier.stages.fold import fold

    settings = walk.resolved.settings.split
    if not settings.folds:
        return
    reused = walk.resume and (walk.run.path / "folds.parquet").exists()
    with walk.stage("fold", reused=reused):
        if reused:
            folds = walk.run.folds
        else:
            folds = fold(rows, splits, settings, walk.run.audit.alike_clusters)
            walk.run.save_folds(folds)
        walk.say("fold", folds.notes)
        walk.summary = f"{int((folds.fold > 0).sum()):,} rows in {len(folds)} folds"


def judge_folds(walk: Walk, rows: Rows, plan: Plan) -> None:
    """Train and judge every fold that is not judged yet, then pool: `folds.json`.

    When the training of the run was ended early by a person, no fold is begun.
    """
    if not walk.resolved.settings.split.folds:
        return
    folds = walk.run.folds
    for number in range(1, len(folds) + 1):
        if walk.should_stop():
            again = f"luthier workup --resume --run-dir {shlex.quote(str(walk.run.path))}"
            what = f"stopped before fold {number} of {len(folds)}; go on with: {again}"
            walk.say("fold", (Note("skipped", what),))
            return
        _judge_fold(walk, rows, plan, folds, number)
    reused = walk.resume and is_pooled(walk.run)
    with walk.stage("pool", reused=reused):
        if not reused:
            pool_folds(walk.run, walk.task, rows, walk.resolved.settings)
        evaluation = walk.run.folds_evaluation
        walk.say("pool", tuple(Note("chosen", note) for note in evaluation.notes))
        walk.summary = score_in_words(evaluation.pooled, "the pooled rows")


def _judge_fold(walk: Walk, rows: Rows, plan: Plan, folds: Folds, number: int) -> None:
    run, splits = Run(walk.run.fold(number).path), folds.splits_of(number)
    name = f"fold {number} of {len(folds)}"
    done = (run.path / "metrics.json").exists()
    with walk.stage(name, reused=done):
        _check_same_rows(run, splits)
        if not done:
            inner = _begin(walk, run, rows, plan, splits, name)
            own = inner.plan(rows, splits)
            inner.train(own)
            rivals = rivals_of(inner.engine, rows, own)
            for rival, by_split in rivals.predictions.items():
                run.save_predictions(f"test_floor_{rival}", by_split["test"])
            judge_run(run, inner.task, inner.engine, rows, own, rivals)
        for weights in (run.checkpoints, run.model):
            shutil.rmtree(weights, ignore_errors=True)
        walk.summary = score_in_words(run.evaluation.splits["test"], "its own test rows")


def _begin(walk: Walk, run: Run, rows: Rows, plan: Plan, splits: Splits, name: str) -> Walk:
    """A walk through the run of a fold, whose settings are decided already."""
    resolved = _without_folds(walk.resolved, name)
    if not is_decided(run):
        run.path.mkdir(parents=True, exist_ok=True)
        run.save_splits(splits)
        run.save_source(rows.source)
        write_decided(run, resolved, plan.model_source, walk.run.environment["command"])
    return Walk(run, resolved, _only_training(walk.listen), lambda: False, resume=True)


def _without_folds(resolved: Resolved, name: str) -> Resolved:
    settings = resolved.settings
    split = settings.split.model_copy(update={"folds": 0})
    origins = {**resolved.origins, "split.folds": Origin("recipe", f"this is {name}")}
    return Resolved(settings.model_copy(update={"split": split}), MappingProxyType(origins))


def _only_training(listen: Listener) -> Listener:
    """What a fold says: how training goes, and warnings; the rest was said by the run itself."""

    def tell(progress: Progress) -> None:
        match progress:
            case TrainingSaid() | StageSaid(_, Note("warning")):
                listen(progress)
            case _:
                pass

    return tell


def _check_same_rows(run: Run, splits: Splits) -> None:
    """Refuse a fold that was made for other rows.

    Raises:
        RunFolderError: when it was.
    """
    if not (run.settings_path.exists() and (run.path / "splits.parquet").exists()):
        return  # not begun, or killed while it was: its beginning is written anew
    found = run.splits
    if found.names != splits.names or not np.array_equal(found.row_ids, splits.row_ids):
        raise RunFolderError(
            Problem("was made for other rows than folds.parquet says", where=str(run.path)),
            next_step=f"rm -r {shlex.quote(str(run.path))}, then resume the run",
        )
