"""The answers of all folds together: figures with intervals, and how the folds differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from luthier.journeys.label_check import read_opinions
from luthier.kit.ceiling import ceilings
from luthier.kit.folds import from_to
from luthier.kit.pool_answers import pooled
from luthier.ledger import Looks
from luthier.records import FoldFigures, FoldsEvaluation, Predictions, Rows, Spread, Task
from luthier.records.folds import POOLED
from luthier.run_folder import RunFolder
from luthier.settings import Settings

ABOUT_INTERVALS = (
    "the intervals are of the rows that were drawn; how the model itself changes with the rows it "
    "learns from shows in the spread over the folds"
)
"""No unbiased estimate of both at once exists: Bengio & Grandvalet (2004), JMLR 5, 1089-1105."""

ABOUT_RANKS = (
    "roc_auc ranks probabilities that different models gave; its mean over the folds stands in the "
    "spread"
)
"""Forman & Scholz (2010), Apples-to-apples in cross-validation studies, SIGKDD Explorations 12(1):
counts are pooled without bias, as here for F1; an AUC is better averaged over the folds."""


def is_pooled(run: RunFolder) -> bool:
    """Whether `folds.json` is there and of the folds as they are judged now."""
    if not (run.path / "folds.json").exists() or not run.predictions_path(POOLED).exists():
        return False
    judged = [run.fold(one.fold).evaluation.splits["test"] for one in run.folds_evaluation.each]
    known = [one.model_digest for one in run.folds_evaluation.each]
    return [one.model_digest for one in judged] == known


def pool_folds(run: RunFolder, task: Task, rows: Rows, settings: Settings) -> None:
    """Judge the pooled answers of the folds of a run; writes them and `folds.json`.

    Raises:
        RunFolderError: when a fold is not judged, or cannot be read.
    """
    from luthier.stages.evaluate import evaluate

    folds = run.folds
    parts = [run.fold(number) for number in range(1, len(folds) + 1)]
    answers = pooled([part.answers("test") for part in parts])
    rivals = {
        name: {POOLED: pooled([part.answers(f"test_floor_{name}") for part in parts])}
        for name in _rivals_of(parts)
    }
    metric = settings.train.metric_for_best_model
    found = evaluate(task, {POOLED: answers}, rivals, settings.evaluate, metric)
    run.save_predictions(POOLED, answers)
    judged = found.splits[POOLED]
    if isinstance(answers, Predictions):
        judged = replace(judged, ceiling=ceilings(rows, answers.row_ids, read_opinions(run)))
    each = tuple(_figures_of(number, part) for number, part in enumerate(parts, start=1))
    notes = [*found.notes, _smaller(run, each), ABOUT_INTERVALS]
    if "roc_auc" in judged.figures:
        notes.append(ABOUT_RANKS)
    evaluation = FoldsEvaluation(judged, each, _spread(each), _looks(parts), tuple(notes))
    for name, by_split in rivals.items():
        run.save_predictions(f"{POOLED}_floor_{name}", by_split[POOLED])
    run.save_folds_evaluation(evaluation)  # last: its presence says that pooling is complete


def _rivals_of(parts: Sequence[RunFolder]) -> list[str]:
    """Names of the simple rivals that every fold has."""
    prefix = "test_floor_"
    names = [
        {path.stem.removeprefix(prefix) for path in (part.path / "predictions").glob(f"{prefix}*")}
        for part in parts
    ]
    first = [name for name in parts[0].evaluation.splits["test"].floor if name in names[0]]
    return [name for name in first if all(name in own for own in names)]


def _figures_of(number: int, part: RunFolder) -> FoldFigures:
    judged, counts = part.evaluation.splits["test"], part.splits.counts()
    return FoldFigures(
        number, judged.n, counts["train"], counts["validation"], judged.figures, judged.model_digest
    )


def _spread(each: Sequence[FoldFigures]) -> dict[str, Spread]:
    names = [name for name in each[0].figures if all(name in one.figures for one in each)]
    values = {name: np.array([one.figures[name].value for one in each]) for name in names}
    return {
        name: Spread(float(own.mean()), float(own.std(ddof=1)), float(own.min()), float(own.max()))
        for name, own in values.items()
    }


def _looks(parts: Sequence[RunFolder]) -> int | None:
    counts = [part.read("test_set_looks.json", Looks).count for part in parts]
    known = [count for count in counts if count is not None]
    return max(known) if len(known) == len(counts) else None


def _smaller(run: RunFolder, each: Sequence[FoldFigures]) -> str:
    learned = [one.train_rows for one in each]
    return (
        f"each of these models learned from {from_to(learned)} rows, the one that ships from "
        f"{run.splits.counts()['train']:,}"
    )
