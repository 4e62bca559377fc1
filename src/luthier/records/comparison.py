"""Runs beside each other on the same rows. No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from luthier.records.figure import Figure

CompareVerdict = Literal["better", "worse", "no_worse", "same", "cannot_tell"]


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """One run: its name, its folder, and its figures by split (`folds` too) and name.

    Where several folders have one name, it is the path.
    """

    name: str
    path: str
    figures: Mapping[str, Mapping[str, Figure]]


@dataclass(frozen=True, slots=True)
class RunDifference:
    """A run against the first one, on the same rows.

    Args:
        run: place of the run among those compared; 0 is the first.
        metric: `macro_f1` or `accuracy`.
        difference: this run minus the first, with its paired 95 % interval.
        verdict: `better` (the interval lies above 0), `worse` (below 0), `no_worse` (above half a
            point of loss), `same` (not one answer differs) or `cannot_tell`.
        rows_needed: about how many rows would decide it; None where it is decided, and where
            nothing differs.
    """

    run: int
    metric: str
    difference: Figure
    verdict: CompareVerdict
    rows_needed: int | None = None


@dataclass(frozen=True, slots=True)
class FlippedRow:
    """A row that not all runs answer alike: its label, and the answer of each run."""

    row_id: int
    label: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several runs on the same rows.

    Args:
        split: the rows that the differences are measured on: `validation`, or `folds` where every
            run has judged its folds (`predictions/folds.parquet`).
        n: how many.
        runs: as they were named.
        differences: of each run but the first, by metric.
        settings: dotted setting -> its value in each run; only those that are not alike.
        flipped: rows that not all runs answer alike, those that changed sides first.
        notes: how the rows were chosen, and what may be in the differences beside the settings.
    """

    split: str
    n: int
    runs: tuple[ComparedRun, ...]
    differences: tuple[RunDifference, ...]
    settings: Mapping[str, tuple[Any, ...]]
    flipped: tuple[FlippedRow, ...]
    notes: tuple[str, ...] = ()
