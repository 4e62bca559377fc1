"""Evidence about what was judged: recorded answers, reported figures, looks, parity. No torch."""

from __future__ import annotations

from collections.abc import Mapping

from luthier.kit.figure_definitions import DEFINED
from luthier.ledger import Looks
from luthier.records import Evaluation, Parity, Predictions, ReportedFigure, SplitName
from luthier.records.probe import OverfitProbe
from luthier.run_folder import RunFolder
from luthier.settings import Settings

PARITY = "parity.json"
PROBE = "probe.json"
EXACT = 1e-9
"""Luthier writes every digit of its figures."""

JUDGED: tuple[SplitName, ...] = ("validation", "test")


def judged_evidence(run: RunFolder, evidence: Mapping[str, object]) -> dict[str, object]:
    """What follows from the evidence of a run, and from its folder.

    Answers that are no single labels are left out.

    Raises:
        RunFolderError: when a part of the folder cannot be read.
    """
    found: dict[str, object] = {}
    recorded = {
        split: answers
        for split in JUDGED
        if isinstance(answers := evidence.get(f"{split}_predictions"), Predictions)
    }
    if recorded:
        found["recorded_answers"] = recorded
    settings, evaluation = evidence.get("settings"), evidence.get("evaluation")
    if isinstance(settings, Settings):
        found["headline_metric"] = settings.train.metric_for_best_model
    if isinstance(evaluation, Evaluation):
        found["reported_figures"] = _reported(evaluation)
    if (run.path / "test_set_looks.json").exists():
        found["looks"] = run.read("test_set_looks.json", Looks)
    if (run.path / PROBE).exists():
        found["overfit_probe"] = run.read(PROBE, OverfitProbe)
    if (run.path / PARITY).exists():
        parity = run.read(PARITY, Parity)
        judged = recorded.get("validation")
        if judged is not None and parity.recorded_digest == judged.model_digest:
            found["parity"] = parity  # that of older weights says nothing of these
    return found


def _reported(evaluation: Evaluation) -> tuple[ReportedFigure, ...]:
    return tuple(
        ReportedFigure(name, figure.value, EXACT, split)
        for split in JUDGED
        if split in evaluation.splits
        for name, figure in evaluation.splits[split].figures.items()
        if name in DEFINED
    )
