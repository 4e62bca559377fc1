"""What a healthy training leaves behind, and small changes of it, for the cases of fault files."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from luthier.records import (
    GroupFacts,
    LearningFacts,
    LossFacts,
    OrderFacts,
    PretrainedFacts,
    Role,
    StepFacts,
    TrainingFacts,
)


def group(name: str, role: Role, tensors: int, parameters: int) -> GroupFacts:
    """A group that was meant to be trained and was."""
    return GroupFacts(
        name=name,
        role=role,
        tensors=tensors,
        parameters=parameters,
        meant=tensors,
        requires_grad=tensors,
        in_optimizer=tensors,
        with_gradient=tensors,
        changed=tensors,
        lost=0,
        update=-3.1,
        moved=-1.4,
        early_gradient=2e-5,
        late_gradient=1e-5,
        dtype="float32",
    )


HEALTHY = TrainingFacts(
    watched_from=1,
    groups=(
        group("embeddings", "embeddings", 5, 16_000_000),
        group("layer 0", "layer", 16, 7_000_000),
        group("layer 1", "layer", 16, 7_000_000),
        replace(group("head", "head", 2, 3_000), update=-2.6, moved=-0.1),
    ),
    unknown_tensors=0,
    steps=StepFacts(
        done=400,
        expected=400,
        ended_early=False,
        highest_rate=2e-5,
        planned_rate=2e-5,
        without_rate=1,
        stale=0,
        without_backward=0,
        checked=400,
        backwards=1,
    ),
    loss=LossFacts(
        kind="cross_entropy",
        called="cross_entropy",
        width=4,
        rows=2_000,
        like_probabilities=0,
        between_0_and_1=60,
        like_log_probabilities=2,
        spread=1.6,
        smoothing=0.0,
        targets="class ids",
        lowest_target=0,
        highest_target=3,
        labels_seen=4,
        labels=4,
    ),
    learning=LearningFacts(
        rows=2_560,
        right=2_440,
        commonest=900,
        answers=4,
        first_loss=1.39,
        early_loss=1.0,
        late_loss=0.15,
        least_loss=0.14,
        last_fall=0.01,
        last_fall_error=0.02,
    ),
    order=OrderFacts(64, 2_048, 1.30, 1.30, 1.27, 0),
    pretrained=PretrainedFacts("a-model", True, 37, 37, 0, 0, 0, 37),
    gradients={1: 3.0, 10: 2.0, 100: 1.0, 400: 0.5},
    updates={1: -4.0, 10: -3.1, 100: -3.2, 400: -4.5},
    rates={1: 2e-6, 10: 1e-5, 100: 1.5e-5, 400: 1e-7},
)
"""400 steps at a rate of 2e-5 that learned 95 % of the training rows of four labels."""


def training(
    *,
    steps: dict[str, Any] | None = None,
    loss: dict[str, Any] | None = None,
    learning: dict[str, Any] | None = None,
    groups: dict[str, dict[str, Any]] | None = None,
    **facts: Any,
) -> TrainingFacts:
    """The healthy training with these fields changed; `groups` maps a group's name to its changes.

    A role (`layer`) stands for every group of that role.
    """
    found = HEALTHY
    if groups:
        changed = tuple(
            replace(g, **{**groups.get(g.role, {}), **groups.get(g.name, {})}) for g in found.groups
        )
        found = replace(found, groups=changed)
    if steps:
        found = replace(found, steps=replace(found.steps, **steps))
    if loss and found.loss is not None:
        found = replace(found, loss=replace(found.loss, **loss))
    if learning and found.learning is not None:
        found = replace(found, learning=replace(found.learning, **learning))
    return replace(found, **facts)


UNSEEN = replace(HEALTHY, loss=None, learning=None, order=None, pretrained=None)
"""The same training, of which neither loss nor origin was seen."""
