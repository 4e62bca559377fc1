"""One line on how training ended, and one on how good the model is."""

from __future__ import annotations

from luthier.journeys.run import Run
from luthier.records import Event, Stopped


def how_it_ended(event: Event) -> str:
    """The last event of a training in words."""
    if not isinstance(event, Stopped):
        return "did not end"
    return (
        f"best after step {event.best_step:,} (epoch {event.best_epoch:g}), "
        f"validation {event.metric_name} {event.best_metric:.3f}, "
        f"ended: {event.reason.replace('_', ' ')}"
    )


def score_in_words(run: Run) -> str:
    """The first figure on test rows, with its interval."""
    test = run.metrics.get("test", {})
    for name, title in (("macro_f1", "macro-F1"), ("r2", "R2")):
        if name in test:
            figure, labels = test[name], test["labels_in_average"]
            ends = f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"
            return f"test {title} {ends}" + (f" over {labels} labels" if labels else "")
    return "nothing was judged on test rows"
