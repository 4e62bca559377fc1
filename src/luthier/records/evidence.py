"""The evidence a fault may ask for, by parameter name. No torch here.

`detect(rows, splits)` asks for `rows` and `splits`: its signature is the list of what it needs.
A name that is not in `EVIDENCE` is a mistake that the contract tests find.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class CheckpointFacts:
    """Which weights are which: digests are sha256 over the sorted weight tensors.

    Args:
        initial: before the first step.
        best: the checkpoint that validation chose; `best_step` is its optimizer step.
        last: the newest checkpoint; `last_step` is its optimizer step.
        evaluated: the weights that answered `predictions/test.parquet`.
        shipped: the weights in `model/`.
        best_metric: value of `metric_name` on validation at `best_step`.
        last_metric: the same at `last_step`.
    """

    initial: str
    best: str
    last: str
    evaluated: str
    shipped: str
    best_step: int
    last_step: int
    best_metric: float
    last_metric: float
    metric_name: str


@dataclass(frozen=True, slots=True)
class EvidenceSpec:
    """One kind of evidence.

    Args:
        meaning: its type, and what it says.
        verb: what makes it.
        any_task: whether it means the same where rows do not have one label each.
    """

    meaning: str
    verb: str
    any_task: bool = False


EVIDENCE: Mapping[str, EvidenceSpec] = MappingProxyType(
    {
        "rows": EvidenceSpec("records.Rows: every row with its text and label", "load"),
        "audit": EvidenceSpec("records.Audit: measured facts about the rows", "audit"),
        "splits": EvidenceSpec(
            "records.Splits: which row belongs to which split", "split", any_task=True
        ),
        "encoding": EvidenceSpec(
            "Mapping[split name, records.EncodedFacts]: what was cut and what is unknown",
            "encode",
            any_task=True,
        ),
        "lengths": EvidenceSpec(
            "records.RowLengths: how long each row is, and what the model does not see",
            "encode",
            any_task=True,
        ),
        "label_opinions": EvidenceSpec(
            "records.LabelOpinions: answers by models that did not learn from the rows", "audit"
        ),
        "label_pairs": EvidenceSpec(
            "records.LabelPairs: dossiers of the confused labels, and the words of labels", "audit"
        ),
        "history": EvidenceSpec(
            "tuple[records.Event, ...]: everything training said", "train", any_task=True
        ),
        "training": EvidenceSpec(
            "records.TrainingFacts: parameters, steps and losses as they were seen",
            "train",
            any_task=True,
        ),
        "checkpoints": EvidenceSpec(
            "records.CheckpointFacts: which weights are which", "train", any_task=True
        ),
        "train_predictions": EvidenceSpec(
            "records.Predictions on training rows (a sample on large data), evaluation mode",
            "evaluate",
        ),
        "validation_predictions": EvidenceSpec(
            "records.Predictions on the validation rows", "evaluate"
        ),
        "test_predictions": EvidenceSpec("records.Predictions on the test rows", "evaluate"),
        "held_out_answers": EvidenceSpec(
            "Mapping[split name, records.Predictions]: the validation rows and the test rows, as "
            "far as they were answered",
            "evaluate",
        ),
        "recorded_answers": EvidenceSpec(
            "Mapping[split name, records.Predictions]: the answers of every judged split there is",
            "evaluate",
        ),
        "floor_predictions": EvidenceSpec(
            "Mapping[str, records.Predictions]: simple rivals on the validation rows, by name",
            "evaluate",
        ),
        "evaluation": EvidenceSpec("records.Evaluation: every figure of every split", "evaluate"),
        "settings": EvidenceSpec(
            "settings.Settings: the resolved settings of the run", "train", any_task=True
        ),
        "parity": EvidenceSpec(
            "records.Parity: the shipped model in a fresh process beside the recorded answers",
            "diagnose --parity",
        ),
        "overfit_probe": EvidenceSpec(
            "records.probe.OverfitProbe: whether 16 rows can be learned by heart",
            "diagnose --probe",
        ),
        "looks": EvidenceSpec("ledger.Looks: models judged on the same test rows", "evaluate"),
        "reported_figures": EvidenceSpec(
            "tuple[records.ReportedFigure, ...]: figures that were reported, of any split",
            "evaluate",
        ),
        "headline_metric": EvidenceSpec(
            "str: the figure that choices and reports go by; empty where none is named", "evaluate"
        ),
    }
)
