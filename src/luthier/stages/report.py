"""Report: plots, one HTML file and the model card, from the records of a run. No torch here."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter

from luthier.errors import RunFolderError
from luthier.kit.number_parts import NumberPart, number_parts
from luthier.ledger import Looks
from luthier.records import (
    SPLIT_NAMES,
    AnyPredictions,
    Diagnosis,
    Evaluation,
    Event,
    FoldsEvaluation,
    ModelSource,
    Note,
    NumberPredictions,
    RowLengths,
    Rows,
    SplitName,
    Splits,
    Stopped,
)
from luthier.records.labels import LabelPairs, RelabelRow
from luthier.reporting.catalogue import catalogue
from luthier.reporting.charts import draw_charts
from luthier.reporting.explorer import as_csv, explorable
from luthier.reporting.facts import AlikePair, ReportFacts, ShownDossier, ShownRow
from luthier.reporting.fonts import chinese_font
from luthier.reporting.model_card import model_card
from luthier.reporting.page import page
from luthier.reporting.shown_answers import kind_of
from luthier.reporting.shown_rows import shown_rows
from luthier.reporting.words import other_weights_sentence
from luthier.run_folder import RUN_SETTINGS, RunFolder, atomic_path, write_text
from luthier.settings import EvaluateSettings, Settings

T = TypeVar("T")

ROWS_PER_FINDING = 5
DOSSIERS = 30
ALIKE_PER_PAIR = 5
LABEL_PAIRS, RELABEL, ROWS = "label_pairs.json", "relabel.csv", "rows.csv"


def report(
    run: RunFolder, rows: Rows | None, *, language: str = "en", test_rows: bool = False
) -> Path:
    """Write `plots/*.png`, `report.html`, `rows.csv` and the card of the shipped model.

    A run that ended early is reported as far as it came; without a model there is no card, and
    figures of other weights are not written beside a model.

    Args:
        run: the run folder.
        rows: the rows with their texts; None shows the report without texts.
        language: of the page, a key of `reporting.catalogue.LANGUAGES`.
        test_rows: whether the texts of the test rows are shown; the caller records that look.

    Returns:
        The path of `report.html`.

    Raises:
        RunFolderError: when the folder is not a run, or its figures or diagnosis are damaged: the
            page would say that there are none.
    """
    run.require()
    for name in ("metrics.json", "diagnosis.json"):
        if (run.path / name).exists():  # one that cannot be read is not one that was never made
            _ = run.evaluation if name == "metrics.json" else run.diagnosis
    facts = gather(run, rows, test_rows=test_rows)
    missing = list(facts.missing)
    if run.model.is_dir():
        if other_weights_sentence(facts.evaluation, facts.shipped_digest):
            missing.append("The card in model/ was left alone: the figures are of other weights.")
        elif (card := _part(missing, lambda: _card(facts))) is not None:
            write_text(run.model / "README.md", card)
    facts = replace(facts, missing=tuple(missing))
    charts = draw_charts(facts, catalogue(language))
    for name, png in charts.items():
        with atomic_path(run.plots / f"{name}.png") as temporary:
            temporary.write_bytes(png)
    if facts.shown is not None:
        write_text(run.path / ROWS, as_csv(facts.shown))
    else:  # one of another report may show rows that are closed in this one
        (run.path / ROWS).unlink(missing_ok=True)
    write_text(run.report, page(facts, catalogue(language), tuple(charts)))
    return run.report


def gather(run: RunFolder, rows: Rows | None, *, test_rows: bool = False) -> ReportFacts:
    """Read every record of the run; what cannot be read is named in `missing`."""
    missing: list[str] = []
    splits: Splits | None = _part(missing, lambda: run.splits)
    evaluation: Evaluation | None = _part(missing, lambda: run.evaluation)
    diagnosis: Diagnosis | None = _part(missing, lambda: run.diagnosis)
    history: tuple[Event, ...] = _part(missing, lambda: run.history) or ()
    settings: Mapping[str, Any] = _part(missing, lambda: _yaml(run.path / RUN_SETTINGS)) or {}
    environment = _part(missing, lambda: run.environment) or {}
    pairs: LabelPairs | None = None
    if (run.path / LABEL_PAIRS).exists():
        pairs = _part(missing, lambda: run.read(LABEL_PAIRS, LabelPairs))
    relabel: tuple[RelabelRow, ...] | None = None
    if (run.path / RELABEL).exists():
        relabel = _part(missing, lambda: _relabel(run))
    answers = _answers(run, evaluation, missing)
    lengths: RowLengths | None = None
    if (run.path / "lengths.parquet").exists():
        lengths = _part(missing, lambda: run.lengths)
    folds, fold_notes = _folds(run, missing)
    kind = kind_of(answers, str(settings.get("settings", {}).get("task", "")))
    flagged = [row for finding in diagnosis.fired for row in finding.rows] if diagnosis else []
    flagged += [row.row_id for row in relabel or ()]
    if not any(isinstance(event, Stopped) for event in history):
        missing.append("Training has not come to an end in this run.")
    if rows is None:
        missing.append("No texts are shown: the data file was not read for this report.")
    if chinese_font() is None:
        missing.append("The plots cannot draw Chinese: pip install zhplot, then make them again.")
    return ReportFacts(
        name=run.path.resolve().name,
        folder=str(run.path.resolve()),
        source=_part(missing, lambda: run.source),
        audit=_part(missing, lambda: run.audit),
        splits=splits,
        encoding=_part(missing, lambda: run.encoding) or {},
        history=history,
        evaluation=evaluation,
        diagnosis=diagnosis,
        looks=_looks(run, evaluation, missing),
        shipped_digest=_part(missing, lambda: _shipped_digest(run)) or "",
        settings=settings.get("settings", {}),
        origins=settings.get("origins", {}),
        environment=environment,
        evidence=_evidence(rows, splits, diagnosis, test_rows=test_rows),
        answers=answers,
        number_parts=_number_parts(answers, settings),
        lengths=lengths,
        shown=None
        if rows is None
        else explorable(rows, splits, answers, flagged, test_rows=test_rows, kind=kind),
        test_rows_open=test_rows,
        relabel=relabel,
        dossiers=_dossiers(pairs, rows, splits, test_rows) if pairs is not None else None,
        label_words=pairs.label_words if pairs is not None else {},
        domain_stop_words=pairs.domain_stop_words if pairs is not None else (),
        titles=rows.label_titles if rows is not None else {},
        folds=folds,
        fold_notes=fold_notes,
        missing=tuple(dict.fromkeys(missing)),
    )


def _card(facts: ReportFacts) -> str | None:
    """The model card, or None where a record that it needs is missing (and named already).

    Raises:
        ValueError: when the settings of the run are not valid.
    """
    if facts.source is None or facts.splits is None or facts.evaluation is None:
        return None
    settings = Settings.model_validate(facts.settings)
    model = settings.model
    return model_card(
        ModelSource(
            name=model.name_or_path,
            path=model.name_or_path,
            trust_remote_code=model.trust_remote_code,
            notes=tuple(facts.environment.get("notes", ())),
        ),
        facts.source,
        facts.splits,
        facts.evaluation,
        settings,
        facts.diagnosis,
        facts.looks,
    )


def _part(missing: list[str], read: Callable[[], T]) -> T | None:
    try:
        return read()
    except RunFolderError as error:
        missing.extend(f"{problem.where}: {problem.what}." for problem in error.problems)
    except (ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        missing.append(f"A part of this run cannot be read: {str(error).splitlines()[0]}.")
    return None


def _yaml(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return value


def _shipped_digest(run: RunFolder) -> str:
    manifest = run.model / "luthier.json"
    if not manifest.is_file():
        return ""
    return str(json.loads(manifest.read_text(encoding="utf-8")).get("digest", ""))


def _looks(run: RunFolder, evaluation: Evaluation | None, missing: list[str]) -> Looks | None:
    if evaluation is None or "test" not in evaluation.splits:
        return None
    return _part(missing, lambda: run.read("test_set_looks.json", Looks))


def _answers(
    run: RunFolder, evaluation: Evaluation | None, missing: list[str]
) -> dict[SplitName, AnyPredictions]:
    """Split -> the model's answers."""
    answers: dict[SplitName, AnyPredictions] = {}
    judged = evaluation.splits if evaluation is not None else {}
    for name in SPLIT_NAMES:
        if name not in judged and not run.predictions_path(name).exists():
            continue
        read = _part(missing, partial(run.answers, name))
        if read is not None:
            answers[name] = read
    return answers


def _folds(run: RunFolder, missing: list[str]) -> tuple[FoldsEvaluation | None, tuple[Note, ...]]:
    """What came of the folds, and how they were dealt."""
    if not (run.path / "folds.parquet").exists():
        return None, ()
    notes = _part(missing, lambda: run.folds.notes) or ()
    if not (run.path / "folds.json").exists():
        missing.append("The rows are dealt into folds, but not every fold has been judged.")
        return None, notes
    return _part(missing, lambda: run.folds_evaluation), notes


def _number_parts(
    answers: Mapping[SplitName, AnyPredictions], settings: Mapping[str, Any]
) -> dict[SplitName, tuple[NumberPart, ...]]:
    """Split -> how wrong the answers are along the true numbers; empty where labels are learned."""
    defaults = EvaluateSettings()
    chosen = settings.get("settings", {}).get("evaluate", {})
    samples = chosen.get("bootstrap_samples", defaults.bootstrap_samples)
    return {
        name: number_parts(
            part.labels[part.known], part.predicted[part.known], samples, defaults.seed
        )
        for name, part in answers.items()
        if isinstance(part, NumberPredictions)
    }


def _relabel(run: RunFolder) -> tuple[RelabelRow, ...]:
    """The queue of rows to look at again, as it stands in `relabel.csv`."""
    with (run.path / RELABEL).open(encoding="utf-8-sig", newline="") as stream:
        return TypeAdapter(tuple[RelabelRow, ...]).validate_python(list(csv.DictReader(stream)))


def _dossiers(
    pairs: LabelPairs, rows: Rows | None, splits: Splits | None, test_rows: bool
) -> tuple[ShownDossier, ...]:
    """Each dossier with its most alike rows; rows that are not known are left out."""
    shown = []
    for dossier in pairs.pairs[:DOSSIERS]:
        alike = []
        if rows is None:
            shown.append(ShownDossier(dossier))
            continue
        for pair in dossier.closest[:ALIKE_PER_PAIR]:
            found = tuple(shown_rows(rows, splits, (pair.row, pair.other_row), test_rows))
            if len(found) == 2:
                alike.append(AlikePair(found[0], found[1], pair.similarity))
        shown.append(ShownDossier(dossier, tuple(alike)))
    return tuple(shown)


def _evidence(
    rows: Rows | None, splits: Splits | None, diagnosis: Diagnosis | None, *, test_rows: bool
) -> dict[str, tuple[ShownRow, ...]]:
    if rows is None or diagnosis is None:
        return {}
    return {
        finding.fault: tuple(shown_rows(rows, splits, finding.rows[:ROWS_PER_FINDING], test_rows))
        for finding in diagnosis.fired
    }
