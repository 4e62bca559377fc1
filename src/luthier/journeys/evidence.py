"""Collecting what is known of a run for the faults. No torch here: a folder is enough."""

from __future__ import annotations

from collections.abc import Mapping

from luthier.journeys.judged_evidence import judged_evidence
from luthier.journeys.label_check import read_opinions
from luthier.journeys.own_predictions import own_answers
from luthier.journeys.shipping import MANIFEST, manifest
from luthier.records import (
    CheckpointFacts,
    Evaluated,
    Rows,
    Saved,
    Started,
    Stopped,
)
from luthier.run_folder import RunFolder
from luthier.settings_file import from_run_yaml

IN_FILES: Mapping[str, str] = {
    "audit": "audit.json",
    "splits": "splits.parquet",
    "encoding": "encoding.json",
    "lengths": "lengths.parquet",
    "training": "training.json",
    "evaluation": "metrics.json",
    "label_pairs": "label_pairs.json",
}
"""Evidence that is read from one file of the run, by the property of its name."""


def evidence_of(run: RunFolder, rows: Rows) -> dict[str, object]:
    """Every piece of evidence that this run holds, by its name in `records.EVIDENCE`."""
    evidence: dict[str, object] = {
        "rows": rows,
        "settings": from_run_yaml(run.settings_path).settings,
    }
    if history := run.history:
        evidence["history"] = history
    for name, file in IN_FILES.items():
        if (run.path / file).exists():
            evidence[name] = getattr(run, name)
    opinions = read_opinions(run)
    if opinions is not None:
        evidence["label_opinions"] = opinions
    facts = checkpoint_facts(run)
    if facts is not None:
        evidence["checkpoints"] = facts
    for split in ("train", "validation", "test"):
        if run.predictions_path(split).exists():
            evidence[f"{split}_predictions"] = own_answers(run, split)
    floors = sorted((run.path / "predictions").glob("floor_*.parquet"))
    if floors or "evaluation" in evidence:  # judged without rivals: known to be none
        evidence["floor_predictions"] = {
            path.stem.removeprefix("floor_"): run.answers(path.stem) for path in floors
        }
    return evidence | judged_evidence(run, evidence)


def checkpoint_facts(run: RunFolder) -> CheckpointFacts | None:
    """Which weights are which; None before training ended and something was judged."""
    history = run.history
    started = [event for event in history if isinstance(event, Started)]
    saved = {event.kind: event for event in history if isinstance(event, Saved)}
    judged = [event for event in history if isinstance(event, Evaluated)]
    ended = bool(history) and isinstance(history[-1], Stopped)
    answered = run.predictions_path("test")
    if not (started and {"best", "last"} <= saved.keys() and judged and ended):
        return None
    if not (answered.exists() and (run.model / MANIFEST).exists()):
        return None
    name = from_run_yaml(run.settings_path).settings.train.metric_for_best_model
    at_best = [event for event in judged if event.step == saved["best"].step]
    return CheckpointFacts(
        initial=started[0].initial_digest,
        best=saved["best"].digest,
        last=saved["last"].digest,
        evaluated=run.answers("test").model_digest,
        shipped=manifest(run)["digest"],
        best_step=saved["best"].step,
        last_step=saved["last"].step,
        best_metric=(at_best or judged)[-1].validation[name],
        last_metric=judged[-1].validation[name],
        metric_name=name,
    )
