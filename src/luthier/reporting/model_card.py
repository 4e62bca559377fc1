"""The model card: README.md of the shipped model, with a model-index that hubs and tools read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from luthier.kit.parity_class import beyond_plain
from luthier.kit.plural import plural
from luthier.ledger import Looks
from luthier.records import (
    SEVERITIES,
    Diagnosis,
    Evaluation,
    Figure,
    ModelSource,
    Source,
    SplitEvaluation,
    Splits,
)
from luthier.reporting import words
from luthier.settings import Settings

# figure -> (type in the hub's list of metrics, name for people)
INDEXED = {
    "accuracy": ("accuracy", "Accuracy"),
    "macro_f1": ("f1", "Macro F1"),
    "weighted_f1": ("f1", "Weighted F1"),
    "macro_precision": ("precision", "Macro precision"),
    "macro_recall": ("recall", "Macro recall"),
    "mcc": ("matthews_correlation", "Matthews correlation"),
    "roc_auc": ("roc_auc", "ROC-AUC"),
}
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?", re.ASCII)


def model_card(
    model_source: ModelSource,
    source: Source,
    splits: Splits,
    evaluation: Evaluation,
    settings: Settings,
    diagnosis: Diagnosis | None = None,
    looks: Looks | None = None,
) -> str:
    """README.md as a string: YAML front matter and plain Markdown.

    Args:
        model_source: the pretrained model it started from.
        source: where the rows came from.
        splits: which rows were learned, chosen and judged on.
        evaluation: the figures of the weights that ship.
        settings: as resolved for the run.
        diagnosis: what is known to be wrong; None when nothing was checked.
        looks: how often the test rows were judged; None when unknown.
    """
    name = f"{_short(source.path)} classifier"
    front = yaml.safe_dump(
        _front_matter(name, model_source, source, evaluation), allow_unicode=True, sort_keys=False
    )
    sections = (
        _head(name, model_source, settings),
        _use(settings),
        _data(source, splits, evaluation),
        _figures(evaluation, looks),
        _limits(model_source, settings, diagnosis),
    )
    body = "\n".join(line for section in sections for line in section)
    return f"---\n{front}---\n\n{body}"


def _front_matter(
    name: str, model_source: ModelSource, source: Source, evaluation: Evaluation
) -> dict[str, Any]:
    front: dict[str, Any] = {"library_name": "transformers", "pipeline_tag": "text-classification"}
    if base := _hub_name(model_source):
        front["base_model"] = base
    split, judged = _judged(evaluation)
    metrics = [
        {
            "type": kind,
            "name": f"{title} (95 % interval {figure.low:.3f} to {figure.high:.3f})",
            "value": round(figure.value, 4),
        }
        for key, (kind, title) in INDEXED.items()
        if (figure := judged.figures.get(key)) is not None
    ]
    result = {
        "task": {"type": "text-classification", "name": "Text classification"},
        "dataset": {"type": "custom", "name": _short(source.path), "split": split},
        "metrics": metrics,
    }
    front["tags"] = ["text-classification", "luthier"]
    front["metrics"] = list(dict.fromkeys(metric["type"] for metric in metrics))
    front["model-index"] = [{"name": name, "results": [result]}]
    return front


def _judged(evaluation: Evaluation) -> tuple[str, SplitEvaluation]:
    """The split whose figures count: test where it was judged, else validation."""
    split = next((n for n in ("test", "validation") if n in evaluation.splits), None)
    if split is None:
        split = next(iter(evaluation.splits))
    return split, evaluation.splits[split]


def _hub_name(model_source: ModelSource) -> str:
    """The name on the hub, or an empty string for a folder and for the model that comes along."""
    name = model_source.name
    is_hub = HUB_NAME.fullmatch(name) and name != "starter" and not Path(name).exists()
    return name if is_hub else ""


def _short(path: str) -> str:
    """The last part of a path on one line: the card does not tell where a disk is mounted."""
    return " ".join((Path(path).name or path).split())


def _text(value: str) -> str:
    """Data as Markdown text: one line, and no character of it is markup."""
    line = " ".join(value.split())
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~$&-])", r"\\\1", line)


def _head(name: str, model_source: ModelSource, settings: Settings) -> Iterator[str]:
    yield f"# {_text(name)}"
    yield ""
    yield (
        f"{_text(_short(model_source.name))}, fine-tuned with Luthier "
        f"for {settings.task.replace('_', ' ')} (recipe `{settings.recipe}`)."
    )
    for note in model_source.notes:
        yield f"{_text(note)}"
    yield ""


def _use(settings: Settings) -> Iterator[str]:
    yield "## Use"
    yield ""
    reasons = beyond_plain(settings)
    if reasons:
        yield from _use_with_luthier(reasons)
        return
    yield "```python"
    yield "import transformers"
    yield ""
    yield "classify = transformers.pipeline("
    yield '    "text-classification", model="PATH/TO/THIS/FOLDER", truncation=True'
    yield ")"
    yield 'classify("your text")'
    yield "```"
    yield ""
    yield (
        "Parity class **plain**: called this way, `pipeline` gives the labels that Luthier gave. "
        f"`truncation=True` is needed: texts are read up to {settings.text.max_length} tokens, "
        "and `pipeline` alone does not cut them."
    )
    yield ""


def _use_with_luthier(reasons: Sequence[str]) -> Iterator[str]:
    yield "```python"
    yield "import luthier"
    yield ""
    yield 'luthier.predict("PATH/TO/THE/RUN", ["your text"])'
    yield "```"
    yield ""
    yield (
        "Parity class **needs_luthier**: plain `pipeline` loads this model but would answer "
        f"otherwise, because {_text('; '.join(reasons))}."
    )
    yield ""


def _data(source: Source, splits: Splits, evaluation: Evaluation) -> Iterator[str]:
    counts = splits.counts()
    yield "## Data"
    yield ""
    yield (
        f"{_text(_short(source.path))}: {source.rows:,} row{plural(source.rows)}, split "
        f"{splits.method} (seed {splits.seed}) into {counts['train']:,} to learn from, "
        f"{counts['validation']:,} to choose on and {counts['test']:,} to judge on."
    )
    yield ""
    for file in source.files:
        yield f"- {_text(_short(file.path))}: sha256 `{file.sha256}`"
    _, judged = _judged(evaluation)
    yield ""
    yield f"Labels judged: {', '.join(_text(label) for label in judged.per_label)}."
    yield ""


def _figures(evaluation: Evaluation, looks: Looks | None) -> Iterator[str]:
    split, judged = _judged(evaluation)
    yield "## Figures"
    yield ""
    yield (
        f"On {judged.n:,} {split} row{plural(judged.n)}, with 95 % intervals; macro averages over "
        f"{judged.labels_in_average:,} label{plural(judged.labels_in_average)} that occur in "
        "truth or answers."
    )
    yield ""
    yield "| figure | value | low | high |"
    yield "|---|---:|---:|---:|"
    for name, figure in judged.figures.items():
        yield f"| {_text(words.metric_title(name))} | {_cells(figure)} |"
    for rival, figures in judged.floor.items():
        if "macro_f1" in figures:
            title = f"macro-F1 of a rival: {words.floor_title(rival)}"
            yield f"| {_text(title)} | {_cells(figures['macro_f1'])} |"
    yield ""
    yield "| label | rows | F1 | low | high |"
    yield "|---|---:|---:|---:|---:|"
    for label, part in judged.per_label.items():
        yield f"| {_text(label)} | {part.support} | {_cells(part.f1)} |"
    yield ""
    if split == "test":
        yield words.looks_sentence(looks)
    else:
        yield "The checkpoint was chosen on these rows too, so the figures are a little too good."
    yield ""


def _cells(figure: Figure) -> str:
    return f"{figure.value:.3f} | {figure.low:.3f} | {figure.high:.3f}"


def _limits(
    model_source: ModelSource, settings: Settings, diagnosis: Diagnosis | None
) -> Iterator[str]:
    yield "## Limits"
    yield ""
    yield f"- What stands after the first {settings.text.max_length} tokens of a text is not read."
    yield "- The answer is always one of the labels above, also for a text that fits none of them."
    yield "- The figures hold for texts like those judged; other sources or times were not judged."
    if model_source.trust_remote_code:
        yield "- The pretrained model ran code from its own repository."
    yield ""
    yield "## Findings"
    yield ""
    if diagnosis is None:
        yield "No diagnosis was made."
    else:
        fired = sorted(diagnosis.fired, key=lambda f: -SEVERITIES.index(f.severity))
        for finding in fired:
            yield f"- **{finding.severity}**: {_text(finding.title)}. {_text(finding.message)}"
        if not fired:
            yield "- No check fired."
        yield (
            f"- {len(diagnosis.clear):,} check{plural(len(diagnosis.clear))} ran and found "
            "nothing, "
            f"{len(diagnosis.not_checked)} could not be judged, {len(diagnosis.crashed)} crashed."
        )
    yield ""
