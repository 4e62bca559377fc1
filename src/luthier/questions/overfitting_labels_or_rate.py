"""Training gets better and validation does not: trained too long, too few labels, or a wrong rate?

The causes share the symptom of a gap between training and validation, or of a validation loss that
rises. The fault of overfitting tells three of them apart by the course of validation and by a
linear rival; the faults of the learning rate look at what the steps did to the weights. Where one
of these is the symptom of another finding, that one is the answer.
"""

from __future__ import annotations

from collections.abc import Mapping

from luthier.kit.root_causes import cause_seen, with_roots
from luthier.kit.row_scores import mean_gap, score_name
from luthier.records import (
    STANDINGS,
    Answer,
    AnyPredictions,
    Cause,
    ClearedFault,
    Diagnosis,
    Figure,
    Finding,
    UncheckedFault,
)
from luthier.records.diagnosis import Verdict

TITLE = "Training improves, validation does not: trained too long, too few labels, or a wrong rate?"
STUCK = "Training itself does not improve: a wrong rate, or something else?"
RANK = 2
ANY_TASK = True

GAP = 0.05
"""Training minus validation score (lower end) from which the question arises."""

FIT, HIGH, LOW = (
    "overfitting_or_too_few_labels",
    "learning_rate_too_high",
    "learning_rate_too_low",
)
FEW = "too_few_labels"
KINDS = {
    "metric_overfitting": "it was trained too long (overfitting)",
    "loss_only": "only the loss overfits: answers are as good, but too sure of themselves",
    FEW: "there are too few labelled rows to learn from",
}
RATES = {HIGH: "the learning rate is too high", LOW: "the rate is too low, or the steps too few"}
HALF = "train on half of the rows: if validation falls clearly, more labels will raise it"
MORE_MAY_HELP = "no overfitting is seen, but more rows may help without it"
TENTH = "the same run at a tenth of the learning rate"


def answer(found: Diagnosis, evidence: Mapping[str, object]) -> Answer | None:
    """Rank the causes; None where validation follows training and no cause was seen."""
    gap = _gap(evidence)
    seen = [finding for finding in found.fired if finding.fault in (FIT, *RATES)]
    fired = {finding.fault for finding in seen}
    stuck = FIT not in fired and any(finding.measured.get("failed") for finding in seen)
    if not fired and (gap is None or gap.low <= GAP):
        return None
    causes = [*_of_fit(found), *(_of_rate(found, fault) for fault in RATES)]
    causes = with_roots(found, [*causes, *_of_labels(found)], (FIT, HIGH, LOW))
    causes.sort(key=lambda cause: STANDINGS.index(cause.standing))
    open_ones = [cause for cause in causes if cause.standing in ("likely", "possible")]
    decided = causes[0].standing == "found"
    next_test = next((cause.next_test for cause in open_ones if cause.next_test), "")
    return Answer(
        question=__name__.rpartition(".")[2],
        title=STUCK if stuck else TITLE,
        message=_message(gap, _score(evidence), tuple(causes), found.of(FIT)),
        causes=tuple(causes),
        next_test="" if decided else next_test,
    )


def _gap(evidence: Mapping[str, object]) -> Figure | None:
    """Training minus validation score; None where either is not known."""
    train, ours = (evidence.get(f"{name}_predictions") for name in ("train", "validation"))
    if not (isinstance(train, AnyPredictions) and isinstance(ours, AnyPredictions)):
        return None
    return mean_gap(train, ours) if train.known.any() and ours.known.any() else None


def _of_fit(found: Diagnosis) -> list[Cause]:
    """The three causes that the course of validation and a linear rival tell apart."""
    verdict = found.of(FIT)
    if isinstance(verdict, Finding):
        kind = str(verdict.measured["kind"])
        other = f"what was measured speaks for another one: {KINDS[kind]}"
        return [
            cause_seen(found, verdict, name, title)
            if name == kind
            else Cause(name, title, "ruled_out", other)
            for name, title in KINDS.items()
        ]
    if isinstance(verdict, ClearedFault):
        return [
            Cause(FEW, title, "possible", MORE_MAY_HELP, HALF)
            if name == FEW
            else Cause(name, title, "ruled_out", verdict.message)
            for name, title in KINDS.items()
        ]
    because = verdict.needs if isinstance(verdict, UncheckedFault) else "it was not looked at"
    return [Cause(name, title, "possible", because, HALF) for name, title in KINDS.items()]


def _of_rate(found: Diagnosis, fault: str) -> Cause:
    verdict, title = found.of(fault), RATES[fault]
    if isinstance(verdict, Finding):
        return cause_seen(found, verdict, fault, title)
    if isinstance(verdict, ClearedFault):
        return Cause(fault, title, "ruled_out", verdict.message)
    because = verdict.needs if isinstance(verdict, UncheckedFault) else "it was not looked at"
    return Cause(fault, title, "possible", because, TENTH if fault == HIGH else "")


def _of_labels(found: Diagnosis) -> list[Cause]:
    """Labels learned by heart that are wrong: they make such a gap, too."""
    verdict = found.of("wrong_labels")
    if not isinstance(verdict, Finding):
        return []
    title = "wrong labels are learned by heart, and do not help with new rows"
    test = "read the first 50 rows of the relabel queue"
    return [Cause("wrong_labels", title, "likely", verdict.message, test)]


def _score(evidence: Mapping[str, object]) -> str:
    ours = evidence.get("validation_predictions")
    return score_name(ours) if isinstance(ours, AnyPredictions) else "accuracy"


def _message(gap: Figure | None, score: str, causes: tuple[Cause, ...], fit: Verdict | None) -> str:
    said = "Training and validation were not both answered."
    if gap is not None:
        said = (
            f"Training minus validation {score} is {gap.value:+.3f} ({gap.low:+.3f} to "
            f"{gap.high:+.3f})."
        )
    seen = [cause.title for cause in causes if cause.standing == "found"]
    open_ones = [cause.title for cause in causes if cause.standing in ("likely", "possible")]
    told = f"What is known does not decide it; open: {'; '.join(open_ones)}."
    if seen:
        told = f"What was found: {'; '.join(seen)}."
    elif not open_ones:
        told = "That is no fault: every cause was looked for and none is there."
    elif isinstance(fit, UncheckedFault):
        told = f"{told} {fit.needs}"
    return f"{said} {told}"
