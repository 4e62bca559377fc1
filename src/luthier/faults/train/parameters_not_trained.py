"""Parameters that were to be trained were not, or some that were to stay were changed.

## What it is

A part of the model is frozen by mistake, was never given to the optimizer, gets a learning rate of
0, or no gradient reaches it. The head is the most frequent victim: a fresh head that is not trained
answers by chance. The optimizer may also hold the tensors of another model, made before this one.

## Why it hurts

The loss falls all the same when the rest learns, and accuracy may suffer by a few points only, so
no curve shows it. The model that ships is not the one that was meant.

## How it is detected

Exactly, tensor by tensor: what was meant to be trained, what asks for a gradient, what an optimizer
holds at a rate above 0, what a gradient other than 0 has reached, and what differs from before the
first step in any bit. A finding is any tensor on which these do not agree.

## What stays quiet

A body that was frozen on purpose, when the settings say so. A pooler that the model does not use:
no gradient reaches it. Weights that changed too little to be seen in their precision (see
`steps_not_as_planned`).

## What to do

Set `requires_grad` before the optimizer is made, and make the optimizer after the model has its
final shape. With LoRA name the head among the modules to be saved (`modules_to_save`).
"""

from __future__ import annotations

from luthier.faults import example_training as example
from luthier.kit.plural import plural
from luthier.records import (
    Applicability,
    CannotTell,
    Case,
    Clear,
    FaultInfo,
    Fired,
    GroupFacts,
    Outcome,
    Plant,
    Prescription,
    TrainingFacts,
)

FAULT = FaultInfo(
    "parameters_not_trained",
    "T6",
    "Parameters are not trained as meant",
    symptom_of=("steps_not_as_planned",),
)

LARGE_PART = 0.1
"""Share of all parameters from which a mismatch is `high` (a head always is)."""

KINDS = {
    "frozen": "frozen (requires_grad is False)",
    "left_out": "not in the optimizer at a learning rate above 0",
    "no_gradient": "in the optimizer, but no gradient reaches them",
    "not_frozen": "meant to stay as they were, but changed",
}


def detect(training: TrainingFacts) -> Outcome:
    """Compare what was meant, what asks, what is held, what is reached and what changed."""
    if not training.steps.done:
        return CannotTell("No step was made.", "at least one optimizer step")
    held = sum(group.in_optimizer for group in training.groups)
    if training.unknown_tensors and not held:
        return Fired(
            f"No tensor in the optimizer ({training.unknown_tensors} in all) belongs to this "
            "model: it was made for another one.",
            "high",
            {"kinds": ["unknown"], "unknown_tensors": training.unknown_tensors},
        )
    found = [(group, kind, count) for group in training.groups for kind, count in _wrong(group)]
    if found:
        return _fired(training, found)
    if _body_is_silent(training):
        return CannotTell(
            "The encoder asks for no gradient, and nobody said what was meant.",
            "what was to be trained: luthier.watch(model, optimizer, trained='all') or 'head'",
        )
    changed = sum(group.changed for group in training.groups)
    tensors = sum(group.tensors for group in training.groups)
    return Clear(
        f"{changed} of {tensors} tensors changed, as meant.",
        {"changed": changed, "tensors": tensors},
    )


def _wrong(group: GroupFacts) -> list[tuple[str, int]]:
    """What does not agree in one group: kind and number of tensors."""
    meant = group.requires_grad if group.meant is None else group.meant
    wrong = {
        "frozen": meant - group.requires_grad,
        "left_out": min(meant, group.requires_grad) - group.in_optimizer,
        "not_frozen": group.changed - meant if group.meant is not None else 0,
    }
    held = min(meant, group.in_optimizer)
    if held and not group.with_gradient and group.name != "pooler":
        wrong["no_gradient"] = held
    return [(kind, count) for kind, count in wrong.items() if count > 0]


def _body_is_silent(training: TrainingFacts) -> bool:
    body = training.body
    return bool(body) and all(g.meant is None and not g.requires_grad for g in body)


def _fired(training: TrainingFacts, found: list[tuple[GroupFacts, str, int]]) -> Fired:
    kinds = sorted({kind for _, kind, _ in found}, key=list(KINDS).index)
    said = []
    for kind in kinds:
        here = [(group, count) for group, of, count in found if of == kind]
        total = sum(count for _, count in here)
        listed = _listed([g.name for g, _ in here])
        said.append(f"{total} tensor{plural(total)} of {listed} found {KINDS[kind]}")
    touched = {group.name: group for group, _, _ in found}
    whole = sum(group.parameters for group in training.groups)
    part = sum(g.parameters * max(c for h, _, c in found if h is g) / g.tensors
               for g in touched.values()) / whole  # fmt: skip
    head = any(group.role == "head" for group in touched.values())
    return Fired(
        f"{'; '.join(said)}.",
        "high" if head or part >= LARGE_PART else "medium",
        {
            "kinds": kinds,
            "groups": list(touched),
            "tensors": sum(count for _, _, count in found),
            "share_of_parameters": part,
            "examples": [name for group in touched.values() for name in group.strays][:5],
        },
        {"large_part": LARGE_PART},
    )


def _listed(names: list[str]) -> str:
    left = len(names) - 3
    return ", ".join(names[:3]) + (f" and {left} more group{plural(left)}" if left > 0 else "")


def prescribe(fired: Fired) -> tuple[Prescription, ...]:
    """What to change in the code that trains; no setting makes such a run."""
    cures = {
        "frozen": "Set requires_grad_(True) on these parameters before the optimizer is made.",
        "left_out": "Give these parameters to the optimizer, at a learning rate above 0; with LoRA "
        "name the head in modules_to_save.",
        "no_gradient": "Let the loss reach these parameters: no detach() or no_grad() on the way.",
        "not_frozen": "Leave these parameters out of the optimizer, or say that they are trained.",
        "unknown": "Make the optimizer after the model has its final shape and place.",
    }
    why = "What is not trained stays as it was drawn or loaded, however long training takes."
    return tuple(
        Prescription(cures[kind], why, Applicability.ADVICE) for kind in fired.measured["kinds"]
    )


PLANT = Plant(
    level="run",
    operator="leave_out_of_training",
    severities=({"what": "head_not_held"}, {"what": "head_frozen"}, {"what": "body_frozen"}),
    accept=("learning_rate_too_low", "one_answer", "not_better_than_linear"),
    must_not=("learning_rate_too_high", "pretrained_weights_missing", "probabilities_into_loss"),
)

_ON_PURPOSE = {"meant": 0, "requires_grad": 0, "in_optimizer": 0, "changed": 0, "with_gradient": 0}
_STRAYS = ("classifier.weight",)

CASES = (
    Case(
        "the head is not in the optimizer",
        "firing",
        {
            "training": example.training(
                groups={"head": {"in_optimizer": 0, "changed": 0, "strays": _STRAYS}}
            )
        },
        "fired",
    ),
    Case(
        "the body is frozen and nobody meant it",
        "firing",
        {"training": example.training(groups={"layer": {**_ON_PURPOSE, "meant": 16}})},
        "fired",
    ),
    Case(
        "no gradient reaches the body",
        "firing",
        {"training": example.training(groups={"layer": {"with_gradient": 0}})},
        "fired",
    ),
    Case(
        "the optimizer is another model's",
        "firing",
        {
            "training": example.training(
                unknown_tensors=39,
                groups={
                    role: {"in_optimizer": 0, "changed": 0}
                    for role in ("embeddings", "layer", "head")
                },
            )
        },
        "fired",
    ),
    Case("all is trained", "quiet", {"training": example.training()}, "clear"),
    Case(
        "a body frozen on purpose",
        "near_miss",
        {"training": example.training(groups={"layer": _ON_PURPOSE, "embeddings": _ON_PURPOSE})},
        "clear",
    ),
    Case(
        "a frozen body of which nobody said anything",
        "near_miss",
        {"training": example.training(groups={"layer": {**_ON_PURPOSE, "meant": None}})},
        "cannot_tell",
    ),
)
