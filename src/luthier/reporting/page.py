"""The report: one HTML file that loads nothing and treats every text as data."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import escape

from luthier.records import (
    Applicability,
    Evaluated,
    Figure,
    Prescription,
    SplitEvaluation,
    Started,
    Stopped,
    Warned,
)
from luthier.reporting import words
from luthier.reporting.catalogue import ENGLISH, Catalogue
from luthier.reporting.chart_labels import ranked_labels
from luthier.reporting.commands import open_command, workup_command
from luthier.reporting.confusions import ConfusedPair, confused_pairs
from luthier.reporting.dossier_words import dossier_words
from luthier.reporting.facts import ReportFacts
from luthier.reporting.folds_part import folds_part, judged_and_pooled
from luthier.reporting.inline import as_script_data, inlined
from luthier.reporting.language import language_of
from luthier.reporting.page_font import font_face
from luthier.reporting.payload import by_severity, payload
from luthier.reporting.verdict import judged_splits, scale, verdict

APPLICABILITY = {
    Applicability.AUTO: "This is a setting that Luthier may change by itself.",
    Applicability.ASK: "This is a change for you to decide.",
    Applicability.ADVICE: "This is work for a person.",
}
SECTIONS = (
    ("verdict", "Verdict"),
    ("findings", "Findings"),
    ("history", "History"),
    ("confusion", "Confusion matrix"),
    ("labels", "Labels"),
    ("rows", "Rows"),
    ("data-section", "Data"),
    ("settings", "Settings"),
    ("again", "Run it again"),
)
SECTIONS_OF_NUMBERS = (("answers", "Answers and errors"),)
"""What stands in place of the confusion matrix and the labels where a number is estimated."""
HISTORY_METRICS = ("loss", "macro_f1", "accuracy", "micro_f1", "subset_accuracy", "r2", "spearman")
LONGEST_TEXT = 300
"""Characters of an example text; a longer one is cut and says so."""
LISTED_MIXUPS = 12


class Said(NamedTuple):
    """One line on what was guessed, dropped, cut or chosen; `kind` is a note's, or `note`."""

    stage: str
    kind: str
    message: str


class SettingLine(NamedTuple):
    """One row of the settings table."""

    name: str
    value: str
    kind: str
    detail: str


def page(facts: ReportFacts, say: Catalogue = ENGLISH, pictures: Sequence[str] = ()) -> str:
    """The whole page as HTML.

    Args:
        facts: the records of the run.
        say: the language of the page.
        pictures: names of the files in `plots/`, without `.png`.
    """
    shown = payload(facts, say)
    template = environment_in(say).get_template("report.html.j2")
    render = partial(
        template.render,
        facts=facts,
        say=say,
        payload=shown,
        open_command=open_command(facts),
        sections=[(name, say(title)) for name, title in _sections(shown["kind"])],
        pictures=pictures,
        verdict=verdict(facts, say),
        scale=scale(facts, say),
        findings=by_severity(facts),
        splits=judged_splits(facts),
        figures_of=judged_and_pooled(facts),
        folds=folds_part(facts.folds, say) if facts.folds is not None else None,
        history_sentence=_history_sentence(facts, say),
        history_columns=_history_columns(facts),
        mixups=mixups(facts),
        dossier_words=dossier_words,
        notes=list(notes(facts)),
        warning=words.other_weights_sentence(facts.evaluation, facts.shipped_digest, say),
        settings=list(settings_lines(facts.settings, facts.origins)),
        environment=list(flattened(facts.environment)),
    )
    return with_font(render, shown["rows"]["text"] if shown["rows"] else [])


def with_font(render: Callable[..., str], rows: Sequence[str]) -> str:
    """A page with the characters of all that it says, which are known once it is rendered.

    Args:
        render: makes the page from `inlined`.
        rows: texts of rows in it; see `font_face`.
    """
    # no text of the data can hold what is drawn here, so that only the style is exchanged
    without = inlined(f"/* {secrets.token_hex(16)} */")
    html = render(inlined=without)
    carrying = inlined(font_face(html, rows))
    html = html.replace(without.css, carrying.css, 1)
    html = html.replace(escape(without.policy), escape(carrying.policy), 1)
    # a lone surrogate (possible in JSON) has no UTF-8 form
    return html.encode("utf-8", "replace").decode("utf-8")


def _sections(kind: str) -> Iterator[tuple[str, str]]:
    for name, title in SECTIONS:
        if kind == "number" and name == "confusion":
            yield from SECTIONS_OF_NUMBERS
        elif kind != "number" or name != "labels":
            yield name, title


def _history_sentence(facts: ReportFacts, say: Catalogue) -> str:
    started = next((event for event in facts.history if isinstance(event, Started)), None)
    stopped = next((e for e in reversed(facts.history) if isinstance(e, Stopped)), None)
    evaluations = [event for event in facts.history if isinstance(event, Evaluated)]
    return words.stop_sentence(stopped, started, evaluations, say)


def _history_columns(facts: ReportFacts) -> list[tuple[str, str]]:
    """(split, metric) of the table of evaluations: what at least one of them has."""
    evaluations = [event for event in facts.history if isinstance(event, Evaluated)]
    return [
        (split, metric)
        for metric in HISTORY_METRICS
        for split in ("train", "validation")
        if any(metric in getattr(event, split) for event in evaluations)
    ]


def notes(facts: ReportFacts) -> Iterator[Said]:
    """Everything that was guessed, dropped, cut or chosen, with the stage that said it."""
    stages = (("load", facts.source), ("audit", facts.audit), ("split", facts.splits))
    for stage, record in stages:
        for note in record.notes if record is not None else ():
            yield Said(stage, note.kind, note.message)
    for note in facts.fold_notes:
        yield Said("fold", note.kind, note.message)
    for message in facts.environment.get("notes", ()):
        yield Said("encode", "chosen", str(message))
    for event in facts.history:
        if isinstance(event, Warned):
            yield Said("train", "warning", event.message)
    for stage, judged in (("evaluate", facts.evaluation), ("folds", facts.folds)):
        for message in judged.notes if judged is not None else ():
            yield Said(stage, "note", message)


def mixups(facts: ReportFacts) -> dict[str, tuple[ConfusedPair, ...]]:
    """Split -> its most frequent mix-ups, validation first."""
    judged = facts.evaluation.splits if facts.evaluation else {}
    return {
        name: confused_pairs(judged[name].confusion_matrix, LISTED_MIXUPS)
        for name in ("validation", "test")
        if name in judged
    }


def settings_lines(
    settings: Mapping[str, Any], origins: Mapping[str, Mapping[str, str]]
) -> Iterator[SettingLine]:
    """Every setting with its value and where the value came from."""
    for name, value in _leaves(settings, origins):
        origin = origins.get(name, {})
        yield SettingLine(
            name,
            words.short_value(value),
            origin.get("kind", "not recorded"),
            origin.get("detail", ""),
        )


def _leaves(
    tree: Mapping[str, Any], known: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value and name not in known:
            yield from _leaves(value, known, f"{name}.")
        else:
            yield name, value


def flattened(tree: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`("versions.torch", "2.13.0")` for each leaf; command and notes stand elsewhere."""
    for name, value in _leaves(tree, {}):
        if name not in {"command", "notes"}:
            yield name, words.short_value(value)


def as_yaml(prescription: Prescription) -> str:
    """The prescription's settings as lines for a settings file; empty for data work."""
    tree: dict[str, Any] = {}
    for dotted, value in prescription.settings.items():
        *blocks, leaf = dotted.split(".")
        place = tree
        for block in blocks:
            place = place.setdefault(block, {})
        place[leaf] = value
    return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False) if tree else ""


def _shortened(text: str, say: Catalogue) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + say("… (cut here)")


def _measured(value: Any, say: Catalogue) -> str:
    """A value that a finding measured; a sentence in this language."""
    sentence = isinstance(value, str) and " " in value
    return _shortened(say.told(value), say) if sentence else words.short_value(value)


def _metric_names(splits: list[tuple[str, SplitEvaluation]]) -> list[str]:
    names = dict.fromkeys(name for _, split in splits for name in split.figures)
    return list(names)


def _optional(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _interval(figure: Figure) -> str:
    return f"{figure.low:.2f}–{figure.high:.2f}"


def environment_in(say: Catalogue) -> Environment:
    """The templates with their filters, in a language."""
    environment = Environment(
        loader=PackageLoader("luthier.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "applicability": lambda kind: say(APPLICABILITY[kind]),
        "as_yaml": as_yaml,
        "floor_title": partial(words.floor_title, say=say),
        "interval": _interval,
        "language": language_of,
        "metric_title": partial(words.metric_title, say=say),
        "measured": partial(_measured, say=say),
        "optional": _optional,
        "ranked": ranked_labels,
        "script_data": as_script_data,
        "short": words.short_value,
        "shortened": partial(_shortened, say=say),
        "thousands": "{:,}".format,
        "track_record": partial(words.track_record_in_words, say=say),
        "with_interval": partial(words.with_interval, say=say),
    }
    environment.globals |= {
        "_": say,
        "_n": say.count,
        "command": workup_command,
        "headline_metrics": words.headline_metrics,
        "metric_names": _metric_names,
        "share": words.share,
    }
    return environment
