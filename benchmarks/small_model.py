"""A transformer small enough to be trained in a second or two, and a plain PyTorch loop for it.

The loop runs under Luthier's watcher and has a place for each fault that is planted in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.special import log_softmax

from grammar import Kind, Script, make_rows
from luthier.evidence.intent import Intent
from luthier.evidence.watcher import Watcher
from luthier.kit.classification_figures import quick_metrics
from luthier.records import Evaluated, Event, Predictions, Rows, Stepped, TrainingFacts
from luthier.settings import Settings
from small_pretrained import PAD, classifier, pretrained, rate_shape, tokens_of

VALIDATION_ROWS = 300


@dataclass(frozen=True)
class Recipe:
    """How the small model is trained, and what is done to it.

    Args:
        learning_rate: peak; linear warm-up over a tenth of the steps, then linearly to 0.
        epochs: passes over the training rows.
        before: changes the model before training, and names the parameters that the optimizer
            gets (None: every one that asks for a gradient).
        inputs: changes the token ids of a batch, and of what is judged.
        during: called before each step with its 0-based number and the model.
        loss: logits, targets -> loss; cross-entropy when not given.
        head_outputs: outputs of the head; 0 is one for each label.
        known_source: whether the file of the pretrained weights can be found by the watcher.
        steps_per_update, zero_grad, schedule_speed, mixed: how the loop itself goes wrong; `mixed`
            is the share of the rows that are shuffled, the others come sorted by label.
    """

    kind: Kind = "keywords"
    learning_rate: float = 5e-3
    epochs: int = 5
    rows: int = 480
    batch: int = 16
    labels: int = 4
    noise: float = 0.02
    head_outputs: int = 0
    known_source: bool = True
    before: Callable[[torch.nn.Module], list[torch.nn.Parameter] | None] | None = None
    inputs: Callable[[torch.Tensor], torch.Tensor] | None = None
    during: Callable[[int, torch.nn.Module], None] | None = None
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None = None
    steps_per_update: int = 1
    zero_grad: bool = True
    schedule_speed: int = 1
    mixed: float = 1.0
    meant: tuple[str, ...] | None = ("all",)


@dataclass(frozen=True)
class Outcome:
    """What a run left, and how good it is on 1,000 rows it never saw."""

    evidence: dict[str, Any]
    fresh: float
    train: float


def run(seed: int, script: Script, recipe: Recipe) -> Outcome:
    """Train, and measure; the random state of the caller stays as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return _run(seed, script, recipe)


def _run(seed: int, script: Script, recipe: Recipe) -> Outcome:
    kind, n, labels, noise = recipe.kind, recipe.rows, recipe.labels, recipe.noise
    rows = make_rows(kind, script, n + VALIDATION_ROWS, seed, labels=labels, noise=noise)
    parts = {
        "train": rows.take(range(n)),
        "validation": rows.take(range(n, len(rows))),
        "fresh": make_rows(kind, script, 1000, 10_000, labels=labels, noise=noise),
    }
    data = {name: _tensors(part, rows, script, recipe) for name, part in parts.items()}
    model = classifier(script, recipe.head_outputs or labels)
    chosen = recipe.before(model) if recipe.before else None
    trained = [p for p in model.parameters() if p.requires_grad] if chosen is None else chosen
    optimizer = torch.optim.AdamW(trained, lr=recipe.learning_rate, weight_decay=0.01)
    watcher = Watcher(model, optimizer, _intent(script, recipe), functions=True)
    names = tuple(sorted(set(rows.columns["label"])))

    def answers() -> dict[str, Predictions]:
        return {name: _answers(model, parts[name].ids, *data[name], names) for name in parts}

    history: list[Event] = []
    torch.manual_seed(seed)
    per_epoch = -(-n // recipe.batch)
    for epoch in range(1, recipe.epochs + 1):
        _epoch(epoch, recipe, model, optimizer, *data["train"])
        found = {name: _finite(quick_metrics(p)) for name, p in answers().items()}
        train, validation, last = found["train"], found["validation"], epoch == recipe.epochs
        step = epoch * per_epoch
        history.append(
            Evaluated(step, float(epoch), train, validation, n, VALIDATION_ROWS, last, 0.1)
        )
    watcher.close()
    facts, final = watcher.facts(), answers()
    history += _steps(watcher, facts, recipe.batch, per_epoch)
    evidence = {
        "rows": rows,
        "settings": Settings.model_validate(
            {"train": {"learning_rate": recipe.learning_rate, "num_train_epochs": recipe.epochs}}
        ),
        "training": facts,
        "history": tuple(sorted(history, key=lambda event: event.step)),
        "train_predictions": final["train"],
        "validation_predictions": final["validation"],
    }
    right = {name: float((p.predicted == p.labels).mean()) for name, p in final.items()}
    return Outcome(evidence, right["fresh"], right["train"])


def _intent(script: Script, recipe: Recipe) -> Intent:
    per_epoch = -(-recipe.rows // recipe.batch)
    return Intent(
        trained=recipe.meant,
        total_steps=per_epoch * recipe.epochs,
        steps_per_epoch=per_epoch,
        learning_rate=recipe.learning_rate,
        labels=recipe.labels,
        pretrained=True,
        source=str(pretrained(script)) if recipe.known_source else "a-model-that-is-not-here",
    )


def _tensors(
    part: Rows, rows: Rows, script: Script, recipe: Recipe
) -> tuple[torch.Tensor, torch.Tensor]:
    names = sorted(set(rows.columns["label"]))
    ids = tokens_of(part, script)
    targets = torch.tensor([names.index(label) for label in part.columns["label"]])
    return (recipe.inputs(ids) if recipe.inputs else ids), targets


def _steps(watcher: Watcher, facts: TrainingFacts, batch: int, per_epoch: int) -> list[Event]:
    return [
        Stepped(step, step / per_epoch, loss, watcher.rates[step], facts.gradients[step], batch,
                0, 0, 0.01)
        for step, loss in watcher.losses().items()
        if np.isfinite(loss) and step in facts.gradients
    ]  # fmt: skip


def _epoch(
    epoch: int,
    recipe: Recipe,
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    inputs: torch.Tensor,
    targets: torch.Tensor,
) -> None:
    """The 1-based epoch `epoch`."""
    model.train()
    per_epoch = -(-recipe.rows // recipe.batch)
    total = per_epoch * recipe.epochs
    order = _order(targets, recipe.mixed)
    for i, at in enumerate(order.split(recipe.batch)):
        step = (epoch - 1) * per_epoch + i
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * rate_shape(recipe.schedule_speed * step, total)
        if recipe.during:
            recipe.during(step, model)
        logits = model(input_ids=inputs[at], attention_mask=(inputs[at] != PAD).long()).logits
        loss = (recipe.loss or torch.nn.functional.cross_entropy)(logits.float(), targets[at])
        loss.backward()
        if (step + 1) % recipe.steps_per_update:
            continue
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if recipe.zero_grad:
            optimizer.zero_grad()


def _order(targets: torch.Tensor, mixed: float) -> torch.Tensor:
    order = torch.argsort(targets, stable=True)
    moving = torch.nonzero(torch.rand(len(order)) < mixed)[:, 0]
    order[moving] = order[moving[torch.randperm(len(moving))]]
    return order


def _answers(
    model: torch.nn.Module, ids: Any, inputs: torch.Tensor, targets: torch.Tensor, names: Any
) -> Predictions:
    model.eval()
    with torch.no_grad():
        logits = model(input_ids=inputs, attention_mask=(inputs != PAD).long()).logits
    numbers = np.nan_to_num(logits.float().numpy().astype(np.float64))[:, : len(names)]
    log_p = log_softmax(numbers, axis=1)
    y = targets.numpy()
    loss = -log_p[np.arange(len(y)), y]
    return Predictions(ids, y, log_p.argmax(axis=1), np.exp(log_p), loss, names, "small")


def _finite(figures: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in figures.items() if np.isfinite(value)}
