"""Compare: which of several runs is better on the same rows, what was changed, what flipped."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import yaml

from luthier.errors import InputError, Problem
from luthier.kit import label_counts
from luthier.kit.intervals import paired_difference
from luthier.records import Figure, LabelSetPredictions, Predictions
from luthier.records.comparison import (
    ComparedRun,
    CompareVerdict,
    Comparison,
    FlippedRow,
    RunDifference,
)
from luthier.records.folds import POOLED
from luthier.run_folder import RunFolder

VALIDATION = "validation"
"""Runs are compared to choose one, and a choice is made on validation rows, or on folds."""
MARGIN = 0.005
"""Non-inferior: at most half a point worse, by the lower end of the interval."""
STATISTICS = {"macro_f1": label_counts.macro_f1, "accuracy": label_counts.accuracy}
SHOWN_FIGURES = ("macro_f1", "accuracy")
_NEVER_ALIKE = ("data.path",)


def compare(runs: Sequence[RunFolder]) -> Comparison:
    """Compare runs that were judged on the same rows; the first one is the measure.

    Where every run has judged its folds, the pooled answers are compared, else those to the
    validation rows.

    Raises:
        InputError: when there are fewer than two, when one is given twice, or when their rows,
            labels or tasks are not the same.
        RunFolderError: when a folder is no run, or was not judged.
    """
    if len(runs) < 2:
        raise InputError(
            "compare needs two runs or more", next_step="luthier compare runs/one runs/other"
        )
    _require_other_folders(runs)
    for run in runs:
        run.require("metrics.json")
    split = POOLED if all(map(_has_folds, runs)) else VALIDATION
    answers = [_in_order(one) for one in _answers(runs, split)]
    _require_same_rows(runs, answers, split)
    return Comparison(
        split=split,
        n=len(answers[0]),
        runs=tuple(_summary(run, runs) for run in runs),
        differences=tuple(_differences(answers)),
        settings=_changed_settings(runs),
        flipped=tuple(_flipped(answers)),
        notes=tuple(_notes(runs, split)),
    )


def _require_other_folders(runs: Sequence[RunFolder]) -> None:
    folders = [run.path.resolve() for run in runs]
    twice = [run for at, run in enumerate(runs) if folders[at] in folders[:at]]
    if twice:
        raise InputError(
            [Problem("this run is given twice", where=str(run.path)) for run in twice],
            next_step="luthier compare runs/one runs/other",
        )


def _has_folds(run: RunFolder) -> bool:
    return (run.path / "folds.json").exists()


def _answers(runs: Sequence[RunFolder], split: str) -> list[Predictions]:
    """The answers of each run to the rows that are compared.

    Raises:
        InputError: when a run answers otherwise than with one label per row.
    """
    found: list[Predictions] = []
    problems = []
    for run in runs:
        answers = run.answers(split)
        if isinstance(answers, Predictions):
            found.append(answers)
        else:
            several = isinstance(answers, LabelSetPredictions)
            what = "it answers with any number of labels" if several else "it answers with numbers"
            problems.append(Problem(what, where=str(run.path)))
    if problems:
        raise InputError(
            problems,
            next_step="compare runs that answer each row with one label; of others, "
            "lay the figures in their reports side by side",
        )
    return found


def _notes(runs: Sequence[RunFolder], split: str) -> Iterator[str]:
    first = runs[0]
    if split == POOLED:
        yield (
            "each row is answered once in every run, by a model that did not learn from it; the "
            "intervals are of the rows drawn, not of models that learn from other rows"
        )
        dealt = [_fold_of(run) for run in runs]
        for run, own in zip(runs[1:], dealt[1:], strict=True):
            if own != dealt[0]:
                yield (
                    f"{run.path}: its rows are dealt into other folds than in {first.path}; a part "
                    "of the difference may come from what its models learned from"
                )
    without = [str(run.path) for run in runs if not _has_folds(run)]
    if 0 < len(without) < len(runs):
        yield f"validation rows are compared, as no folds are judged in: {', '.join(without)}"
    for run in runs[1:]:
        if _digests(run) != _digests(first):
            yield (
                f"{run.path}: its data file is not that of {first.path}; rows are paired by their "
                "number and their label"
            )


def _fold_of(run: RunFolder) -> dict[int, int]:
    folds = run.folds
    return dict(zip(folds.row_ids.tolist(), folds.fold.tolist(), strict=True))


def _digests(run: RunFolder) -> list[str]:
    return [file.sha256 for file in run.source.files]


def _in_order(answers: Predictions) -> Predictions:
    """Rows by id and labels by name, so that runs that name them in another order agree."""
    rows = np.argsort(answers.row_ids)
    names = sorted(answers.label_names)
    place = np.array([names.index(name) for name in answers.label_names] + [-1])
    columns = [answers.label_names.index(name) for name in names]
    return Predictions(
        answers.row_ids[rows],
        place[answers.labels[rows]],
        place[answers.predicted[rows]],
        answers.probabilities[rows][:, columns],
        answers.loss[rows],
        tuple(names),
        answers.model_digest,
    )


def _require_same_rows(
    runs: Sequence[RunFolder], answers: Sequence[Predictions], split: str
) -> None:
    first, at = answers[0], runs[0].path
    rows = "the rows that its folds judge" if split == POOLED else "its validation rows"
    problems = []
    for run, other in zip(runs[1:], answers[1:], strict=True):
        if other.label_names != first.label_names:
            what = f"its labels are not those of {at}"
        elif not np.array_equal(other.row_ids, first.row_ids):
            here = len(np.setdiff1d(other.row_ids, first.row_ids))
            there = len(np.setdiff1d(first.row_ids, other.row_ids))
            what = f"{rows} are not those of {at} (only here: {here:,}, only there: {there:,})"
        elif not np.array_equal(other.labels, first.labels):
            changed = int((other.labels != first.labels).sum())
            what = f"{rows} have other labels than in {at} (rows: {changed:,})"
        else:
            continue
        problems.append(Problem(what, where=str(run.path)))
    if problems:
        raise InputError(
            problems,
            next_step="compare runs that were made from the same file with the same split.seed",
        )


def _summary(run: RunFolder, runs: Sequence[RunFolder]) -> ComparedRun:
    judged = dict(run.evaluation.splits)
    if _has_folds(run):
        judged[POOLED] = run.folds_evaluation.pooled
    figures = {
        split: {name: judged[split].figures[name] for name in SHOWN_FIGURES
                if name in judged[split].figures}
        for split in (VALIDATION, POOLED, "test")
        if split in judged
    }  # fmt: skip
    name = run.path.resolve().name
    only = sum(other.path.resolve().name == name for other in runs) == 1
    return ComparedRun(name if only else str(run.path), str(run.path), figures)


def _differences(answers: Sequence[Predictions]) -> Iterator[RunDifference]:
    for place, other in enumerate(answers[1:], start=1):
        same = np.array_equal(other.predicted, answers[0].predicted)
        for metric, statistic in STATISTICS.items():
            found = paired_difference(other, answers[0], statistic)
            verdict = "same" if same else _verdict(found)
            needed = _rows_needed(found) if verdict == "cannot_tell" else None
            yield RunDifference(place, metric, found, verdict, needed)


def _verdict(difference: Figure) -> CompareVerdict:
    if difference.low > 0:
        return "better"
    if difference.high < 0:
        return "worse"
    return "no_worse" if difference.low > -MARGIN else "cannot_tell"


def _rows_needed(difference: Figure) -> int:
    """Rows at which an interval of this kind would be as narrow as the difference is large.

    The width of an interval falls with the square root of the rows; a difference smaller than the
    margin is held against the margin.
    """
    half = (difference.high - difference.low) / 2
    times = (half / max(abs(difference.value), MARGIN)) ** 2
    needed = max(difference.n + 1, difference.n * times)
    digits = max(0, math.floor(math.log10(needed)) - 1)
    return int(math.ceil(needed / 10**digits) * 10**digits)


def _changed_settings(runs: Sequence[RunFolder]) -> dict[str, tuple[Any, ...]]:
    trees = [dict(_leaves(_settings(run))) for run in runs]
    names = dict.fromkeys(name for tree in trees for name in tree)
    values = {name: tuple(tree.get(name) for tree in trees) for name in names}
    return {
        name: found
        for name, found in values.items()
        if name not in _NEVER_ALIKE and any(value != found[0] for value in found)
    }


def _settings(run: RunFolder) -> Mapping[str, Any]:
    tree = yaml.safe_load(run.settings_path.read_text(encoding="utf-8"))
    settings: Mapping[str, Any] = tree.get("settings", {}) if isinstance(tree, Mapping) else {}
    return settings


def _leaves(tree: Mapping[str, Any], head: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping) and name != "class_weights":
            yield from _leaves(value, f"{head}{name}.")
        else:
            yield f"{head}{name}", value


def _flipped(answers: Sequence[Predictions]) -> list[FlippedRow]:
    """Rows that changed sides (right in one run, wrong in another) before those that did not."""
    names = (*answers[0].label_names, "")
    labels = answers[0].labels
    said = np.stack([part.predicted for part in answers])
    differ = np.flatnonzero((said != said[0]).any(axis=0))
    changed = (said[:, differ] == labels[differ]).any(axis=0)
    order = differ[np.argsort(~changed, kind="stable")]
    return [
        FlippedRow(
            int(answers[0].row_ids[at]),
            names[labels[at]],
            tuple(names[answer] for answer in said[:, at]),
        )
        for at in order.tolist()
    ]
