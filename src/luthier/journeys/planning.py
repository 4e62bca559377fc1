"""Completing the settings: what recipe `auto` chooses, and epochs that fit the time budget."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from luthier.errors import Problem, SettingsError
from luthier.journeys.measured_speed import choose_speed
from luthier.journeys.run import Run
from luthier.kit.batching import steps_per_epoch
from luthier.recipes import (
    FEWEST_STEPS,
    KEEPING_AT_MOST,
    Choice,
    PlanFacts,
    RunCosts,
    auto,
    frozen_start,
    head_alone,
    lighter_strategy,
    steps_within,
)
from luthier.records import ModelSource, Rows, Splits, Task, TrainJob
from luthier.run_folder import sha256_of_file, write_json, write_text
from luthier.settings import seconds
from luthier.settings_file import Resolved, to_yaml, with_recipe

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from luthier.engines.costs import StepCosts
    from luthier.engines.local import LocalEngine
    from luthier.models.facts import ModelFacts

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
        head_alone=resolved.settings.model.strategy == "frozen" and not model.decoder,
        may_freeze=_may_freeze(resolved, task, model),
    )
    choice = auto(facts)
    return with_recipe(resolved, choice.values, kind="recipe", reasons=choice.reasons)


def _may_freeze(resolved: Resolved, task: Task, model: ModelFacts) -> bool:
    """Where nobody said what is to be trained, or for how long, and it was seen to do no harm."""
    settings = resolved.settings
    free = ("model.strategy", "train.num_train_epochs", "train.max_steps")
    return (
        task.name == "text_classification"
        and all(resolved.origins[name].kind == "default" for name in free)
        and model.layers > 1
        and settings.augment.change == "none"
        and settings.train.trunk_cache_gb > 0
        and not settings.train.fsdp
    )


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


def fit_to_machine(resolved: Resolved, engine: LocalEngine, job: TrainJob) -> Resolved:
    """Fill what is chosen by measuring here: threads, precision, what is trained, how long.

    Raises:
        SettingsError: when the loss does not fit the labels, or the layers to train not the model:
            now, while nothing is decided yet.
    """
    if resolved.settings.model.strategy == "partial":
        from luthier.models.facts import describe_model
        from luthier.models.strategies import check_trainable_layers

        if layers := describe_model(job.model_source).layers:
            check_trainable_layers(resolved.settings.model, layers)
    job.task.loss(resolved.settings.train, job.encoded["train"].targets, job.label_names)
    if resolved.settings.train.fsdp:
        return resolved  # to measure, one process would have to hold what several share
    resolved = choose_speed(resolved, engine, job)
    return _fit_time_budget(resolved, engine, job)


def _fit_time_budget(resolved: Resolved, engine: LocalEngine, job: TrainJob) -> Resolved:
    """Cut the steps to the time budget, by costs measured on this machine.

    Where recipe `auto` may choose what is trained, and the whole model would see the rows less
    than three times, fewer layers are trained; what the others give is computed once and kept.
    """
    from luthier.models.facts import describe_model

    budget = seconds(resolved.settings.train.time_budget)
    if budget is None or resolved.origins["train.num_train_epochs"].kind in ("file", "flag"):
        return resolved
    may_choose = (
        resolved.settings.recipe == "auto"
        and resolved.origins["model.strategy"].kind == "default"
        and not (job.encoded["train"].row_ids < 0).any()
    )
    before, model = "", describe_model(job.model_source) if may_choose else None
    while True:
        costs = _costs(engine, replace(job, settings=resolved.settings))
        steps = steps_within(budget, costs)
        epochs = steps / costs.steps_per_epoch
        strategy = resolved.settings.model.strategy
        lighter = lighter_strategy(strategy, epochs, model.layers) if model else None
        if lighter is None and _too_long_to_keep(resolved, costs, budget):
            resolved = _without_keeping(resolved, costs)
            continue
        if lighter is None or model is None:
            return _cut(resolved, costs, steps)
        before += (
            f"{strategy}: {costs.step:.2f} s a step, {epochs:.1f} epochs in "
            f"{resolved.settings.train.time_budget}; "
        )
        of_head = head_alone(len(job.encoded["train"]), decoder=model.decoder)
        resolved = _with_lighter(resolved, *lighter, before, of_head)


def _too_long_to_keep(resolved: Resolved, costs: RunCosts, budget: float) -> bool:
    by_hand = resolved.origins["train.trunk_cache_gb"].kind in ("file", "flag")
    return costs.keeping > KEEPING_AT_MOST * budget and not by_hand


def _without_keeping(resolved: Resolved, costs: RunCosts) -> Resolved:
    choice = Choice()
    why = (
        f"to read all rows once by the frozen layers would take {costs.keeping:.0f} s of "
        f"{resolved.settings.train.time_budget}"
    )
    choice.choose("train.trunk_cache_gb", 0.0, why)
    return with_recipe(resolved, choice.values, kind="measured", reasons=choice.reasons)


def _with_lighter(
    resolved: Resolved, strategy: str, layers: int, why: str, of_head: Choice
) -> Resolved:
    choice = Choice()
    why = f"recipe auto: too slow here otherwise ({why.removesuffix('; ')})"
    choice.choose("model.strategy", strategy, why)
    if resolved.settings.train.freeze_epochs:
        choice.choose("train.freeze_epochs", 0, "recipe auto: the lower half does not learn at all")
    if strategy == "partial":
        choice.choose("model.trainable_layers", layers, "recipe auto: the upper half")
    else:
        choice = choice.updated(of_head)
    return with_recipe(resolved, choice.values, kind="measured", reasons=choice.reasons)


def _costs(engine: LocalEngine, job: TrainJob) -> RunCosts:
    from luthier.engines.measure import Measure

    measured = engine.measure_costs(job)
    frozen = _costs_of_frozen(engine, job)
    measure = Measure(job, engine.device)
    train = job.settings.train
    in_step = train.per_device_train_batch_size * train.gradient_accumulation_steps
    tokens = sum(int(job.encoded[split].lengths.sum()) for split in ("train", "validation"))
    keeping = tokens * (frozen or measured).trunk_token
    return RunCosts(
        start=measured.start + keeping,
        step=measured.step,
        judging=measure.tokens * measured.read_token + measured.save,
        steps_per_epoch=steps_per_epoch(len(job.encoded["train"]), in_step),
        epochs_between=measure.epochs_between,
        keeping=keeping,
        frozen_step=frozen.step if frozen else 0.0,
        frozen_share=train.freeze_epochs / train.num_train_epochs if frozen else 0.0,
    )


def _costs_of_frozen(engine: LocalEngine, job: TrainJob) -> StepCosts | None:
    """What a step costs while the lower half is frozen; None where it never is."""
    from luthier.models.facts import describe_model

    settings = job.settings
    if not settings.train.freeze_epochs or settings.model.strategy != "full":
        return None
    upper = max(1, describe_model(job.model_source).layers // 2)
    part = {"strategy": "partial", "trainable_layers": upper}
    model = settings.model.model_copy(update=part)
    return engine.measure_costs(replace(job, settings=settings.model_copy(update={"model": model})))


def _cut(resolved: Resolved, costs: RunCosts, steps: int) -> Resolved:
    """As many steps and epochs as fit; the settings as they are where all of them do."""
    train = resolved.settings.train
    if steps >= train.num_train_epochs * costs.steps_per_epoch:
        return resolved
    choice = Choice()
    why = (
        f"a step took {costs.step:.2f} s here and measuring {costs.judging:.1f} s, "
        f"{train.num_train_epochs} epochs would not fit {train.time_budget}; "
        "more: --train.time_budget 1h"
    )
    epochs = math.ceil(steps / costs.steps_per_epoch)
    choice.choose("train.num_train_epochs", epochs, why)
    if train.freeze_epochs:
        choice = choice.updated(frozen_start(epochs))
    fits = f"what fits {train.time_budget}"
    if steps == min(FEWEST_STEPS, costs.steps_per_epoch):
        fits = f"fewer teach nothing; the clock ends training after {train.time_budget}"
    choice.choose("train.max_steps", steps, fits)
    return with_recipe(resolved, choice.values, kind="measured", reasons=choice.reasons)


def write_decided(run: Run, resolved: Resolved, source: ModelSource, command: str) -> None:
    """Write `run.yaml` and then `environment.json`, whose presence says that all is decided."""
    from luthier.kit.environment import describe_environment

    write_text(run.settings_path, to_yaml(resolved))
    environment = describe_environment(command)
    environment["notes"] = list(source.notes)
    environment["settings_sha256"] = sha256_of_file(run.settings_path)
    write_json(run.path / "environment.json", environment)
