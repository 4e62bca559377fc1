"""Luthier: from a labelled file to a fine-tuned model, and why it is not better.

    run = luthier.workup("data.csv")
    run.metrics["test"]["macro_f1"], run.diagnosis.fired, run.predict(["..."])

`import luthier` imports neither torch nor transformers; the names below are loaded when used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from luthier.errors import LuthierError as LuthierError
    from luthier.journeys.auditing import audit as audit
    from luthier.journeys.compare import compare as compare
    from luthier.journeys.doctor import watch as watch
    from luthier.journeys.export import export as export
    from luthier.journeys.own_answers import diagnose_predictions as diagnose_predictions
    from luthier.journeys.run import Run as Run
    from luthier.journeys.trainer_callback import DoctorCallback as DoctorCallback
    from luthier.journeys.verbs import diagnose as diagnose
    from luthier.journeys.verbs import evaluate as evaluate
    from luthier.journeys.verbs import explain as explain
    from luthier.journeys.verbs import list_faults as list_faults
    from luthier.journeys.verbs import list_settings as list_settings
    from luthier.journeys.verbs import load as load
    from luthier.journeys.verbs import predict as predict
    from luthier.journeys.verbs import prescribe as prescribe
    from luthier.journeys.verbs import report as report
    from luthier.journeys.verbs import split as split
    from luthier.journeys.verbs import train as train
    from luthier.journeys.workup import demo as demo
    from luthier.journeys.workup import workup as workup
    from luthier.settings import Settings as Settings

_HOMES = {
    "DoctorCallback": "luthier.journeys.trainer_callback",
    "LuthierError": "luthier.errors",
    "Run": "luthier.journeys.run",
    "Settings": "luthier.settings",
    "audit": "luthier.journeys.auditing",
    "compare": "luthier.journeys.compare",
    "demo": "luthier.journeys.workup",
    "diagnose": "luthier.journeys.verbs",
    "diagnose_predictions": "luthier.journeys.own_answers",
    "evaluate": "luthier.journeys.verbs",
    "explain": "luthier.journeys.verbs",
    "export": "luthier.journeys.export",
    "list_faults": "luthier.journeys.verbs",
    "list_settings": "luthier.journeys.verbs",
    "load": "luthier.journeys.verbs",
    "predict": "luthier.journeys.verbs",
    "prescribe": "luthier.journeys.verbs",
    "report": "luthier.journeys.verbs",
    "split": "luthier.journeys.verbs",
    "train": "luthier.journeys.verbs",
    "watch": "luthier.journeys.doctor",
    "workup": "luthier.journeys.workup",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 - a list, made from the one table above


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'luthier' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
