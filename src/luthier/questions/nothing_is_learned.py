"""The answers are no better than chance: which of the many causes is it?

They share one symptom. What each fault saw parts some of them; 16 rows that can, or cannot, be
learned by heart part the machinery of training from the data.
"""

from __future__ import annotations

from collections.abc import Mapping

from luthier.kit.rivals import commonest_share, strongest_rival
from luthier.kit.root_causes import cause_seen, with_roots
from luthier.kit.share_difference import accuracy_figure
from luthier.records import (
    STANDINGS,
    Answer,
    Cause,
    ClearedFault,
    Diagnosis,
    Figure,
    Finding,
    Predictions,
    UncheckedFault,
)
from luthier.records.probe import OverfitProbe

TITLE = "The answers are no better than chance: why?"
RANK = 0
ANY_TASK = False

FEWEST_ROWS = 50
"""Fewer validation rows do not tell chance from a little more."""

OF_TRAINING = (
    "not_finite",
    "steps_not_as_planned",
    "parameters_not_trained",
    "pretrained_weights_missing",
    "probabilities_into_loss",
    "head_does_not_fit",
    "learning_rate_too_high",
    "gradients_vanish",
)
"""Faults of the machinery: with one of them not even 16 rows are learned by heart."""

OF_ROWS = ("learning_rate_too_low", "rows_in_label_order", "label_order", "wrong_labels")
"""Faults with which 16 rows can well be learned by heart."""

TEXTS, TOLD_NOTHING = "texts_tell_nothing", "the texts do not tell the label"
TEST = (
    "luthier diagnose RUN --probe: if 16 rows cannot be learned by heart, the cause lies in the "
    "training itself; if they can, in the data or in the length of the training"
)


def answer(found: Diagnosis, evidence: Mapping[str, object]) -> Answer | None:
    """Rank the causes; None where the model surely learned something, or too little is known."""
    ours = evidence.get("validation_predictions")
    if not isinstance(ours, Predictions):
        return None
    accuracy, chance = accuracy_figure(ours), commonest_share(ours)
    if accuracy.n < FEWEST_ROWS or accuracy.low > chance or chance == 1.0:
        return None
    given = evidence.get("overfit_probe")
    probe = given if isinstance(given, OverfitProbe) else None
    causes = [cause for fault in OF_TRAINING if (cause := _cause(found, fault, probe, own=True))]
    causes += [cause for fault in OF_ROWS if (cause := _cause(found, fault, probe, own=False))]
    causes = with_roots(found, causes, (*OF_TRAINING, *OF_ROWS))
    causes.append(_of_texts(evidence.get("floor_predictions"), probe))
    causes.sort(key=lambda cause: STANDINGS.index(cause.standing))
    decided = causes[0].standing == "found"
    return Answer(
        question=__name__.rpartition(".")[2],
        title=TITLE,
        message=_message(accuracy, chance, tuple(causes), probe),
        causes=tuple(causes),
        next_test="" if decided or probe else TEST,
        serious=True,
    )


def _cause(found: Diagnosis, fault: str, probe: OverfitProbe | None, *, own: bool) -> Cause | None:
    """What is known of one fault; `own` says that with it not even 16 rows are learned."""
    verdict = found.of(fault)
    if isinstance(verdict, Finding):
        return cause_seen(found, verdict, fault, verdict.title)
    if isinstance(verdict, ClearedFault):
        return Cause(fault, verdict.title, "ruled_out", verdict.message)
    if not isinstance(verdict, UncheckedFault):
        return None
    if probe is not None and probe.learned and own:
        return Cause(fault, verdict.title, "ruled_out", _learned(probe))
    if probe is not None and probe.stuck:
        standing, because = ("likely", _not_learned(probe)) if own else ("possible", verdict.needs)
        return Cause(fault, verdict.title, standing, because)  # type: ignore[arg-type]
    return Cause(fault, verdict.title, "possible", verdict.needs)


def _of_texts(floors: object, probe: OverfitProbe | None) -> Cause:
    """Whether a linear model learns from the same rows what this one did not."""
    rival = strongest_rival(floors) if isinstance(floors, Mapping) else None
    if rival is not None:
        theirs, chance = accuracy_figure(rival[1]), commonest_share(rival[1])
        because = f"a linear model is right in {_ends(theirs)} of the same rows"
        if theirs.low > chance:
            return Cause(TEXTS, TOLD_NOTHING, "ruled_out", because)
        return Cause(TEXTS, TOLD_NOTHING, "likely", because)
    if probe is not None and probe.stuck:
        return Cause(TEXTS, TOLD_NOTHING, "possible", _not_learned(probe))
    test = "let the simple rivals answer too (evaluate.floors: true)"
    return Cause(TEXTS, TOLD_NOTHING, "possible", "no simple model was asked", test)


def _learned(probe: OverfitProbe) -> str:
    return f"{probe.rows} rows were learned by heart in {probe.steps} steps of this training"


def _not_learned(probe: OverfitProbe) -> str:
    if probe.broke:
        return f"training on {probe.rows} rows alone broke off: {probe.broke}"
    if probe.stuck:
        return (
            f"not even {probe.rows} rows were learned by heart in {probe.steps} steps "
            f"({probe.accuracy:.0%} right)"
        )
    return (
        f"{probe.rows} rows were learned in part in {probe.steps} steps ({probe.accuracy:.0%} "
        "right), which decides nothing"
    )


def _message(
    accuracy: Figure, chance: float, causes: tuple[Cause, ...], probe: OverfitProbe | None
) -> str:
    said = (
        f"Validation accuracy is {_ends(accuracy)}, and always answering the most frequent label "
        f"gives {chance:.3f}"
    )
    if probe is not None:
        told = _learned(probe) if probe.learned else _not_learned(probe)
        said = f"{said}; {told}"
    seen = [cause.title for cause in causes if cause.standing == "found"]
    open_ones = [cause.title for cause in causes if cause.standing in ("likely", "possible")]
    told = f"What is known does not decide it; open: {'; '.join(open_ones)}."
    if seen:
        told = f"What was found: {'; '.join(seen)}."
    return f"{said}. {told}"


def _ends(figure: Figure) -> str:
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"
