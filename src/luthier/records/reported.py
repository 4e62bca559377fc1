"""A figure that somebody reported, to be held against the answers it was made from. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from luthier.records.data import SplitName


@dataclass(frozen=True, slots=True)
class ReportedFigure:
    """One reported number.

    Args:
        name: `accuracy`, `macro_f1`, `weighted_precision` ... as in metrics.json.
        value: as reported.
        tolerance: half of its last digit; a tiny number where all digits are there.
        split: the rows it was reported for.
    """

    name: str
    value: float
    tolerance: float
    split: SplitName = "test"
