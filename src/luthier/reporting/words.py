"""Plain words for records: the sentences that the page, the plots and the model card share."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from luthier.ledger import Looks
from luthier.records import Evaluated, Evaluation, Figure, SplitEvaluation, Started, Stopped

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
        f"Found {record['hits']} of {plural(record['planted'], 'planted fault')}"
        f"{_in_brackets(record['recall'])}; for {record['cannot_tell']} it said that it cannot "
        f"tell. False alarms: {record['false_alarms']} on "
        f"{plural(record['healthy'], 'healthy run')}{_in_brackets(record['false_alarm_rate'])}. "
        f"Measured on {record['measured_on']}, by "
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
        title = floor_title(name)
        sentences.append(
            f"{title[0].upper()}{title[1:]}: macro-F1 {with_interval(rival)}. "
            f"The model is {_beside(model, rival)}."
        )
    return tuple(sentences)


def _beside(model: Figure, rival: Figure) -> str:
    gap = model.value - rival.value
    if abs(gap) < 1e-9:  # the same answers, added up in another order
        return "exactly as good"
    size = f"{abs(gap):.3f}" if abs(gap) >= 0.0005 else "less than 0.001"
    apart = model.low > rival.high or model.high < rival.low
    return (
        f"{size} {'above' if gap > 0 else 'below'}; "
        f"the intervals {'do not overlap' if apart else 'overlap'}"
    )


def share(part: int, whole: int) -> str:
    """`2.4 %`; what is more than none never reads as 0."""
    if part == 0 or whole == 0:
        return "0 %"
    percent = 100 * part / whole
    return f"{percent:.1f} %" if percent >= 0.05 else "under 0.1 %"


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


def other_weights_sentence(evaluation: Evaluation | None, shipped_digest: str) -> str:
    """A warning where the figures are of other weights than `model/`; empty where they agree.

    Also empty where one of the two digests is not recorded.
    """
    judged = evaluation.splits if evaluation is not None else {}
    strange = [
        (name, split.model_digest)
        for name, split in judged.items()
        if shipped_digest and split.model_digest not in ("", shipped_digest)
    ]
    if not strange:
        return ""
    names = [name for name, _ in strange]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return (
        f"The figures on {listed} rows were measured on other weights (digest "
        f"{strange[0][1][:12]}) than those in model/ (digest {shipped_digest[:12]}), so figures "
        "and findings need not hold for the model that ships. Judge and diagnose this run again."
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
        "finished": "its only epoch done" if of == " of 1" else "all epochs done",
        "early_stopping": f"no better validation {metric} (early stopping)",
        "interrupted": "interrupted by hand",
        "time_budget": "the time budget was used up",
    }[stopped.reason]
    return (
        f"Ended after epoch {stopped.epoch:.3g}{of}: {why}; best epoch {stopped.best_epoch:.3g} "
        f"with validation {metric} {stopped.best_metric:.3f}"
    )
