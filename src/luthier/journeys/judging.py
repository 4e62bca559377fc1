"""Judging a run: predictions of what ships, its simple rivals, and the count of looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np

from luthier.journeys.label_check import with_ceilings
from luthier.journeys.own_predictions import belongs_to
from luthier.journeys.shipping import load_bound_model, manifest
from luthier.kit.join_encoded import join_encoded
from luthier.kit.row_answers import answer_word
from luthier.ledger import digest_of_test_rows, record_look
from luthier.records import AnyPredictions, Encoded, FloatArray, Note, Rows, SplitName, Task
from luthier.run_folder import RunFolder, write_json

if TYPE_CHECKING:
    from luthier.engines.local import LocalEngine
    from luthier.evidence.floors import Floors
    from luthier.journeys.plan import Plan

FLOOR_TRAIN_ROWS = 50_000  # a linear rival learns little from more, and takes minutes


def judge_run(
    run: RunFolder,
    task: Task,
    engine: LocalEngine,
    rows: Rows,
    plan: Plan,
    rivals: Floors | None = None,
) -> tuple[Note, ...]:
    """Write `predictions/`, `metrics.json` and `test_set_looks.json`.

    The weights are read from `model/`: what is judged is what ships. The rivals beside it are
    fitted here when they are not given.

    Raises:
        RunFolderError: when `model/` does not hold what its manifest names.
    """
    from luthier.stages.evaluate import evaluate

    predictions = _predict_splits(run, task, engine, plan)
    rivals = rivals or rivals_of(engine, rows, plan)
    floors, settings = rivals.predictions, plan.settings
    evaluation = evaluate(
        task, predictions, floors, settings.evaluate, settings.train.metric_for_best_model
    )
    said = tuple(note.message for note in rivals.notes)
    evaluation = replace(evaluation, notes=(*evaluation.notes, *said))
    for split, answered in predictions.items():
        run.save_predictions(split, answered)
    evaluation = with_ceilings(evaluation, run, rows)
    for name, judged in floors.items():
        run.save_predictions(f"floor_{name}", judged["validation"])
    looks = record_look(_test_digest(rows, plan), manifest(run)["digest"], "evaluate")
    write_json(run.path / "test_set_looks.json", asdict(looks))
    run.save_evaluation(evaluation)  # last: its presence says that judging is complete
    return rivals.notes


def is_judged(run: RunFolder) -> bool:
    """Whether the figures and predictions in the folder are whole and of the weights that ship."""
    if not (run.path / "metrics.json").exists():
        return False
    bound = manifest(run)["digest"]
    judged = run.evaluation.splits
    splits = run.splits
    for split, figures in judged.items():
        if figures.model_digest != bound or not run.predictions_path(split).exists():
            return False
        answers = run.answers(split)
        if answers.model_digest != bound or not belongs_to(answers, splits, split):
            return False
    expected = {split for split, count in splits.counts().items() if count}
    return judged.keys() == expected and (run.path / "test_set_looks.json").exists()


def _predict_splits(
    run: RunFolder, task: Task, engine: LocalEngine, plan: Plan
) -> dict[str, AnyPredictions]:
    model, _, bound = load_bound_model(run)
    digest, limits = bound["digest"], bound["thresholds"]
    parts = {
        "train": plan.encoded["train"].sample(
            plan.settings.evaluate.train_rows, plan.settings.train.seed
        ),
        "validation": plan.encoded["validation"],
        "test": plan.encoded["test"],
    }
    return {
        split: task.answers(
            encoded, engine.logits(model, encoded, plan.settings), plan.label_names, digest, limits
        )
        for split, encoded in parts.items()
        if len(encoded)
    }


def rivals_of(engine: LocalEngine, rows: Rows, plan: Plan) -> Floors:
    """What the simple rivals answer that learn from the training rows of a plan."""
    from luthier.evidence.floors import Floors, fit_floors
    from luthier.evidence.label_set_floors import fit_label_set_floors
    from luthier.evidence.number_floors import fit_number_floors

    if not plan.settings.evaluate.floors:
        return Floors(
            {}, (Note("skipped", "no simple rivals were fitted (evaluate.floors is false)"),)
        )
    notes: tuple[Note, ...] = ()
    parts = dict(plan.encoded)
    if len(parts["train"]) > FLOOR_TRAIN_ROWS:
        parts["train"] = parts["train"].sample(FLOOR_TRAIN_ROWS, plan.settings.train.seed)
        notes = (
            Note("skipped", f"the simple rivals learned from {FLOOR_TRAIN_ROWS:,} training rows"),
        )
    texts = dict(zip(rows.ids.tolist(), rows.columns["text"], strict=True))

    def features() -> dict[str, FloatArray]:
        return _features(engine, parts, plan)

    fit: Callable[..., Floors] = fit_floors
    if "labels" in rows.columns:
        fit = fit_label_set_floors
    elif "number" in rows.columns:
        fit = fit_number_floors
    fitted = fit(
        [texts[i] for i in parts["train"].row_ids.tolist()],
        parts["train"].targets,
        {
            split: (part.row_ids, [texts[i] for i in part.row_ids.tolist()], part.targets)
            for split, part in parts.items()
            if split != "train" and len(part)
        },
        plan.label_names,
        features,
        plan.settings.train.seed,
    )
    return Floors(fitted.predictions, (*notes, *fitted.notes))


def _features(
    engine: LocalEngine, parts: Mapping[SplitName, Encoded], plan: Plan
) -> dict[str, FloatArray]:
    """Split -> the encoder's means; those of the rows of training were perhaps read for it."""
    trained = join_encoded(parts["train"], parts["validation"])
    both = engine.features(plan.model_source, trained, plan.settings)
    learned = len(parts["train"])
    found = {"train": both[:learned], "validation": both[learned:]}
    if len(parts["test"]):
        found["test"] = engine.features(plan.model_source, parts["test"], plan.settings)
    return found


def _test_digest(rows: Rows, plan: Plan) -> str:
    at = np.flatnonzero(np.isin(rows.ids, plan.encoded["test"].row_ids))
    texts, labels = rows.columns["text"], rows.columns[answer_word(rows)]
    return digest_of_test_rows((str(texts[i]), str(labels[i])) for i in at.tolist())
