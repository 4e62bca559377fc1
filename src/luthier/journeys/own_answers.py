"""Answers of another framework, diagnosed from Python as `luthier diagnose --predictions` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from luthier.journeys.foreign import ForeignDiagnosis, ForeignRun, diagnose_foreign
from luthier.journeys.given import flat_settings


def diagnose_predictions(  # noqa: PLR0913 - each a choice of the caller, by name
    predictions: str | Path,
    *,
    validation: str | Path | None = None,
    train: str | Path | None = None,
    keras: str | Path | None = None,
    model: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    label_names: Sequence[str] = (),
    reported: Mapping[str, float] | None = None,
) -> ForeignDiagnosis:
    """Why is a model of another framework not better? Reads files; needs no torch without `model`.

    Args:
        predictions: file with text, true label, and the answer or one probability per label, for
            the test rows; a pandas frame is written by `frame.to_csv("test.csv", index=False)`.
        validation: the same for the validation rows; may hold texts and labels only.
        train: the same for the training rows.
        keras: `.keras` file of the model.
        model: folder that `save_pretrained` wrote, to let the model answer again.
        columns: `text`, `label`, `prediction` -> column name, where the guess must not decide.
        label_names: labels in the order of the outputs, where the guess must not decide.
        reported: figures that were reported, such as `{"macro_f1": 0.83}`.

    Returns:
        `diagnosis`, `evaluation` (the figures of each file) and `notes` (what was guessed);
        `print` shows them as the command does.

    Raises:
        InputError: with everything that is wrong with the files, each with its line.
        SettingsError: when `columns` or `reported` are no mappings.
        ModelError: when the model folder cannot be loaded.
    """
    paths = {"validation": validation, "train": train, "keras": keras, "model": model}
    given = {name: Path(path) for name, path in paths.items() if path is not None}
    figures = flat_settings(reported or {})
    return diagnose_foreign(
        ForeignRun(
            predictions=Path(predictions),
            columns=flat_settings(columns or {}),
            label_names=list(label_names),
            reported=[f"{name}={value}" for name, value in figures.items()],
            **given,
        )
    )
