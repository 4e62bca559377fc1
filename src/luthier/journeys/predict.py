"""Answering new texts with the model of a run, by the same way as in training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from luthier.errors import InputError, Problem, SettingsError
from luthier.journeys.given import list_of_texts
from luthier.journeys.opening import SettingsLike, resolve_settings
from luthier.journeys.shipping import load_bound_model, manifest
from luthier.kit.model_packages import require_model_packages
from luthier.records import AnyPredictions, PredictedRows, Rows, Source
from luthier.run_folder import RunFolder
from luthier.settings import DataSettings
from luthier.settings_file import from_run_yaml
from luthier.tasks import get_task

if TYPE_CHECKING:
    from luthier.stages.predict import Answering


AUTO, TORCH = "auto", "torch"
MAX_LOSS = 0.3
"""Points of the figure that a faster format may cost, measured on validation rows."""


def predict_texts(
    run: RunFolder, texts: Sequence[object], *, way: str = TORCH, max_loss: float = MAX_LOSS
) -> AnyPredictions:
    """Answers to texts, in their order.

    Args:
        run: the run whose model answers.
        texts: n texts; a column of a table is such a list too.
        way: `torch`, `onnx`, `onnx-int8`, or `auto`: the fastest that was exported, gave the same
            texts and token ids in a fresh process, and costs no more than `max_loss`.
        max_loss: in points (hundredths) of the figure that training chose by.

    Raises:
        InputError: when a text is empty or not a string.
        RunFolderError: when the run has no model yet.
    """
    if isinstance(texts, str):
        raise InputError("give a list of texts, not one text", next_step='predict(["..."])')
    if hasattr(texts, "columns"):  # a table gives the names of its columns, one by one
        raise InputError(
            f"give the texts, not a whole {type(texts).__name__}",
            next_step='predict(frame["text"]), or the name of a file',
        )
    texts = list_of_texts(texts)
    problems = [
        Problem(what, where=f"text {number}")
        for number, text in enumerate(texts, start=1)
        if (what := _wrong_with(text))
    ]
    if problems or not texts:
        raise InputError(
            problems or "there is no text", next_step="give texts as strings, none of them empty"
        )
    if "text_pair" in run.source.columns:
        raise InputError(
            "the model reads two texts together, and these are single ones",
            next_step="luthier predict RUN FILE, a file with both columns",
        )
    n = len(texts)
    rows = Rows(
        ids=np.arange(n),
        columns={"text": texts},
        locations=[f"text {number}" for number in range(1, n + 1)],
        given_split=[None] * n,
        source=Source(path="", files=(), rows=n, columns={"text": "text"}),
    )
    return _answer(run, rows, way, max_loss).predictions


def _wrong_with(text: object) -> str:
    if not isinstance(text, str):
        return f"is {type(text).__name__}, not text"
    if not text.strip():
        return "is empty"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds bytes that are not UTF-8"
    return ""


def settings_of_file(settings: SettingsLike) -> DataSettings:
    """What settings say of the file to predict: its columns, its encoding and the like.

    Raises:
        SettingsError: when they are wrong, or some were given that the trained model has fixed.
    """
    resolved = resolve_settings(settings)
    given = {n: o for n, o in resolved.origins.items() if o.kind == "flag"}
    others = [origin.detail for name, origin in given.items() if not name.startswith("data.")]
    if others:
        what = "the model answers as it was trained: this setting changes nothing here"
        raise SettingsError(
            [Problem(what, where=name) for name in others],
            next_step="leave it out, or train another model with it: luthier workup DATA",
        )
    return resolved.settings.data


def predict_file(
    run: RunFolder,
    path: str | Path,
    data: DataSettings | None = None,
    *,
    way: str = AUTO,
    max_loss: float = MAX_LOSS,
) -> PredictedRows:
    """The rows of a file and the answers to them, in their order, and which of them were cut.

    Labels are neither needed nor looked at. Where `data` does not name the columns of texts, the
    names that they had in training are tried first, then the usual names. A row without text
    keeps its place and has no answer.

    Args:
        run: the run whose model answers.
        path: a file with a column of texts.
        data: columns, encoding and delimiter of this file; nothing is taken from the settings of
            the training file, which may have been another.
        way: as in `predict_texts`.
        max_loss: as in `predict_texts`.

    Raises:
        InputError: when the file cannot be used.
        RunFolderError: when the run has no model yet.
    """
    from luthier.stages.load import load

    run.require("model")
    task = get_task(manifest(run)["task"])
    known = {n: c for n, c in run.source.columns.items() if n in ("text", "text_pair")}
    rows = load(path, task, data or DataSettings(), targets_required=False, as_in_training=known)
    if "text_pair" in known and "text_pair" not in rows.columns:
        raise InputError(
            Problem("the model reads two texts together, and this file has one", where=str(path)),
            next_step="name the second one: --text-pair-column NAME",
        )
    targets = {column.name for column in task.columns if column.target}
    inputs = {name: values for name, values in rows.columns.items() if name not in targets}
    return _answer(run, replace(rows, columns=inputs), way, max_loss)


def _answer(run: RunFolder, rows: Rows, way: str, max_loss: float) -> PredictedRows:
    require_model_packages()
    from luthier.journeys.exports import chosen_export, load_export
    from luthier.stages.predict import predict

    bound = manifest(run)
    settings = from_run_yaml(run.settings_path).settings
    chosen, notes = chosen_export(run, way, max_loss)
    engine: Answering
    if chosen is None:
        from luthier.engines.local import LocalEngine

        engine = LocalEngine()
        model, tokenizer, bound = load_bound_model(run)
    else:
        engine, tokenizer = load_export(run, chosen, settings.train.threads)
        model = None
    answered = predict(
        get_task(bound["task"]),
        engine,
        model,
        tokenizer,
        rows,
        tuple(bound["labels"]),
        settings,
        bound["digest"],
        bound["thresholds"],
    )
    return replace(answered, notes=(*notes, *answered.notes))
