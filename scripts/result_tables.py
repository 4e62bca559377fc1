"""Reading a committed result, and a table of Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"


def read(name: str) -> Mapping[str, Any]:
    """One result file."""
    found: Mapping[str, Any] = json.loads((RESULTS / name).read_text(encoding="utf-8"))
    return found


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def share(figures: Sequence[float]) -> str:
    """A share with its interval."""
    value, low, high = figures
    return f"{value:.1%} [{low:.1%}, {high:.1%}]"
