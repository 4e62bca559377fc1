"""A run as a Python value: the run folder, and answers from its model."""

from __future__ import annotations

import os
from collections.abc import Sequence

from luthier.journeys.given import named_run
from luthier.records import AnyPredictions
from luthier.run_folder import RunFolder


class Run(RunFolder):
    """A run folder that can also be asked.

    `run.metrics`, `run.evaluation`, `run.diagnosis`, `run.history`, `run.splits`,
    `run.predictions("test")` read the folder; `run.predict(texts)` asks the model in it.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(named_run(path))

    def predict(self, texts: Sequence[str]) -> AnyPredictions:
        """Answer texts with the model of this run.

        Args:
            texts: n texts.

        Returns:
            n answers in the same order; `labels` are -1 and `loss` NaN, nothing is known of them.

        Raises:
            RunFolderError: when the run has no model yet.
            InputError: when a text is empty or not a string.
        """
        from luthier.journeys.predict import predict_texts

        return predict_texts(self, texts)
