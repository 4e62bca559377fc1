"""What a watched training says of its learning rate: what was learned, and how weights moved."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.stats import binomtest

from luthier.records import Evaluated, Event, GroupFacts, LearningFacts, TrainingFacts

FAST = -2.0
"""log10 of the change of a step against the weight: 1 % a step is more than fine-tuning needs."""

ROSE = 1.05
"""Loss after the first tenth of the steps over the loss at the start, from which it rose."""

DEAD = 0.01
"""Late gradient of the layers over their early gradient, below which they have stopped learning."""

STILL = -0.7
"""log10 of the head's way against its weights: it went a fifth of its own size at most."""

LEARNED = 0.9
"""Share of right training answers from which nothing is missing on the training rows."""

FEWEST_ROWS = 50
"""Fewer training answers do not tell learned from not learned."""


@dataclass(frozen=True, slots=True)
class RateSigns:
    """Signs of a rate that is too high or too low.

    Args:
        rows: training answers looked at.
        accuracy: share of right answers, in the last fifth of the steps.
        commonest: share of the most frequent label.
        failed: not better than always answering it (exact binomial test, one-sided, 5 %).
        update: log10 of the change of a step against the weight, of the layers (of the head where
            no layer is trained); None where nothing moved.
        head_moved: log10 of the head's whole way against its first weights; None if it did not.
        rose: whether the loss rose above its start after the first tenth of the steps.
        lost: whether the loss ended at more than twice its lowest value.
        dead: whether the gradients of the layers fell below a hundredth of what they were.
        still: whether the head went less than a fifth of its own size.
    """

    rows: int
    accuracy: float
    commonest: float
    failed: bool
    update: float | None
    head_moved: float | None
    rose: bool
    lost: bool
    dead: bool
    still: bool

    @property
    def fast(self) -> bool:
        """Whether the layers change by more than 1 % a step."""
        return self.update is not None and self.update > FAST

    @property
    def learned(self) -> bool:
        """Whether the training rows are answered rightly, nine in ten."""
        return self.accuracy >= LEARNED


def rate_signs(training: TrainingFacts) -> RateSigns | None:
    """The signs; None where too little was seen."""
    learning = training.learning
    if learning is None or learning.rows < FEWEST_ROWS:
        return None
    layers = [g for g in training.body if g.update is not None]
    heads = [g for g in training.group("head") if g.moved is not None]
    update = _mean(layers or heads, "update")
    moved = _mean(heads, "moved")
    share = learning.commonest / learning.rows
    better = binomtest(learning.right, learning.rows, share, alternative="greater").pvalue
    return RateSigns(
        rows=learning.rows,
        accuracy=learning.right / learning.rows,
        commonest=share,
        failed=bool(better > 0.05) or share == 1,
        update=update,
        head_moved=moved,
        rose=learning.early_loss > ROSE * learning.first_loss,
        lost=_is_lost(learning),
        dead=_is_dead(layers),
        still=moved is not None and moved < STILL,
    )


def validation_turned(history: tuple[Event, ...] | list[Event]) -> bool | None:
    """Whether validation loss ended above its lowest value; None without two evaluations."""
    losses = [e.validation["loss"] for e in history if isinstance(e, Evaluated)]
    return losses[-1] > 1.02 * min(losses) if len(losses) > 1 else None


def _is_lost(learning: LearningFacts) -> bool:
    return learning.late_loss > 2 * learning.least_loss and (
        learning.late_loss > 0.5 * learning.first_loss
    )


def _is_dead(layers: list[GroupFacts]) -> bool:
    """Where late gradients were not finite nothing is known of them, and they are not gone."""
    both = [(g.early_gradient or 0.0, g.late_gradient) for g in layers]
    seen = [(early, late) for early, late in both if late is not None]
    early = sum(one for one, _ in seen)
    return early > 0 and sum(late for _, late in seen) < DEAD * early


def _mean(groups: list[GroupFacts], name: str) -> float | None:
    """Mean over groups, weighted by their parameters."""
    found = [(getattr(g, name), g.parameters) for g in groups if getattr(g, name) is not None]
    total = sum(size for _, size in found)
    return sum(value * size for value, size in found) / total if total else None
