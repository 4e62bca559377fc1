"""Completing the settings: what recipe `auto` chooses, and epochs that fit the time budget."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from luthier.errors import Problem, SettingsError
from luthier.journeys.run import Run
from luthier.recipes import Choice, PlanFacts, auto, epochs_within
from luthier.records import ModelSource, Rows, Splits, Task, TrainJob
from luthier.run_folder import sha256_of_file, write_json, write_text
from luthier.settings import seconds
from luthier.settings_file import Resolved, to_yaml, with_recipe

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from luthier.engines.local import LocalEngine

ROWS_MEASURED = 20_000  # enough for a 99th percentile


def choose_by_recipe(
    resolved: Resolved,
    task: Task,
    rows: Rows,
    splits: Splits,
    source: ModelSource,
    tokenizer: PreTrainedTokenizerBase,
) -> Resolved:
    """Fill what recipe `auto` chooses from the data, the model and the machine."""
    from luthier.models.facts import describe_model

    resolved = _metric_of(task, resolved)
    if resolved.settings.recipe != "auto":
        return resolved
    import torch

    model = describe_model(source)
    at = np.flatnonzero(np.isin(rows.ids, splits.ids_of("train")))
    sample = rows.take(at[:: max(1, math.ceil(len(at) / ROWS_MEASURED))])
    names = task.label_names(rows)
    whole = resolved.settings.text.model_copy(
        update={"max_length": model.longest_input, "long_texts": "head"}
    )
    measured = task.encode(sample, names, tokenizer, whole)
    facts = PlanFacts(
        train_rows=len(at),
        labels=len(names),
        parameters=model.parameters,
        longest_input=model.longest_input,
        length_p99=float(np.quantile(measured.full_lengths, 0.99)),
        on_accelerator=torch.cuda.is_available(),
    )
    choice = auto(facts)
    return with_recipe(resolved, choice.values, kind="recipe", reasons=choice.reasons)


def _metric_of(task: Task, resolved: Resolved) -> Resolved:
    """A metric that this task has, to choose the best checkpoint by.

    Raises:
        SettingsError: when one was asked for that it does not have.
    """
    name = "train.metric_for_best_model"
    asked = resolved.settings.train.metric_for_best_model
    known = (*task.metrics, "loss")
    if asked in known:
        return resolved
    if resolved.origins[name].kind in ("file", "flag"):
        raise SettingsError(
            Problem(f"{asked} is no figure of task {task.name}", where=name),
            next_step=f"one of: {', '.join(known)}",
        )
    reason = {name: f"the first figure of task {task.name}"}
    return with_recipe(resolved, {name: task.metrics[0]}, kind="recipe", reasons=reason)


def fit_time_budget(resolved: Resolved, engine: LocalEngine, job: TrainJob) -> Resolved:
    """Cut the epochs to the time budget, by steps measured on this machine."""
    train = resolved.settings.train
    budget = seconds(train.time_budget)
    own = resolved.origins["train.num_train_epochs"].kind
    if budget is None or own in ("file", "flag"):
        return resolved
    rows = len(job.encoded["train"])
    in_step = train.per_device_train_batch_size * train.gradient_accumulation_steps
    steps = math.ceil(rows / in_step)
    step_seconds = engine.measure_step_seconds(job)
    judged = min(rows, job.settings.evaluate.train_rows) + len(job.encoded["validation"])
    epochs = epochs_within(budget, train.num_train_epochs, steps, step_seconds, judged / rows)
    if epochs == train.num_train_epochs:
        return resolved
    choice = Choice()
    choice.choose(
        "train.num_train_epochs",
        epochs,
        f"a step took {step_seconds:.2f} s here, {train.num_train_epochs} epochs would not fit "
        f"{train.time_budget}; more: --train.time_budget 1h",
    )
    return with_recipe(resolved, choice.values, kind="measured", reasons=choice.reasons)


def write_decided(run: Run, resolved: Resolved, source: ModelSource, command: str) -> None:
    """Write `run.yaml` and then `environment.json`, whose presence says that all is decided."""
    from luthier.kit.environment import describe_environment

    write_text(run.settings_path, to_yaml(resolved))
    environment = describe_environment(command)
    environment["notes"] = list(source.notes)
    environment["settings_sha256"] = sha256_of_file(run.settings_path)
    write_json(run.path / "environment.json", environment)
