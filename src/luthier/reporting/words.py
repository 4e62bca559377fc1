"""Plain words for records: the sentences that the page, the plots and the model card share."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from luthier.ledger import Looks
from luthier.records import Evaluated, Figure, SplitEvaluation, Started, Stopped

FLOOR_TITLES: Mapping[str, str] = {
    "majority": "always the most frequent label",
    "tfidf_linear": "linear model on TF-IDF",
    "frozen_encoder": "frozen encoder + logistic regression",
}
METRIC_TITLES: Mapping[str, str] = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "macro_precision": "macro precision",
    "macro_recall": "macro recall",
    "weighted_f1": "weighted F1",
    "weighted_precision": "weighted precision",
    "weighted_recall": "weighted recall",
    "mcc": "Matthews correlation",
    "roc_auc": "ROC-AUC",
    "log_loss": "log loss",
    "loss": "loss",
}


def metric_title(name: str) -> str:
    """`macro-F1` for `macro_f1`; an unknown name with spaces for underscores."""
    return METRIC_TITLES.get(name, name.replace("_", " "))


def floor_title(name: str) -> str:
    """A name for people of a simple rival."""
    return FLOOR_TITLES.get(name, name.replace("_", " "))


def with_interval(figure: Figure) -> str:
    """`0.712 (0.640 to 0.779)`: the value and its 95 % interval."""
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


def plural(count: int, noun: str) -> str:
    """`1 row`, `1,200 rows`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def short_value(value: Any) -> str:
    """A measured value or a setting on one line; fractions with four digits."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {short_value(part)}" for key, part in value.items())
    if isinstance(value, Sequence):
        return ", ".join(short_value(part) for part in value)
    return str(value)


def track_record_in_words(record: Mapping[str, Any] | None) -> str:
    """How a check did on planted faults and healthy runs; Clopper-Pearson intervals, 95 %."""
    if record is None:
        return "Not measured."
    return (
        f"Found {record['hits']} of {record['planted']} planted faults"
        f"{_in_brackets(record['recall'])}; for {record['cannot_tell']} it said that it cannot "
        f"tell. False alarms: {record['false_alarms']} on {record['healthy']} healthy "
        f"runs{_in_brackets(record['false_alarm_rate'])}. Measured on {record['measured_on']}, by "
        "`benchmarks/faultbench.py`. On real runs of other kinds it is not measured."
    )


def _in_brackets(share: Sequence[float] | None) -> str:
    return f" ({share[1]:.0%} to {share[2]:.0%})" if share else ""


def score_sentence(split: str, evaluation: SplitEvaluation) -> str:
    """How good the model is on one split in one sentence; brackets hold 95 % intervals."""
    parts = [
        f"{metric_title(name)} {with_interval(evaluation.figures[name])}"
        for name in ("macro_f1", "accuracy")
        if name in evaluation.figures
    ]
    return (
        f"On {plural(evaluation.n, f'{split} row')}: {' and '.join(parts)}, "
        f"macro averages over {plural(evaluation.labels_in_average, 'label')}."
    )


def floor_sentences(evaluation: SplitEvaluation) -> tuple[str, ...]:
    """How each simple rival does on the same rows, against the model, by macro-F1."""
    model = evaluation.figures.get("macro_f1")
    sentences = []
    for name, figures in evaluation.floor.items():
        rival = figures.get("macro_f1")
        if rival is None or model is None:
            continue
        gap = model.value - rival.value
        side = f"{abs(gap):.3f} {'above' if gap >= 0 else 'below'}"
        apart = model.low > rival.high or model.high < rival.low
        title = floor_title(name)
        sentences.append(
            f"{title[0].upper()}{title[1:]}: macro-F1 {with_interval(rival)}. The model is {side}; "
            f"the intervals {'do not overlap' if apart else 'overlap'}."
        )
    return tuple(sentences)


def looks_sentence(looks: Looks | None) -> str:
    """How often these test rows were judged, and what follows from it."""
    if looks is None:
        return "How many models were judged on these test rows is not known: the run has no count."
    if looks.count is None:
        return f"How many models were judged on these test rows is not known: {looks.problem}."
    if looks.count == 1:
        return "This is the first model judged on these test rows on this machine."
    return (
        f"{looks.count} different models have been judged on these test rows on this machine. "
        "Each choice made after such a look makes their figures a little too good."
    )


def stop_sentence(
    stopped: Stopped | None, started: Started | None, evaluations: Sequence[Evaluated]
) -> str:
    """Where training ended, why, and which epoch was best."""
    if stopped is None:
        last = f" after epoch {evaluations[-1].epoch:g}" if evaluations else ""
        return f"Training has not ended: the history breaks off{last}"
    of = f" of {started.num_train_epochs}" if started is not None else ""
    metric = metric_title(stopped.metric_name)
    why = {
        "finished": "all epochs done",
        "early_stopping": f"no better validation {metric} (early stopping)",
        "interrupted": "interrupted by hand",
        "time_budget": "the time budget was used up",
    }[stopped.reason]
    return (
        f"Ended after epoch {stopped.epoch:.3g}{of}: {why}; best epoch {stopped.best_epoch:.3g} "
        f"with validation {metric} {stopped.best_metric:.3f}"
    )
