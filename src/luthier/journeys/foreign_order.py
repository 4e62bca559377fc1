"""Labels in another order that is no fault of the model: assumed, or that of the output columns."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from luthier.faults import get_fault
from luthier.kit.prediction_files import Answers, labels_only
from luthier.questions import answers_to_all
from luthier.records import (
    Applicability,
    Diagnosis,
    Finding,
    Fired,
    IntArray,
    Note,
    Predictions,
    Prescription,
)
from luthier.stages.diagnose import diagnose

FAULT = "label_order"


def order_was_assumed(
    found: Diagnosis, names: Sequence[str], evidence: Mapping[str, object]
) -> Diagnosis:
    """The same diagnosis; if the labels stand in another order, it is the assumption that is wrong.

    Args:
        found: the diagnosis with the labels in the order that was assumed.
        names: that order.
        evidence: what was asked.
    """
    finding = found.of(FAULT)
    if not isinstance(finding, Finding):
        return found
    before, after = finding.measured["accuracy"][0], finding.measured["accuracy_reordered"]
    cure = Prescription(
        _say_order(finding, names),
        "The file does not name its outputs; until then every other finding is about answers that "
        "were read wrongly.",
        Applicability.ADVICE,
    )
    mended = replace(
        finding,
        message=(
            "The file does not say which output is which label, and the order that Luthier assumed "
            f"is wrong: in another one accuracy is {after:.3f} instead of {before:.3f}. The model "
            "may be sound."
        ),
        prescription=(cure,),
    )
    fired = tuple(mended if one.fault == FAULT else one for one in found.fired)
    found = replace(found, fired=fired)
    return replace(found, answers=answers_to_all(found, evidence, evidence))


def believed(answers: Answers, name: str) -> tuple[Answers, Predictions | None]:
    """The answers without outputs that contradict the predictions beside them.

    Args:
        answers: of one file.
        name: the file's, for messages.

    Returns:
        The answers, as labels only where the outputs are not believed; and where another order of
        the output columns gives the predictions: the labels of the highest outputs (`predicted`)
        beside the predictions (`labels`), which is what the fault `label_order` asks for.
    """
    found, highest = answers.predictions, answers.highest
    if highest is None:
        return answers, None
    unlike, most = int((found.predicted != highest).sum()), len(highest)
    if not unlike:
        return answers, None
    beside = replace(found, labels=found.predicted, predicted=highest)
    reordered = _in_another_order(beside)
    if reordered or (2 * unlike > most and not _by_threshold(found)):
        because = (
            "the columns stand in another order than the predictions"
            if reordered
            else "they may be another model's"
        )
        what = (
            f"{name}: in {unlike:,} of {most:,} rows another label than that of the highest output "
            f"is the prediction: {because}. The outputs are not used, only the predictions"
        )
        told = labels_only(found, answers.chosen, Note("warning", what))
        return replace(told, notes=(*answers.notes, *told.notes)), beside if reordered else None
    what = f"in {unlike:,} of {most:,} rows another label than that of the highest output"
    note = Note("warning", f"{name}: {what} is called the prediction")
    return replace(answers, notes=(*answers.notes, note)), None


def _in_another_order(predictions: Predictions) -> bool:
    """Whether the fault `label_order` finds another order, by its own rule."""
    module = get_fault(FAULT).module
    return module is not None and isinstance(module.detect(test_predictions=predictions), Fired)


def _by_threshold(found: Predictions) -> bool:
    """Whether two labels are predicted by a threshold other than one half."""
    if len(found.label_names) != 2:
        return False
    second: IntArray = found.predicted == 1
    output = found.probabilities[:, 1]
    both = bool(second.any() and not second.all())
    return both and float(output[~second].max()) <= float(np.min(output[second]))


def order_of_columns(
    found: Diagnosis, beside: Predictions, names: Sequence[str], *, assumed: bool
) -> Diagnosis:
    """The same diagnosis; `label_order` fires, because the output columns stand in another order.

    Only where the predictions themselves are in order. The answers to questions stay: the
    predictions are as good as they were.

    Args:
        found: the diagnosis of the predictions.
        beside: labels of the highest outputs beside the predictions, see `believed`.
        names: the labels in the order of the outputs.
        assumed: whether Luthier assumed that order, so that it can be said in the command.
    """
    asked = diagnose({"test_predictions": beside}, [get_fault(FAULT)]).of(FAULT)
    if not isinstance(asked, Finding) or isinstance(found.of(FAULT), Finding):
        return found
    return replace(
        found,
        fired=(_of_columns(asked, names, assumed), *found.fired),
        clear=tuple(one for one in found.clear if one.fault != FAULT),
        not_checked=tuple(one for one in found.not_checked if one.fault != FAULT),
    )


def _of_columns(finding: Finding, names: Sequence[str], assumed: bool) -> Finding:
    """The finding as one on the columns of a file, not on the model."""
    mapping = finding.measured["mapping"]
    named = ", ".join(f"{a} -> {b}" for a, b in list(mapping.items())[:12])
    named += ", ..." if len(mapping) > 12 else ""
    before, after = finding.measured["accuracy"][0], finding.measured["accuracy_reordered"]
    give = f"Give the output columns the names of their labels, and diagnose again: {named}"
    cure = _say_order(finding, names) if assumed else give
    message = (
        "The columns of the outputs stand in another order than the predictions: the highest "
        f"output is the prediction in {before:.1%} of the rows, and in another order in "
        f"{after:.1%}. Column -> label: {named}."
    )
    why = (
        "The predictions are judged as they are; of probabilities and losses nothing can be said "
        "until the columns are right."
    )
    mended = (Prescription(cure, why, Applicability.ADVICE),)
    return replace(finding, message=message, prescription=mended, rows=())


def _say_order(finding: Finding, names: Sequence[str]) -> str:
    """What to type so that the outputs, assumed to stand for `names`, are read in their order."""
    mapping = finding.measured["mapping"]
    order = ",".join(mapping.get(name, name) for name in names)
    return f"Say the order of the outputs, and diagnose again: --label-names {shlex.quote(order)}"
