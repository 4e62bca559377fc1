"""Plain words for records: the sentences that the page, the plots and the model card share."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from luthier.ledger import Looks
from luthier.records import (
    Evaluated,
    Evaluation,
    Figure,
    Note,
    SplitEvaluation,
    Started,
    Stopped,
)
from luthier.reporting.catalogue import ENGLISH, Catalogue
from luthier.reporting.titles import CEILING_TITLES, FLOOR_TITLES, METRIC_TITLES

WHOLE_EPOCH = 0.005
"""An epoch that is this near to the planned one is shown as it."""


def metric_title(name: str, say: Catalogue = ENGLISH) -> str:
    """`macro-F1` for `macro_f1`; an unknown name with spaces for underscores."""
    return say(METRIC_TITLES[name]) if name in METRIC_TITLES else name.replace("_", " ")


def floor_title(name: str, say: Catalogue = ENGLISH) -> str:
    """A name for people of a simple rival."""
    return say(FLOOR_TITLES[name]) if name in FLOOR_TITLES else name.replace("_", " ")


def ceiling_title(name: str, say: Catalogue = ENGLISH) -> str:
    """A name for people of what the labels allow at best."""
    return say(CEILING_TITLES[name]) if name in CEILING_TITLES else name.replace("_", " ")


def with_interval(figure: Figure, say: Catalogue = ENGLISH) -> str:
    """`0.712 (0.640 to 0.779)`: the value and its 95 % interval."""
    value, low, high = (f"{number:.3f}" for number in (figure.value, figure.low, figure.high))
    return say("{value} ({low} to {high})", value=value, low=low, high=high)


def note_line(note: Note, say: Catalogue = ENGLISH) -> str:
    """`guessed: read as UTF-8`: what was guessed, dropped, cut or chosen, on one line."""
    return say("{kind}: {message}", kind=say(note.kind), message=say.told(note.message))


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


def track_record_in_words(record: Mapping[str, Any] | None, say: Catalogue = ENGLISH) -> str:
    """How a check did on planted faults and healthy runs; Clopper-Pearson intervals, 95 %."""
    if record is None:
        return say("Not measured.")
    planted = say.count(
        record["planted"],
        "Found {hits} of {n} planted fault{interval}; for {unsure} it said that it cannot tell.",
        "Found {hits} of {n} planted faults{interval}; for {unsure} it said that it cannot tell.",
        hits=record["hits"],
        interval=_in_brackets(record["recall"], say),
        unsure=record["cannot_tell"],
    )
    healthy = say.count(
        record["healthy"],
        "False alarms: {alarms} on {n} healthy run{interval}.",
        "False alarms: {alarms} on {n} healthy runs{interval}.",
        alarms=record["false_alarms"],
        interval=_in_brackets(record["false_alarm_rate"], say),
    )
    measured = say(
        "Measured on {where}, by `benchmarks/faultbench.py`. On real runs of other kinds it is not "
        "measured.",
        where=say.told(record["measured_on"]),
    )
    return f"{planted} {healthy} {measured}"


def _in_brackets(share: Sequence[float] | None, say: Catalogue) -> str:
    return say(" ({low} to {high})", low=f"{share[1]:.0%}", high=f"{share[2]:.0%}") if share else ""


def score_sentence(split: str, evaluation: SplitEvaluation, say: Catalogue = ENGLISH) -> str:
    """How good the model is on one split in one sentence; brackets hold 95 % intervals."""
    parts = [
        f"{metric_title(name, say)} {with_interval(evaluation.figures[name], say)}"
        for name in headline_metrics(evaluation)
    ]
    averages = say.count(
        evaluation.labels_in_average,
        ", macro averages over {n} label",
        ", macro averages over {n} labels",
    )
    return say.count(
        evaluation.n,
        "On {n} {split} row: {scores}{averages}.",
        "On {n} {split} rows: {scores}{averages}.",
        split=say(split),
        scores=say(" and ").join(parts),
        averages=averages if evaluation.labels_in_average else "",
    )


def headline_metrics(evaluation: SplitEvaluation) -> list[str]:
    """The two figures to name first: macro-F1 and accuracy, else the first that there are."""
    usual = [name for name in ("macro_f1", "accuracy") if name in evaluation.figures]
    return usual or list(evaluation.figures)[:2]


def floor_sentences(evaluation: SplitEvaluation, say: Catalogue = ENGLISH) -> tuple[str, ...]:
    """How each simple rival does on the same rows, against the model, by macro-F1 or R²."""
    metric = next((name for name in ("macro_f1", "r2") if name in evaluation.figures), "")
    model = evaluation.figures.get(metric)
    sentences = []
    for name, figures in evaluation.floor.items():
        rival = figures.get(metric)
        if rival is None or model is None:
            continue
        title = floor_title(name, say)
        sentences.append(
            say(
                "{rival}: {metric} {figure}. The model is {beside}.",
                metric=metric_title(metric, say),
                rival=title[0].upper() + title[1:],
                figure=with_interval(rival, say),
                beside=_beside(model, rival, say),
            )
        )
    return tuple(sentences)


def _beside(model: Figure, rival: Figure, say: Catalogue) -> str:
    gap = model.value - rival.value
    if abs(gap) < 1e-9:  # the same answers, added up in another order
        return say("exactly as good")
    size = f"{abs(gap):.3f}" if abs(gap) >= 0.0005 else say("less than 0.001")
    apart = model.low > rival.high or model.high < rival.low
    where = say("{size} above", size=size) if gap > 0 else say("{size} below", size=size)
    return f"{where}{_overlap(apart, say)}"


def _overlap(apart: bool, say: Catalogue) -> str:
    return say("; the intervals do not overlap") if apart else say("; the intervals overlap")


def share(part: int, whole: int) -> str:
    """`2.4 %`; what is more than none never reads as 0."""
    if part == 0 or whole == 0:
        return "0 %"
    percent = 100 * part / whole
    return f"{percent:.1f} %" if percent >= 0.05 else "under 0.1 %"


def looks_sentence(looks: Looks | None, say: Catalogue = ENGLISH) -> str:
    """How often these test rows were judged, whether they were read, and what follows from it."""
    if looks is None or not looks.opened:
        return _judged_sentence(looks, say)
    opened = say(
        "The test rows were opened to be read on this machine: a choice made after that makes "
        "their figures a little too good."
    )
    return f"{_judged_sentence(looks, say)} {opened}"


def _judged_sentence(looks: Looks | None, say: Catalogue) -> str:
    if looks is None:
        return say(
            "How many models were judged on these test rows is not known: the run has no count."
        )
    if looks.count is None:
        return say(
            "How many models were judged on these test rows is not known: {problem}.",
            problem=looks.problem,
        )
    if looks.count == 1:
        return say("This is the first model judged on these test rows on this machine.")
    return say(
        "{n} different models have been judged on these test rows on this machine. "
        "Each choice made after such a look makes their figures a little too good.",
        n=looks.count,
    )


def other_weights_sentence(
    evaluation: Evaluation | None, shipped_digest: str, say: Catalogue = ENGLISH
) -> str:
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
    names = [say(name) for name, _ in strange]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])}{say(' and ')}{names[-1]}"
    return say(
        "The figures on {splits} rows were measured on other weights (digest {judged}) than those "
        "in model/ (digest {shipped}), so figures and findings need not hold for the model that "
        "ships. Judge and diagnose this run again.",
        splits=listed,
        judged=strange[0][1][:12],
        shipped=shipped_digest[:12],
    )


def stop_sentence(
    stopped: Stopped | None,
    started: Started | None,
    evaluations: Sequence[Evaluated],
    say: Catalogue = ENGLISH,
) -> str:
    """Where training ended, why, and which epoch was best."""
    if stopped is None:
        if not evaluations:
            return say("Training has not ended: the history breaks off")
        last = f"{evaluations[-1].epoch:g}"
        return say("Training has not ended: the history breaks off after epoch {epoch}", epoch=last)
    metric = metric_title(stopped.metric_name, say)
    epochs = started.num_train_epochs if started is not None else None
    why = {
        "finished": _all_done(stopped, epochs, say),
        "early_stopping": say("no better validation {metric} (early stopping)", metric=metric),
        "interrupted": say("interrupted by hand"),
        "time_budget": say("the time budget was used up"),
    }[stopped.reason]
    return say(
        "Ended after epoch {epoch}{of}: {why}; best epoch {best} with validation {metric} {value}",
        epoch=f"{stopped.epoch:.3g}",
        of=say(" of {epochs}", epochs=epochs) if epochs is not None else "",
        why=why,
        best=f"{stopped.best_epoch:.3g}",
        metric=metric,
        value=f"{stopped.best_metric:.3f}",
    )


def _all_done(stopped: Stopped, epochs: int | None, say: Catalogue) -> str:
    """What of the plan was done: its epochs, or the steps where those end it earlier."""
    if epochs is not None and abs(stopped.epoch - epochs) > WHOLE_EPOCH:
        return say("all planned steps done")
    return say("its only epoch done") if epochs == 1 else say("all epochs done")
