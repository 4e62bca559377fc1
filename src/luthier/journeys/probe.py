"""The cheapest test that parts the causes of learning nothing: can 16 rows be learned by heart?

The run's own model, loss, optimizer, rate and frozen parts are given 16 of its training rows, again
and again, without dropout. Rows that are learned clear the machinery of training: the cause lies in
the data or in the length of the run. A loss that hardly falls accuses it. Source: Karpathy (2019),
A recipe for training neural networks, "overfit one batch"; at most 200 steps and 5 % errors, as
TheDeepChecker has it (Ben Braiek & Khomh 2023).
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from luthier.errors import InputError, Problem, TrainingError
from luthier.journeys.auditing import Source
from luthier.journeys.judged_evidence import PROBE
from luthier.journeys.opening import walk_of
from luthier.journeys.plan import Plan
from luthier.kit.model_packages import require_model_packages
from luthier.records import Encoded, Evaluated, Event, IntArray, Listener, Stepped, TrainJob
from luthier.records.probe import OverfitProbe
from luthier.run_folder import RunFolder, write_json
from luthier.settings import Settings

ROWS, REPEATS, EPOCHS = 16, 60, 3
"""So many rows, each in so many copies, so often: 180 steps of 16 rows at most."""


def probe(run: Source | RunFolder, *, listen: Listener | None = None) -> OverfitProbe:
    """Train on 16 rows of a run with its own settings, and write `probe.json`.

    Args:
        run: a run with one label per row.
        listen: told what happens.

    Raises:
        InputError: when the rows do not have one label each.
        MissingExtraError: when torch or transformers is not installed.
        ModelError: when the model cannot be loaded.
    """
    require_model_packages()
    walk = walk_of(run, listen)
    with walk.run.lock():
        rows = walk.load()
        if "label" not in rows.columns:
            what = "a probe asks whether rows with one label each can be learned by heart"
            raise InputError(
                Problem(what, where=str(walk.run.path)), next_step="diagnose it without --probe"
            )
        plan = walk.plan(rows, walk.split(rows))
        few = _few(plan.encoded["train"])
        with tempfile.TemporaryDirectory() as folder:
            job = TrainJob(
                task=walk.task,
                model_source=plan.model_source,
                label_names=plan.label_names,
                encoded={
                    "train": few.take(np.tile(np.arange(len(few)), REPEATS)),
                    "validation": few,
                },
                settings=_without_help(plan),
                checkpoints=Path(folder),
            )
            found = _learned(job, len(few))
        write_json(walk.run.path / PROBE, TypeAdapter(OverfitProbe).dump_python(found, mode="json"))
    return found


def _few(train: Encoded) -> Encoded:
    """At most 16 rows with a label, of as many labels as there are."""
    order = np.random.default_rng(0).permutation(len(train))
    order = order[np.asarray(train.targets)[order] >= 0]
    turn: dict[int, int] = {}
    keys = []
    for place in order.tolist():
        label = int(train.targets[place])
        turn[label] = turn.get(label, 0) + 1
        keys.append(turn[label])
    chosen: IntArray = order[np.argsort(keys, kind="stable")][:ROWS]
    return train.take(chosen)


def _without_help(plan: Plan) -> Settings:
    """The settings of the run, without dropout, early stopping and what belongs to many rows."""
    train = plan.settings.train.model_copy(
        update={
            "num_train_epochs": EPOCHS,
            "max_steps": 0,
            "per_device_train_batch_size": ROWS,
            "gradient_accumulation_steps": 1,
            "early_stopping_patience": 0,
            "time_budget": "none",
            "warmup_steps": 0.1,
            "metric_for_best_model": "loss",
            "class_weights": "none",
            "teacher": "none",
            "trunk_cache_gb": 0.0,
        }
    )
    model = plan.settings.model.model_copy(
        update={
            "hidden_dropout_prob": 0.0,
            "attention_probs_dropout_prob": 0.0,
            "classifier_dropout": 0.0,
        }
    )
    return plan.settings.model_copy(update={"train": train, "model": model})


def _learned(job: TrainJob, rows: int) -> OverfitProbe:
    """Train, and tell how it ended."""
    from luthier.engines.local import LocalEngine

    said: list[Event] = []
    broke = ""
    try:
        said.extend(LocalEngine().train(job))
    except TrainingError as error:
        broke = error.problems[0].what if error.problems else str(error)
    steps = [event for event in said if isinstance(event, Stepped)]
    measured = [event for event in said if isinstance(event, Evaluated)]
    last = measured[-1].validation if measured else {}
    return OverfitProbe(
        rows=rows,
        steps=steps[-1].step if steps else 0,
        accuracy=_finite(last.get("accuracy")),
        first_loss=_finite(steps[0].loss if steps else None),
        last_loss=_finite(last.get("loss")),
        learning_rate=job.settings.train.learning_rate,
        broke=broke,
    )


def _finite(value: float | None) -> float:
    return value if value is not None and math.isfinite(value) else 0.0
