"""Which of two evaluations of a run is the better one."""

from __future__ import annotations

from luthier.settings import TrainSettings


def is_better(
    settings: TrainSettings,
    metric: float,
    loss: float | None,
    best_metric: float | None,
    best_loss: float | None,
) -> bool:
    """Better by more than the threshold, or exactly as good with a lower validation loss.

    Who asks for a least gain (a threshold above 0) gets no best without one. The first evaluation,
    before which there is no `best_metric`, is the best.
    """
    if best_metric is None:
        return True
    gain = metric - best_metric
    if settings.metric_for_best_model == "loss":
        gain = -gain
    threshold = settings.early_stopping_threshold
    if gain or threshold or loss is None or best_loss is None:
        return gain > threshold
    return loss < best_loss
