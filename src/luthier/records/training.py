"""What was seen while a model was trained, as plain values. No torch here.

`evidence/` measures it, in Luthier's own engine, a plain PyTorch loop or a Hugging Face `Trainer`;
the faults in `faults/train/` judge it. What was not seen is None, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import torch

Role = Literal["embeddings", "layer", "head", "adapter", "other"]
LossKind = Literal["cross_entropy", "nll", "binary_with_logits", "binary", "mse", "other"]
WhatBroke = Literal["loss", "gradient", "weights", "output"]


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """One named group of parameters (`embeddings`, `layer 0`, `head`, ...). Counts are tensors.

    Args:
        name: the group.
        role: what it is.
        tensors: all of its tensors.
        parameters: its single numbers.
        meant: how many were meant to be trained; None where nobody said.
        requires_grad: how many ask for a gradient.
        in_optimizer: how many an optimizer holds at a learning rate that was above 0 in some step.
        with_gradient: how many had a gradient other than 0 in a watched step.
        changed: how many differ from before the first step (every bit is compared).
        lost: how many had a gradient and a learning rate in watched steps and yet never changed.
        update: log10 of mean |change of a step| / mean |weight|: median over the watched steps
            whose learning rate was at least half of the highest; None where nothing moved.
        moved: log10 of mean |last - first weight| / mean |first weight|; None where nothing moved.
        early_gradient: mean |gradient|, median over the first third of the watched steps; None
            where there was none.
        late_gradient: the same over the last third.
        dtype: of its weights, as torch names it.
        strays: up to five tensors that were meant to be trained, or ask for it, and did not change.
    """

    name: str
    role: Role
    tensors: int
    parameters: int
    meant: int | None
    requires_grad: int
    in_optimizer: int
    with_gradient: int
    changed: int
    lost: int
    update: float | None
    moved: float | None
    early_gradient: float | None
    late_gradient: float | None
    dtype: str
    strays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepFacts:
    """What the optimizer did. Steps are optimizer steps.

    Args:
        done: steps seen.
        expected: steps that were planned; None where nobody said.
        ended_early: whether the end came before the plan's by intention (early stopping, a time
            budget, Ctrl-C).
        highest_rate: highest learning rate of any step.
        planned_rate: peak learning rate that was planned; None where nobody said.
        without_rate: steps in which every learning rate was 0.
        stale: steps into which gradients of an earlier step went (zero_grad was not called).
        without_backward: steps before which no new gradient was made.
        checked: steps at which zeroing and backward could be observed.
        backwards: most frequent number of backward passes of one step; None where not observed.
        cleared: steps before which gradients were made and cleared again (zero_grad was called
            between backward and step).
    """

    done: int
    expected: int | None
    ended_early: bool
    highest_rate: float
    planned_rate: float | None
    without_rate: int
    stale: int
    without_backward: int
    checked: int
    backwards: int | None
    cleared: int = 0


@dataclass(frozen=True, slots=True)
class LossFacts:
    """What reached the loss function, in a sample of the steps.

    Args:
        kind: which loss.
        called: how it was called (`cross_entropy`, `the task's own loss`, ...).
        width: numbers per row: the outputs of the head.
        rows: rows looked at.
        like_probabilities: rows whose numbers are not negative and sum to 1 (within 1e-4).
        between_0_and_1: rows whose numbers all lie in [0, 1].
        like_log_probabilities: rows whose exponentials sum to 1 (within 1e-3).
        spread: mean over the outputs of their standard deviation between rows.
        smoothing: label smoothing.
        targets: `class ids`, `one label a row` (0/1 rows with a single 1), `several labels a row`
            or `numbers`.
        lowest_target: lowest class id seen (ignored ones left out); None where there are no ids.
        highest_target: highest class id seen.
        labels_seen: different class ids seen.
        labels: number of labels that there are; None where nobody said.
    """

    kind: LossKind
    called: str
    width: int
    rows: int
    like_probabilities: int
    between_0_and_1: int
    like_log_probabilities: int
    spread: float
    smoothing: float
    targets: str
    lowest_target: int | None
    highest_target: int | None
    labels_seen: int
    labels: int | None


@dataclass(frozen=True, slots=True)
class LearningFacts:
    """How far the training rows were learned, measured while training (dropout on).

    Args:
        rows: rows of the last part of training (a fifth of the steps, at most 256 steps).
        right: how many of them were answered rightly.
        commonest: how many carry the label that is most frequent among them.
        answers: number of different answers given to them.
        first_loss: mean loss of the first steps (a fiftieth of all, at least 3).
        early_loss: mean loss of the steps after the first tenth (as many as in `late_loss`).
        late_loss: mean loss of the last fifth of the steps.
        least_loss: lowest of the means over a twentieth of the steps.
        last_fall: fall of the loss over the last fifth of the steps, as a share of its mean there
            and in one epoch at the highest learning rate (a rate that has decayed counts for
            less); a straight line fitted to the losses. None without an epoch or a rate.
        last_fall_error: standard error of `last_fall`.
    """

    rows: int
    right: int
    commonest: int
    answers: int
    first_loss: float
    early_loss: float
    late_loss: float
    least_loss: float
    last_fall: float | None
    last_fall_error: float | None


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """Whether rows come in a random order: labels within the batches of the first steps.

    Args:
        batches, rows: batches looked at (of at least 4 rows), and the rows in them.
        entropy: mean entropy of the labels within a batch, in nats.
        expected, lowest: the same with the rows in random order, of 200 permutations.
        one_label: batches whose rows all carry one label.
        by_length: whether rows of like length were to share a batch.
    """

    batches: int
    rows: int
    entropy: float
    expected: float
    lowest: float
    one_label: int
    by_length: bool = False


@dataclass(frozen=True, slots=True)
class PretrainedFacts:
    """Whether the weights that training began with are the pretrained ones. The head is left out.

    Args:
        source: what they were to be loaded from; empty where nobody said.
        meant: whether pretrained weights were meant; None where nobody said.
        tensors: tensors of the encoder.
        compared: how many were compared, bit by bit, with the file they were to come from.
        different: how many of those differ from the file.
        absent: how many are not in the file and look newly drawn; None where nothing was compared.
        fresh: how many lie in layers that look newly drawn: every bias exactly 0, every norm
            exactly 1, as no trained layer has.
        judged: how many could be judged so.
        examples: up to five names that differ, are absent, or look newly drawn.
    """

    source: str
    meant: bool | None
    tensors: int
    compared: int
    different: int
    absent: int | None
    fresh: int
    judged: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BrokenFacts:
    """The first number that was not finite.

    Args:
        step: 1-based optimizer step in which it was seen.
        what: loss, gradient, weights, or the model's output.
        where: first module or parameter that held it; empty where it could not be told.
        dtype: type of the weights, or of the reduced precision in force.
        learning_rate: of that step.
        gradient_before: global gradient norm of the last watched step before; None without one.
    """

    step: int
    what: WhatBroke
    where: str
    dtype: str
    learning_rate: float
    gradient_before: float | None


@dataclass(frozen=True, slots=True)
class TrainingFacts:
    """`training.json`: what was seen while a model was trained.

    Args:
        watched_from: first optimizer step seen (1, or later in a resumed run).
        groups: parameters by group, from input to output.
        unknown_tensors: tensors in the optimizer that are not of this model.
        steps: what the optimizer did.
        loss: what reached the loss; None where no known loss was seen.
        learning: how far the training rows were learned; None where the loss was not seen.
        order: labels within batches; None where no class ids were seen.
        pretrained: whether the pretrained weights were there; None where this was not looked at.
        broken: the first number that was not finite; None where all were.
        gradients: watched step -> global gradient norm after clipping.
        updates: watched step -> log10 of mean |change| / mean |weight| of all but embeddings.
        rates: watched step -> highest learning rate.
    """

    watched_from: int
    groups: tuple[GroupFacts, ...]
    unknown_tensors: int
    steps: StepFacts
    loss: LossFacts | None = None
    learning: LearningFacts | None = None
    order: OrderFacts | None = None
    pretrained: PretrainedFacts | None = None
    broken: BrokenFacts | None = None
    gradients: Mapping[int, float] = field(default_factory=dict)
    updates: Mapping[int, float] = field(default_factory=dict)
    rates: Mapping[int, float] = field(default_factory=dict)

    def group(self, role: Role) -> tuple[GroupFacts, ...]:
        """The groups of one role."""
        return tuple(group for group in self.groups if group.role == role)

    @property
    def body(self) -> tuple[GroupFacts, ...]:
        """Everything between embeddings and head."""
        return tuple(g for g in self.groups if g.role in {"layer", "adapter", "other"})


SawLoss = Callable[["torch.Tensor", "torch.Tensor", "torch.Tensor"], None]
"""Told logits [b, K], targets [b] and losses [b] of each part of a step."""


class Watch(Protocol):
    """Watches one training from before its first step to after its last."""

    def __call__(
        self, model: torch.nn.Module, optimizer: torch.optim.Optimizer, total_steps: int
    ) -> AbstractContextManager[SawLoss]:
        """Begin; the context ends with training, also when training fails."""
        ...


@contextmanager
def nothing_watched(
    model: torch.nn.Module,  # noqa: ARG001
    optimizer: torch.optim.Optimizer,  # noqa: ARG001
    total_steps: int,  # noqa: ARG001
) -> Iterator[SawLoss]:
    """The watch that looks away."""
    yield lambda logits, targets, losses: None  # noqa: ARG005
