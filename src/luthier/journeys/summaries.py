"""What a verb came to, in one line: the audit, how training ended, how good the model is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from luthier.records import Audit, Encoded, Event, SplitEvaluation, Stopped, StopReason

TITLES = {"macro_f1": "macro-F1", "r2": "R2"}
"""The figures that may be named in one line, the first that there is."""
REASONS: Mapping[StopReason, str] = {
    "finished": "all steps done",
    "early_stopping": "validation no longer rose (early stopping)",
    "interrupted": "interrupted by hand",
    "time_budget": "the time budget was used up",
}


def audit_in_words(audit: Audit) -> str:
    """How many labels there are, where there are any, and how many texts repeat."""
    repeated = f"{sum(len(c) - 1 for c in audit.duplicate_clusters):,} repeated texts"
    conflicting = len(audit.conflicting_clusters)
    if not audit.label_counts:
        return f"{repeated}, {conflicting:,} with different numbers" if audit.numbers else repeated
    return f"{len(audit.label_counts)} labels, {repeated}, {conflicting:,} with different labels"


def tokens_in_words(parts: Iterable[Encoded], length: int) -> str:
    """How many tokens all splits have; `length` is the longest row."""
    tokens = sum(int(part.lengths.sum()) for part in parts)
    return f"{tokens:,} tokens, at most {length} a row"


def how_it_ended(event: Event) -> str:
    """The last event of a training in words."""
    if not isinstance(event, Stopped):
        return "did not end"
    metric, reason = TITLES.get(event.metric_name, event.metric_name), REASONS[event.reason]
    return (
        f"best after step {event.best_step:,} (epoch {event.best_epoch:.3g}), "
        f"validation {metric} {event.best_metric:.3f}, ended: {reason}"
    )


def score_in_words(judged: SplitEvaluation | None, where: str) -> str:
    """The first figure on some rows, with its interval.

    Args:
        judged: what was judged; None where nothing was.
        where: which rows, such as `the test rows`.
    """
    for name, title in TITLES.items():
        if judged is not None and name in judged.figures:
            figure, labels = judged.figures[name], judged.labels_in_average
            ends = f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"
            return f"{title} measured on {where}: {ends}" + (
                f" over {labels} labels" if labels else ""
            )
    return f"there is no figure measured on {where}"
