"""Figures that somebody typed, such as `macro_f1=0.83`."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from luthier.errors import InputError, Problem
from luthier.kit.figure_definitions import DEFINED
from luthier.records import ReportedFigure, SplitName


def reported_figures(typed: Sequence[str]) -> tuple[ReportedFigure, ...]:
    """`macro_f1=0.83`, `validation.accuracy=91.2%` as records.

    Raises:
        InputError: for every one that is not so written, whose figure has no definition, or that
            says another number of the same figure than one before it.
    """
    figures: dict[tuple[str, str], ReportedFigure] = {}
    problems = []
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
            hint = _which(figure)
            problems.append(Problem(what, where=f"--reported {text}", hint=hint))
            continue
        made = ReportedFigure(figure, value, 0.5 * 10.0**-digits, split)  # type: ignore[arg-type]
        before = figures.setdefault((split, figure), made)
        if before.value != value:
            what = f"{split}.{figure} was reported as {before.value:g} already"
            problems.append(Problem(what, where=f"--reported {text}", hint="give one of the two"))
    if problems:
        raise InputError(problems, next_step="--reported macro_f1=0.83")
    return tuple(figures.values())


def _which(figure: str) -> str:
    """The figures whose name ends so, else all of them."""
    ends = [name for name in DEFINED if name.endswith(f"_{figure}")]
    if ends:
        return f"say which average it is: {', '.join(ends)}"
    return f"one of {', '.join(DEFINED)}, with validation. before it for those rows"


def require_answers(reported: Sequence[ReportedFigure], answered: Collection[SplitName]) -> None:
    """Every reported figure must be one of rows whose answers are there.

    Raises:
        InputError: for every one that is not.
    """
    problems = [
        Problem(
            f"there are no answers to the {figure.split} rows to compute it from",
            where=f"--reported {figure.split}.{figure.name}={figure.value:g}",
            hint=f"give them: --{figure.split} FILE, with a prediction or outputs in every row",
        )
        for figure in reported
        if figure.split not in answered
    ]
    if problems:
        raise InputError(problems, next_step="give these files, or leave the figures out")
