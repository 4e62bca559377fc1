"""What a training was meant to be, as far as anybody said it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Intent:
    """What was asked for. None (or an empty `source`) means that nobody said.

    Args:
        trained: what was to be trained: groups of parameters by name (`layer 3`, counted from the
            top as `layer -1`) or role (`head`, `adapter`, `layer`), or `all`.
        total_steps: optimizer steps planned.
        steps_per_epoch: optimizer steps of one pass over the training rows.
        learning_rate: peak learning rate planned.
        labels: number of labels.
        pretrained: whether training was to begin with pretrained weights.
        source: folder or hub name that they come from.
        may_end_early: whether fewer steps than planned are an intention (early stopping).
        by_length: whether rows of like length share a batch, the batches in random order.
    """

    trained: tuple[str, ...] | None = None
    total_steps: int | None = None
    steps_per_epoch: int | None = None
    learning_rate: float | None = None
    labels: int | None = None
    pretrained: bool | None = None
    source: str = ""
    may_end_early: bool = False
    by_length: bool = False
