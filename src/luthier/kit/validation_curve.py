"""Whether validation got worse again in the course of a run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from luthier.kit.intervals import bootstrap_mean
from luthier.records import AnyPredictions, Evaluated


@dataclass(frozen=True, slots=True)
class ValidationCurve:
    """What the evaluations of a run say together.

    Args:
        least_loss: lowest validation loss.
        last_loss: validation loss of the last evaluation.
        best_metric: best value of the metric.
        best_epoch: when it was reached; of equals the one with the lowest loss, then the first.
        last_epoch: epoch of the last evaluation.
        fall: best value minus the mean of all later ones; 0 where there are none.
        fall_noise: half of the 95 % interval of the best value on so many rows, binomial, or of R2
            by its large-sample variance 4 R2 (1 - R2)^2 / n (Olkin & Finn 1995).
    """

    least_loss: float
    last_loss: float
    best_metric: float
    best_epoch: float
    last_epoch: float
    fall: float
    fall_noise: float

    @property
    def loss_rise(self) -> float:
        """Last loss above the lowest, as a share of the lowest."""
        return self.last_loss / self.least_loss - 1 if self.least_loss > 0 else 0.0

    @property
    def fell(self) -> bool:
        """Whether the metric fell by more than noise."""
        return self.fall > self.fall_noise

    def turned_up(self, least: float, predictions: AnyPredictions) -> bool:
        """Whether the loss ended above its minimum by a share of `least` and by more than noise.

        Noise is half of the bootstrap interval of the mean loss of these validation predictions.
        """
        noise = bootstrap_mean(predictions.loss[predictions.known], 1000, 0)
        rise = self.last_loss - self.least_loss
        return self.loss_rise > least and rise > (noise.high - noise.low) / 2


FOR_LOSS = ("macro_f1", "r2")


def validation_curve(evaluations: Sequence[Evaluated], metric: str) -> ValidationCurve:
    """The curve of at least one evaluation; for `loss` by the first figure where more is better."""
    if metric == "loss":
        metric = next(name for name in FOR_LOSS if name in evaluations[0].validation)
    losses = [event.validation["loss"] for event in evaluations]
    values = [event.validation[metric] for event in evaluations]
    best = max(range(len(values)), key=lambda i: (values[i], -losses[i]))
    later = values[best + 1 :]
    share = min(max(values[best], 0.0), 1.0)
    rows = max(1, evaluations[best].validation_rows)
    variance = 4 * share * (1 - share) ** 2 if metric == "r2" else share * (1 - share)
    return ValidationCurve(
        least_loss=min(losses),
        last_loss=losses[-1],
        best_metric=values[best],
        best_epoch=evaluations[best].epoch,
        last_epoch=evaluations[-1].epoch,
        fall=values[best] - sum(later) / len(later) if later else 0.0,
        fall_noise=1.96 * math.sqrt(variance / rows),
    )
