"""Every verb alone, as the commands and the Python functions offer it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from luthier.errors import LuthierError
from luthier.faults import Fault
from luthier.journeys import label_check
from luthier.journeys.copy_place import left_out_beside
from luthier.journeys.label_check import Fixed, check_copy
from luthier.journeys.opening import SettingsLike, open_run, resolve_settings, walk_of
from luthier.journeys.run import Run
from luthier.journeys.workup import workup
from luthier.kit.copy_forms import COPY_ENDINGS
from luthier.kit.relabel_queue import QUEUE_ENDINGS, queue_as_csv
from luthier.records import (
    AnyPredictions,
    Audit,
    Diagnosis,
    LabelOpinions,
    Listener,
    Note,
    Prescription,
    RelabelRow,
    Rows,
)
from luthier.run_folder import RunFolder, write_text
from luthier.settings_file import SettingRow, every_setting, from_run_yaml

Source = str | Path


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit alone finds: rows, measured facts, and the faults that need no model.

    `opinions` are a linear model's on every label, and `queue` the rows to read first; None and
    empty for a task without one label per row, and where there is nothing to learn from.
    """

    rows: Rows
    audit: Audit
    diagnosis: Diagnosis
    opinions: LabelOpinions | None = None
    queue: tuple[RelabelRow, ...] = ()


def load(source: Source, *, settings: SettingsLike = None) -> Rows:
    """Read a labelled file or folder.

    Raises:
        InputError: with every problem found and its place.
    """
    return _read(source, settings, whole=False)


def _read(source: Source, settings: SettingsLike, *, whole: bool) -> Rows:
    from luthier.journeys.labels import name_labels
    from luthier.stages.load import load as load_rows
    from luthier.tasks import tasks_called

    resolved = resolve_settings(settings, source).settings
    return name_labels(load_rows(source, tasks_called(resolved.task), resolved.data, whole=whole))


def audit(source: Source, *, settings: SettingsLike = None, to_fix: bool = False) -> AuditReport:
    """Measure a labelled file and ask every fault that needs no model; writes nothing.

    Args:
        source: the labelled file or folder.
        settings: of the data and of the split.
        to_fix: keep all that a cleaned copy needs (`fix`): every column, and the rows left out.

    Raises:
        InputError: with every problem found and its place.
    """
    from luthier.stages.audit import audit as audit_rows
    from luthier.stages.diagnose import diagnose as ask
    from luthier.stages.split import split as split_rows

    rows = _read(source, settings, whole=to_fix)
    chosen = resolve_settings(settings, source).settings.split
    measured = audit_rows(rows, chosen.near_duplicates)
    evidence: dict[str, object] = {"rows": rows, "audit": measured}
    if rows.source.has_own_splits:
        evidence["splits"] = split_rows(rows, chosen, measured.alike_clusters)
    doubts = label_check.doubts_of(rows)
    if doubts is None:
        return AuditReport(rows, measured, ask(evidence))
    evidence |= {"label_opinions": doubts.opinions, "label_pairs": doubts.pairs}
    diagnosis = ask(evidence)
    return AuditReport(rows, measured, diagnosis, doubts.opinions, doubts.queue)


def fix(report: AuditReport, out: Source, *, force: bool = False) -> Fixed:
    """Write a cleaned copy of audited rows: a new file with what was done to each row.

    Repeated, contradictory and empty rows are left out, and the most surely wrong labels changed
    (where each row has one label); the columns are those of the file;
    rows that the files give for validation or test keep their labels. The rows left out stand in
    a file beside it (`clean.left_out.csv` for `clean.csv`). The data themselves are never touched.

    Args:
        report: what `audit` found that was asked `to_fix`; else the copy has only the columns that
            were read, and nothing of the rows that lack a text or a label.
        out: the file to write; its ending (.csv, .tsv, .jsonl) says the form.
        force: replace `out` if it is there.

    Raises:
        InputError: when the file may not be written.
        MachineError: when no file can be written in its folder.
    """
    for path in (Path(out), left_out_beside(Path(out))):
        check_copy(path, report.rows, COPY_ENDINGS, force=force)
    return label_check.write_cleaned_copy(report.rows, report.opinions, Path(out))


def save_relabel_queue(report: AuditReport, out: Source, *, force: bool = False) -> Path:
    """Write the rows whose labels are doubted, most doubtful first, as CSV.

    Raises:
        InputError: when the rows do not have one label each, or the file may not be written.
        MachineError: when no file can be written in its folder.
    """
    label_check.check_doubted(report.rows)
    check_copy(Path(out), report.rows, QUEUE_ENDINGS, force=force)
    write_text(Path(out), queue_as_csv(report.queue))
    return Path(out)


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
    "AuditReport",
    "audit",
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
