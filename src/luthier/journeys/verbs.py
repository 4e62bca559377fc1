"""Every verb alone, as the commands and the Python functions offer it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from luthier.errors import LuthierError
from luthier.faults import Fault
from luthier.journeys.auditing import Source, read_rows
from luthier.journeys.given import check_language
from luthier.journeys.opening import SettingsLike, open_run, walk_of
from luthier.journeys.run import Run
from luthier.journeys.workup import workup
from luthier.records import (
    AnyPredictions,
    Diagnosis,
    Listener,
    Note,
    Prescription,
    Rows,
)
from luthier.run_folder import RunFolder
from luthier.settings_file import SettingRow, every_setting, from_run_yaml


def load(source: Source, *, settings: SettingsLike = None) -> Rows:
    """Read a labelled file or folder.

    Raises:
        InputError: with every problem found and its place.
    """
    return read_rows(source, settings, whole=False)


def split(
    source: Source,
    *,
    run_dir: Source | None = None,
    settings: SettingsLike = None,
    listen: Listener | None = None,
) -> Run:
    """Share out the rows and write `splits.parquet` into a new run; `train` goes on from there."""
    return workup(source, run_dir=run_dir, settings=settings, until="split", listen=listen)


def train(
    source: Source,
    *,
    run_dir: Source | None = None,
    settings: SettingsLike = None,
    listen: Listener | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Run:
    """Fit a model: from a labelled file in a new run, or in a run that is there (resumed)."""
    resume = is_run(source)
    return workup(
        None if resume else source,
        run_dir=source if resume else run_dir,
        settings=settings,
        resume=resume,
        until="train",
        listen=listen,
        should_stop=should_stop,
    )


def evaluate(
    run: Source | RunFolder, *, language: str | None = None, listen: Listener | None = None
) -> Run:
    """Judge the model of a run again, from its shipped weights, and diagnose and report it anew.

    Args:
        run: the run folder.
        language: of the page: `en`, `zh-CN` or `zh-TW`; that of this machine when None.
        listen: told what happens.

    Returns:
        The run.

    Raises:
        RunFolderError: when the run has no model yet.
    """
    check_language(language)
    walk = walk_of(run, listen)
    with walk.run.lock():
        rows = walk.load()
        plan = walk.plan(rows, walk.split(rows))
        walk.resume = False  # judged anew, even where metrics.json is there
        walk.evaluate(rows, plan)
        walk.diagnose(rows)  # nothing in the folder may speak of older figures
        walk.report(rows, language=language)
    return walk.run


def diagnose(
    run: Source | RunFolder, *, parity: bool = False, listen: Listener | None = None
) -> Diagnosis:
    """Ask every fault; no torch, unless `parity` has the model answer in a fresh process."""
    walk = walk_of(run, listen)
    with walk.run.lock():
        return walk.diagnose(walk.load(), parity=parity)


def prescribe(run: Source | RunFolder) -> tuple[tuple[Prescription, ...], tuple[Note, ...]]:
    """What to change in a run, safest first, from its diagnosis; and what was left out, and why."""
    from luthier.stages.prescribe import prescribe as rank

    return rank(open_run(run).diagnosis)


def report(
    run: Source | RunFolder,
    *,
    language: str | None = None,
    test_rows: bool = False,
    listen: Listener | None = None,
) -> Path:
    """Write the plots, `report.html` and the model card of a run again.

    Args:
        run: the run folder.
        language: of the page: `en`, `zh-CN` or `zh-TW`; that of this machine when None.
        test_rows: show the test rows too; this look is recorded in the ledger first.
        listen: told what happens.

    Returns:
        The path of the page.
    """
    from luthier.journeys.look import open_test_rows

    check_language(language)
    walk = walk_of(run, listen)
    with walk.run.lock():
        rows = walk.load()
        if test_rows:
            open_test_rows(walk.run, rows)
        return walk.report(rows, language=language, test_rows=test_rows)


def predict(
    run: Source | RunFolder, texts: Sequence[str] | Source, *, settings: SettingsLike = None
) -> AnyPredictions:
    """Answer texts, or the rows of a file, with the model of a run.

    Args:
        run: the run folder.
        texts: a list of texts, or a file. A row of a file without text keeps its place and has no
            answer: `predicted` is -1 there (NaN of a number), and `probabilities` are NaN.
        settings: of the file, e.g. `{"text_column": "body"}`; those of training change nothing.

    Raises:
        InputError: when the file or a text cannot be used.
        RunFolderError: when the run has no model yet.
        SettingsError: when a setting is wrong, or not one of the file.
    """
    from luthier.journeys.predict import predict_file, predict_texts, settings_of_file

    data = settings_of_file(settings)
    if isinstance(texts, str | Path):
        return predict_file(open_run(run), texts, data).predictions
    return predict_texts(open_run(run), texts)


def explain(fault: str) -> str:
    """The page of a fault: what it is, why it hurts, how it is detected, what to do.

    Raises:
        SettingsError: when there is no such fault.
        LuthierError: when its file cannot be loaded.
    """
    from luthier.faults import get_fault

    found = get_fault(fault)
    if found.error:
        raise LuthierError(f"the fault file of {fault!r} cannot be used: {found.error}")
    return found.page


def list_faults() -> tuple[Fault, ...]:
    """Every fault that Luthier looks for: id, stage, title, page, what it needs, track record."""
    from luthier.faults import all_faults

    return all_faults()


def list_settings(run: Source | RunFolder | None = None) -> tuple[SettingRow, ...]:
    """Every setting with default, unit, meaning, and present value with its origin."""
    resolved = from_run_yaml(open_run(run).settings_path) if run is not None else None
    return tuple(every_setting(resolved))


def is_run(path: object) -> bool:
    """Whether something is the path of a run folder."""
    return isinstance(path, str | Path) and RunFolder(path).settings_path.is_file()


__all__ = [
    "diagnose",
    "evaluate",
    "explain",
    "is_run",
    "list_faults",
    "list_settings",
    "load",
    "predict",
    "prescribe",
    "report",
    "split",
    "train",
]
