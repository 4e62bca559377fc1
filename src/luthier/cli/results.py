"""What a finished run prints to stdout, for people and as JSON, and its exit code."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

from pydantic import TypeAdapter

from luthier.cli.terminal import padded, say
from luthier.records import SEVERITIES, Diagnosis, Severity
from luthier.reporting.catalogue import ENGLISH, Catalogue
from luthier.reporting.diagnosis_lines import diagnosis_lines
from luthier.reporting.words import floor_title, metric_title
from luthier.run_folder import RunFolder


def exit_code(diagnosis: Diagnosis, fail_on: Severity | Literal["never"]) -> int:
    """2 if a detector crashed, 1 if something at or above `fail_on` fired, else 0."""
    if diagnosis.crashed:
        return 2
    worst = diagnosis.worst()
    if fail_on == "never" or worst is None:
        return 0
    return int(SEVERITIES.index(worst) >= SEVERITIES.index(fail_on))


def as_json(value: Any, kind: Any = None) -> str:
    """JSON of records or plain values."""
    plain = TypeAdapter(kind or type(value)).dump_python(value, mode="json")
    return json.dumps(plain, ensure_ascii=False, indent=1)


def run_summary(run: RunFolder) -> dict[str, Any]:
    """The result of a run as one JSON value."""
    summary: dict[str, Any] = {"run": str(run.path)}
    for name, there in (("metrics.json", "metrics"), ("diagnosis.json", "diagnosis")):
        path = run.path / name
        summary[there] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    summary["splits"] = run.splits.counts()
    if (run.path / "folds.json").exists():
        summary["folds"] = json.loads((run.path / "folds.json").read_text(encoding="utf-8"))
    looks = run.path / "test_set_looks.json"
    if looks.exists():
        summary["test_set_looks"] = json.loads(looks.read_text(encoding="utf-8"))
    summary["report"] = str(run.report) if run.report.exists() else None
    summary["model"] = str(run.model) if run.model.exists() else None
    return summary


def score_lines(run: RunFolder, tell: Catalogue = ENGLISH) -> list[str]:
    """Score and floors on the test rows, with intervals."""
    test = run.metrics.get("test")
    if test is None:
        return [tell("no test rows were judged")]
    names = _headlines(test)
    rows, labels = f"{test['n']:,}", test["labels_in_average"]
    if labels:
        title = tell("on {n} test rows, {labels} labels", n=rows, labels=labels)
    else:
        title = tell("on {n} test rows", n=rows)
    lines = [_line(title, [metric_title(name, tell) for name in names])]
    lines.append(_line(tell("  this model"), _figures(test, names)))
    for name, figures in test["floor"].items():
        lines.append(_line(f"  {floor_title(name, tell)}", _figures(figures, names)))
    looks = run.path / "test_set_looks.json"
    if looks.exists():
        found = json.loads(looks.read_text(encoding="utf-8"))
        if found["count"] is None:
            problem = tell.told(found["problem"])
            said = tell("  looks at these test rows are not counted: {problem}", problem=problem)
            lines.append(said)
        elif found["count"] > 1:
            n = found["count"]
            lines.append(tell("  {n} different models have been judged on these test rows", n=n))
    return lines + _fold_lines(run, tell)


def _fold_lines(run: RunFolder, tell: Catalogue) -> list[str]:
    """The figures over the folds, and how the folds differ; none where there are no folds."""
    if not (run.path / "folds.json").exists():
        return []
    found = run.folds_evaluation
    pooled = asdict(found.pooled)
    names = _headlines(pooled["figures"])
    title = tell(
        "{folds} folds: {n} other rows, judged once each",
        folds=len(found.each),
        n=f"{found.pooled.n:,}",
    )
    lines = ["", _line(title, _figures(pooled["figures"], names))]
    for name, figures in pooled["floor"].items():
        lines.append(_line(f"  {floor_title(name, tell)}", _figures(figures, names)))
    ends = [
        tell("{low} to {high}", low=f"{spread.least:.3f}", high=f"{spread.largest:.3f}")
        if spread
        else "-"
        for spread in map(found.spread.get, names)
    ]
    lines.append(_line(tell("  lowest and highest fold"), ends))
    if found.looks is not None and found.looks > 1:
        n = found.looks
        lines.append(tell("  {n} different models have been judged on the rows of a fold", n=n))
    return lines


def _headlines(figures: Mapping[str, Any]) -> list[str]:
    """The two figures to name: macro-F1 and accuracy, else the first that there are."""
    usual = [name for name in ("macro_f1", "accuracy") if name in figures]
    return usual or [n for n, f in figures.items() if isinstance(f, dict) and "value" in f][:2]


def _figures(figures: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    found = (figures.get(name) for name in names)
    return [f"{f['value']:.3f} [{f['low']:.3f}, {f['high']:.3f}]" if f else "-" for f in found]


def _line(head: str, cells: Sequence[str]) -> str:
    return (padded(head, 44) + "".join(padded(cell, 24) for cell in cells)).rstrip()


def show_run(run: RunFolder, *, json_wanted: bool, tell: Catalogue = ENGLISH) -> None:
    """Print the result of a whole run."""
    if json_wanted:
        print(json.dumps(run_summary(run), ensure_ascii=False, indent=1))
        return
    lines = ["", *score_lines(run, tell), "", *diagnosis_lines(run.diagnosis, say=tell), ""]
    lines.append(tell("report  {path}", path=run.report))
    lines.append(tell("model   {path}", path=run.model))
    asked = "FILE" if "text_pair" in run.source.columns else '--text "..."'
    lines.append(tell("try     {command}", command=f"luthier predict {run.path} {asked}"))
    say(lines)
