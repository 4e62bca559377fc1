"""Figures that somebody typed, such as `macro_f1=0.83`."""

from __future__ import annotations

from collections.abc import Sequence

from luthier.errors import InputError, Problem
from luthier.kit.figure_definitions import DEFINED
from luthier.records import ReportedFigure


def reported_figures(typed: Sequence[str]) -> tuple[ReportedFigure, ...]:
    """`macro_f1=0.83`, `validation.accuracy=91.2%` as records.

    Raises:
        InputError: for every one that is not so written, or whose figure has no definition.
    """
    figures, problems = [], []
    for text in typed:
        name, _, number = text.partition("=")
        split, _, figure = name.strip().rpartition(".")
        split = {"": "test", "val": "validation", "dev": "validation"}.get(split, split)
        bare = number.strip().removesuffix("%")
        figure = figure.strip().lower().replace("-", "_").replace(" ", "_")
        digits = len(bare.partition(".")[2])
        try:
            value = float(bare)
        except ValueError:
            problems.append(Problem("is not NAME=VALUE with a number", where=f"--reported {text}"))
            continue
        if figure not in DEFINED or split not in ("train", "validation", "test"):
            what = f"there is no figure {name.strip()!r}"
            hint = f"one of {', '.join(DEFINED)}, with validation. before it for those rows"
            problems.append(Problem(what, where=f"--reported {text}", hint=hint))
            continue
        figures.append(ReportedFigure(figure, value, 0.5 * 10.0**-digits, split))  # type: ignore[arg-type]
    if problems:
        raise InputError(problems, next_step="--reported macro_f1=0.83")
    return tuple(figures)
