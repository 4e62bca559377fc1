"""Judge many models on the same test rows, and keep the best."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace

import numpy as np

from luthier.ledger import record_look
from trials import Trial, healthy_run


def plant(seed: int, *, looks: int) -> Trial:
    """Equal models (each answers 5 % of the rows at random) are judged, and the ledger counts."""
    result = healthy_run("pairs", seed, 1500)
    told = result.evidence["test_predictions"]
    rng = np.random.default_rng(seed)
    best = None
    before = os.environ.get("LUTHIER_HOME")
    with tempfile.TemporaryDirectory() as home:
        os.environ["LUTHIER_HOME"] = home
        for number in range(looks):
            lucky = rng.random(len(told)) < 0.05
            answers = np.where(
                lucky, rng.integers(len(told.label_names), size=len(told)), told.predicted
            )
            model = replace(told, predicted=answers)
            counted = record_look(f"rows {seed}", f"model {number}", "evaluate")
            if (
                best is None
                or (answers == told.labels).mean() > (best.predicted == told.labels).mean()
            ):
                best = model
    if before is None:
        del os.environ["LUTHIER_HOME"]
    else:
        os.environ["LUTHIER_HOME"] = before
    return Trial(
        f"the best of {looks} equal models",
        {"looks": counted, "test_predictions": best},
        present=frozenset({"test_used_for_choice"}),
    )
