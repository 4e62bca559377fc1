"""The report: one HTML file that loads nothing, runs nothing and treats every text as data."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any, NamedTuple

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from luthier.records import (
    SEVERITIES,
    SPLIT_NAMES,
    Applicability,
    Figure,
    Finding,
    Prescription,
    SplitEvaluation,
    Warned,
)
from luthier.reporting import words
from luthier.reporting.canvas import DPI
from luthier.reporting.chart_confusion import NUMBERED_UP_TO
from luthier.reporting.chart_labels import ranked_labels
from luthier.reporting.commands import workup_command
from luthier.reporting.confusions import ConfusedPair, confused_pairs
from luthier.reporting.facts import ReportFacts
from luthier.reporting.language import language_of

APPLICABILITY = {
    Applicability.AUTO: "a setting that Luthier may change by itself",
    Applicability.ASK: "a change for you to decide",
    Applicability.ADVICE: "work for a person",
}
CHART_TITLES = {
    "floors": "The model beside its simple rivals",
    "history": "Training history",
    "confusion_matrix": "Confusion matrix, test rows",
    "classification_report": "Classification report, test rows",
    "confusion_matrix_validation": "Confusion matrix, validation rows",
    "classification_report_validation": "Classification report, validation rows",
}
LONGEST_TEXT = 300
"""Characters of an example text; a longer one is cut and says so."""
CSS_PIXELS_PER_INCH = 96
LISTED_MIXUPS = 30


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


def page(facts: ReportFacts, charts: Mapping[str, bytes]) -> str:
    """The whole page as HTML.

    Args:
        facts: the records of the run.
        charts: name in `CHART_TITLES` -> PNG bytes.
    """
    environment = _environment()
    css = (files("luthier.reporting") / "templates" / "report.css").read_text(encoding="utf-8")
    html = environment.get_template("report.html.j2").render(
        facts=facts,
        css=Markup(css),  # noqa: S704 - our own file, and the only style whose digest is allowed
        css_digest=base64.b64encode(hashlib.sha256(css.encode()).digest()).decode(),
        charts=[_chart(name, charts[name]) for name in CHART_TITLES if name in charts],
        verdict=verdict(facts),
        findings=_by_severity(facts),
        splits=_splits(facts),
        notes=list(notes(facts)),
        warning=words.other_weights_sentence(facts.evaluation, facts.shipped_digest),
        settings=list(settings_lines(facts.settings, facts.origins)),
        environment=list(flattened(facts.environment)),
    )  # fmt: skip
    # a lone surrogate (possible in JSON) has no UTF-8 form
    return html.encode("utf-8", "replace").decode("utf-8")


class Verdict(NamedTuple):
    """Sentences on the scores, the rivals on `rivals_split` rows, the looks at the test rows."""

    scores: list[str]
    rivals: list[str]
    looks: list[str]
    rivals_split: str = ""


class Chart(NamedTuple):
    """One picture of the page."""

    name: str
    title: str
    uri: str
    width: int
    folded: bool

    @property
    def split(self) -> str:
        """The split of a confusion matrix, else empty."""
        if not self.name.startswith("confusion_matrix"):
            return ""
        return "validation" if self.folded else "test"


def verdict(facts: ReportFacts) -> Verdict:
    """How good the model is, in plain sentences; the test rows speak where they were judged."""
    if facts.evaluation is None:
        return Verdict(["This model has not been judged: the run has no figures."], [], [])
    judged = facts.evaluation.splits
    scores = [words.score_sentence(n, judged[n]) for n in ("test", "validation") if n in judged]
    if "test" not in judged:
        scores.append("The model has not been judged on test rows.")
    split = next((n for n in ("test", "validation") if n in judged and judged[n].floor), "")
    rivals = list(words.floor_sentences(judged[split])) if split else []
    looks = [words.looks_sentence(facts.looks)] if "test" in judged else []
    return Verdict(scores, rivals, looks, split)


def notes(facts: ReportFacts) -> Iterator[Said]:
    """Everything that was guessed, dropped, cut or chosen, with the stage that said it."""
    stages = (("load", facts.source), ("audit", facts.audit), ("split", facts.splits))
    for stage, record in stages:
        for note in record.notes if record is not None else ():
            yield Said(stage, note.kind, note.message)
    for message in facts.environment.get("notes", ()):
        yield Said("encode", "chosen", str(message))
    for event in facts.history:
        if isinstance(event, Warned):
            yield Said("train", "warning", event.message)
    for message in facts.evaluation.notes if facts.evaluation else ():
        yield Said("evaluate", "note", message)


def mixups(facts: ReportFacts, split: str) -> tuple[ConfusedPair, ...]:
    """The most frequent mix-ups of a matrix with so many labels that its cells have no numbers."""
    judged = facts.evaluation.splits.get(split) if facts.evaluation and split else None
    if judged is None or len(judged.confusion_matrix.labels) <= NUMBERED_UP_TO:
        return ()
    return confused_pairs(judged.confusion_matrix, LISTED_MIXUPS)


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


def _by_severity(facts: ReportFacts) -> list[Finding]:
    fired = facts.diagnosis.fired if facts.diagnosis else ()
    return sorted(fired, key=lambda finding: -SEVERITIES.index(finding.severity))


def _splits(facts: ReportFacts) -> list[tuple[str, SplitEvaluation]]:
    judged = facts.evaluation.splits if facts.evaluation else {}
    return [(name, judged[name]) for name in SPLIT_NAMES if name in judged]


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "… (cut here)"


def _metric_names(splits: list[tuple[str, SplitEvaluation]]) -> list[str]:
    names = dict.fromkeys(name for _, split in splits for name in split.figures)
    return list(names)


def _chart(name: str, png: bytes) -> Chart:
    uri = "data:image/png;base64," + base64.b64encode(png).decode()
    pixels = int.from_bytes(png[16:20], "big")  # the width in a PNG's first chunk
    folded = name.endswith("_validation")
    return Chart(name, CHART_TITLES[name], uri, pixels * CSS_PIXELS_PER_INCH // DPI, folded)


def _optional(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _interval(figure: Figure) -> str:
    return f"{figure.low:.2f}–{figure.high:.2f}"


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("luthier.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "as_yaml": as_yaml,
        "language": language_of,
        "applicability": APPLICABILITY.__getitem__,
        "floor_title": words.floor_title,
        "interval": _interval,
        "metric_title": words.metric_title,
        "optional": _optional,
        "ranked": ranked_labels,
        "short": words.short_value,
        "track_record": words.track_record_in_words,
        "shortened": _shortened,
        "thousands": "{:,}".format,
        "with_interval": words.with_interval,
    }
    environment.globals |= {
        "command": workup_command,
        "metric_names": _metric_names,
        "mixups": mixups,
        "plural": words.plural,
        "share": words.share,
    }
    return environment
