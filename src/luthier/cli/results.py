"""What a finished run prints to stdout, for people and as JSON, and its exit code."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import TypeAdapter

from luthier.cli.terminal import say
from luthier.records import SEVERITIES, Diagnosis, Severity
from luthier.reporting.diagnosis_lines import diagnosis_lines
from luthier.reporting.words import floor_title
from luthier.run_folder import RunFolder

HEADLINES = (("macro_f1", "macro-F1"), ("accuracy", "accuracy"))


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
    looks = run.path / "test_set_looks.json"
    if looks.exists():
        summary["test_set_looks"] = json.loads(looks.read_text(encoding="utf-8"))
    summary["report"] = str(run.report) if run.report.exists() else None
    summary["model"] = str(run.model) if run.model.exists() else None
    return summary


def score_lines(run: RunFolder) -> list[str]:
    """Score and floors on the test rows, with intervals."""
    test = run.metrics.get("test")
    if test is None:
        return ["no test rows were judged"]
    title = f"on {test['n']:,} test rows, {test['labels_in_average']} labels"
    lines = [f"{title:<44}{'macro-F1':<24}accuracy"]
    lines.append(f"{'  this model':<44}{_figures(test)}")
    for name, figures in test["floor"].items():
        lines.append(f"{'  ' + floor_title(name):<44}{_figures(figures)}")
    looks = run.path / "test_set_looks.json"
    if looks.exists():
        found = json.loads(looks.read_text(encoding="utf-8"))
        if found["count"] is None:
            lines.append(f"  looks at these test rows are not counted: {found['problem']}")
        elif found["count"] > 1:
            lines.append(f"  {found['count']} different models have been judged on these test rows")
    return lines


def _figures(figures: dict[str, Any]) -> str:
    parts = []
    for name, _ in HEADLINES:
        figure = figures.get(name)
        text = (
            f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]" if figure else "-"
        )
        parts.append(f"{text:<24}")
    return "".join(parts).rstrip()


def show_run(run: RunFolder, *, json_wanted: bool) -> None:
    """Print the result of a whole run."""
    if json_wanted:
        print(json.dumps(run_summary(run), ensure_ascii=False, indent=1))
        return
    lines = ["", *score_lines(run), "", *diagnosis_lines(run.diagnosis), ""]
    lines += [f"report  {run.report}", f"model   {run.model}"]
    lines.append(f'try     luthier predict {run.path} --text "..."')
    say(lines)
