"""The learning rate of every step, as a function of the step alone: nothing to save or restore.

Courses as in transformers, with one difference: the peak is reached in the step after the warm-up
and the rate is above 0 in the last step, so every step learns. transformers' first step has a rate
of 0.
"""

from __future__ import annotations

import math

from luthier.settings import TrainSettings

INVERSE_SQRT_SCALE = 10_000
"""Steps after which inverse_sqrt without a warm-up has fallen to 0.7; transformers' number."""

FROZEN_RATE = 2.0
"""Peak rate of the steps with frozen lower layers, by that of the others; fastai's factor."""


def warmup_of(warmup_steps: float, total_steps: int) -> int:
    """Number of warm-up steps: a share of all steps below 1 (rounded up), a number from 1 on."""
    return math.ceil(warmup_steps * total_steps) if warmup_steps < 1 else int(warmup_steps)


def learning_rate_at(
    step: int, total_steps: int, settings: TrainSettings, frozen_steps: int = 0
) -> float:
    """Learning rate of a 1-based step: linear warm-up to the peak, then the chosen course.

    Args:
        step: from 1.
        total_steps: of the training.
        settings: peak, course and warm-up.
        frozen_steps: first steps in which only the upper layers learn: a course of their own, with
            twice the peak; the others then go through theirs (as fastai's `fine_tune`; Howard &
            Gugger 2020).
    """
    if step <= frozen_steps:
        return FROZEN_RATE * _rate_in_course(step, frozen_steps, settings)
    return _rate_in_course(step - frozen_steps, total_steps - frozen_steps, settings)


def _rate_in_course(step: int, total_steps: int, settings: TrainSettings) -> float:
    if settings.lr_scheduler_type == "constant":
        return settings.learning_rate
    warmup = warmup_of(settings.warmup_steps, total_steps)
    if step <= warmup:
        return settings.learning_rate * step / (warmup + 1)
    peak = settings.learning_rate
    done, steps = step - warmup - 1, total_steps - warmup
    match settings.lr_scheduler_type:
        case "linear":
            return peak * (steps - done) / steps
        case "cosine":
            return peak * 0.5 * (1 + math.cos(math.pi * done / steps))
        case "cosine_with_restarts":
            return peak * 0.5 * (1 + math.cos(math.pi * (settings.num_cycles * done / steps % 1)))
        case "inverse_sqrt":
            scale = warmup or INVERSE_SQRT_SCALE
            return peak * math.sqrt(scale / (scale + done))
        case "constant_with_warmup":
            return peak
