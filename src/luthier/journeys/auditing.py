"""`luthier audit` and what it writes when asked: a cleaned copy, and the labels to read again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from luthier.journeys import label_check
from luthier.journeys.copy_place import left_out_beside
from luthier.journeys.label_check import Fixed, check_copy
from luthier.journeys.opening import SettingsLike, resolve_settings
from luthier.kit.copy_forms import COPY_ENDINGS
from luthier.kit.relabel_queue import QUEUE_ENDINGS, queue_as_csv
from luthier.records import Audit, Diagnosis, LabelOpinions, RelabelRow, Rows
from luthier.run_folder import write_text

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


def read_rows(source: Source, settings: SettingsLike, *, whole: bool) -> Rows:
    """The rows of a labelled file or folder; `whole` as in `stages.load`."""
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

    rows = read_rows(source, settings, whole=to_fix)
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
