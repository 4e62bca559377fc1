"""Report: plots, one HTML file and the model card, from the records of a run. No torch here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import yaml

from luthier.errors import RunFolderError
from luthier.ledger import Looks
from luthier.records import (
    Diagnosis,
    Evaluation,
    Event,
    ModelSource,
    Predictions,
    Rows,
    Splits,
    Stopped,
)
from luthier.reporting.charts import draw_charts
from luthier.reporting.confusions import confused_pairs
from luthier.reporting.facts import ReportFacts, ShownPair, ShownRow
from luthier.reporting.fonts import chinese_font
from luthier.reporting.model_card import model_card
from luthier.reporting.page import page
from luthier.reporting.words import other_weights_sentence
from luthier.run_folder import RUN_SETTINGS, RunFolder, atomic_path, write_text
from luthier.settings import Settings

T = TypeVar("T")

PAIRS = 8
ROWS_PER_PAIR = 3
ROWS_PER_FINDING = 5


def report(run: RunFolder, rows: Rows | None) -> Path:
    """Write `plots/*.png`, `report.html` and the card of the shipped model.

    A run that ended early is reported as far as it came; without a model there is no card, and
    figures of other weights are not written beside a model.

    Args:
        run: the run folder.
        rows: the rows with their texts, for the examples; None shows the report without texts.

    Returns:
        The path of `report.html`.

    Raises:
        RunFolderError: when the folder is not a run.
    """
    run.require()
    facts = gather(run, rows)
    missing = list(facts.missing)
    if run.model.is_dir():
        if other_weights_sentence(facts.evaluation, facts.shipped_digest):
            missing.append("The card in model/ was left alone: the figures are of other weights.")
        elif (card := _part(missing, lambda: _card(facts))) is not None:
            write_text(run.model / "README.md", card)
    facts = replace(facts, missing=tuple(missing))
    charts = draw_charts(facts.history, facts.evaluation, facts.titles)
    for name, png in charts.items():
        with atomic_path(run.plots / f"{name}.png") as temporary:
            temporary.write_bytes(png)
    write_text(run.report, page(facts, charts))
    return run.report


def gather(run: RunFolder, rows: Rows | None) -> ReportFacts:
    """Read every record of the run; what cannot be read is named in `missing`."""
    missing: list[str] = []
    splits: Splits | None = _part(missing, lambda: run.splits)
    evaluation: Evaluation | None = _part(missing, lambda: run.evaluation)
    diagnosis: Diagnosis | None = _part(missing, lambda: run.diagnosis)
    history: tuple[Event, ...] = _part(missing, lambda: run.history) or ()
    settings: Mapping[str, Any] = _part(missing, lambda: _yaml(run.path / RUN_SETTINGS)) or {}
    environment = _part(missing, lambda: run.environment) or {}
    if not any(isinstance(event, Stopped) for event in history):
        missing.append("Training has not come to an end in this run.")
    if rows is None:
        missing.append("No texts are shown: the data file was not read for this report.")
    if chinese_font() is None:
        missing.append("The plots cannot draw Chinese: pip install zhplot, then make them again.")
    return ReportFacts(
        name=run.path.resolve().name,
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
        pairs=_pairs(run, rows, evaluation, missing),
        evidence=_evidence(rows, splits, diagnosis),
        titles=rows.label_titles if rows is not None else {},
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


def _pairs(
    run: RunFolder, rows: Rows | None, evaluation: Evaluation | None, missing: list[str]
) -> tuple[ShownPair, ...]:
    """The mix-ups on validation, with the rows that the model was surest about."""
    if evaluation is None or "validation" not in evaluation.splits:
        return ()
    answers = _part(missing, lambda: run.predictions("validation"))
    return tuple(
        ShownPair(pair, _rows_of_pair(rows, answers, pair.label, pair.answered))
        for pair in confused_pairs(evaluation.splits["validation"].confusion_matrix, PAIRS)
    )


def _rows_of_pair(
    rows: Rows | None, answers: Predictions | None, label: str, answered: str
) -> tuple[ShownRow, ...]:
    if rows is None or answers is None:
        return ()
    names = answers.label_names
    if label not in names or answered not in names:
        return ()
    true, said = names.index(label), names.index(answered)
    mixed = ((answers.labels == true) & (answers.predicted == said)).nonzero()[0]
    surest = sorted(mixed, key=lambda i: -answers.probabilities[i, said])[:ROWS_PER_PAIR]
    said_with = {
        int(answers.row_ids[i]): (
            f"probability {answers.probabilities[i, said]:.2f} for the answer, "
            f"{answers.probabilities[i, true]:.2f} for the label"
        )
        for i in surest
    }
    return tuple(
        ShownRow(row.location, "validation", row.text, row.label, said_with[row_id])
        for row_id, row in _shown(rows, None, said_with)
    )


def _evidence(
    rows: Rows | None, splits: Splits | None, diagnosis: Diagnosis | None
) -> dict[str, tuple[ShownRow, ...]]:
    if rows is None or diagnosis is None:
        return {}
    return {
        finding.fault: tuple(
            row for _, row in _shown(rows, splits, finding.rows[:ROWS_PER_FINDING])
        )
        for finding in diagnosis.fired
    }


def _shown(rows: Rows, splits: Splits | None, ids: Iterable[int]) -> Iterable[tuple[int, ShownRow]]:
    """The rows of these ids in this order; the text of a test row stays closed."""
    position = {int(row_id): place for place, row_id in enumerate(rows.ids)}
    split_of = (
        dict(zip(splits.row_ids.tolist(), splits.names, strict=True)) if splits is not None else {}
    )
    texts, labels = rows.columns.get("text", ()), rows.columns.get("label", ())
    for row_id in ids:
        at = position.get(int(row_id))
        if at is None:
            continue
        split = split_of.get(int(row_id))
        text = str(texts[at]) if texts and split != "test" else ""
        label = str(labels[at]) if labels else ""
        yield int(row_id), ShownRow(rows.locations[at], split, text, label)
