"""Answering new texts with the model of a run, by the same way as in training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from luthier.errors import InputError, Problem
from luthier.journeys.shipping import load_bound_model
from luthier.records import Predictions, Rows, Source
from luthier.run_folder import RunFolder
from luthier.settings_file import from_run_yaml
from luthier.tasks import get_task


def predict_texts(run: RunFolder, texts: Sequence[object]) -> Predictions:
    """Answers to texts, in their order.

    Raises:
        InputError: when a text is empty or not a string.
        RunFolderError: when the run has no model yet.
    """
    problems = [
        Problem(
            "is empty" if isinstance(text, str) else f"is {type(text).__name__}, not text",
            where=f"text {number}",
        )
        for number, text in enumerate(texts, start=1)
        if not isinstance(text, str) or not text.strip()
    ]
    if problems:
        raise InputError(problems, next_step="leave these texts out")
    n = len(texts)
    rows = Rows(
        ids=np.arange(n),
        columns={"text": list(texts)},
        locations=[f"text {number}" for number in range(1, n + 1)],
        given_split=[None] * n,
        source=Source(path="", files=(), rows=n, columns={"text": "text"}),
    )
    return _answer(run, rows)


def predict_file(run: RunFolder, path: str | Path) -> tuple[Rows, Predictions]:
    """The rows of a file and the answers to them, in their order; labels are not needed.

    Raises:
        InputError: when the file cannot be used.
        RunFolderError: when the run has no model yet.
    """
    from luthier.stages.load import load

    run.require("model")
    settings = from_run_yaml(run.settings_path).settings
    # the columns were named for the training file; another file may use the usual names
    rows = load(path, get_task(settings.task), settings.data, targets_required=False)
    return rows, _answer(run, rows)


def _answer(run: RunFolder, rows: Rows) -> Predictions:
    model, tokenizer, bound = load_bound_model(run)  # also says when torch is not installed
    from luthier.engines.local import LocalEngine
    from luthier.stages.predict import predict

    settings = from_run_yaml(run.settings_path).settings
    return predict(
        get_task(bound["task"]),
        LocalEngine(),
        model,
        tokenizer,
        rows,
        tuple(bound["labels"]),
        settings,
        bound["digest"],
    )
