"""Labels with too few different texts to be in every split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from luthier.errors import InputError, Problem
from luthier.kit.split_units import Units, strata_of
from luthier.records import Note, Rows

SHOWN = 10
"""Labels named in a note."""


@dataclass(frozen=True, slots=True)
class RareLabels:
    """What is rare: `texts` is label -> its different texts, fewer than `needed`."""

    texts: Mapping[str, int]
    needed: int

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.texts)

    def only(self, units: Units) -> frozenset[str]:
        """Keys of the units that carry no other labels."""
        return frozenset(
            cluster.key
            for cluster in units.clusters
            if all(x in self.texts for x in cluster.labels)
        )

    def refused(self, rows: Rows) -> InputError:
        """An error that names each label with its first row."""
        strata = strata_of(rows)
        first: dict[str, str] = {}
        for position, label in enumerate(strata):
            first.setdefault(label, rows.locations[position])
        return InputError(
            [
                Problem(
                    f"label {label!r} has {_texts(count)}; {self.needed} are needed to be in every "
                    "split",
                    first[label],
                )
                for label, count in sorted(self.texts.items())
            ],
            next_step="label more rows of them, or choose: --rare-labels drop or train-only",
        )

    def notes(self, choice: str, left_out: int) -> list[Note]:
        """What was done with them, said aloud."""
        if not self:
            return []
        names = sorted(self.texts)
        shown = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
        if choice == "drop":
            what = (
                f"labels with fewer than {self.needed} different texts: {len(names):,} ({shown}); "
                f"rows left out with them: {left_out:,}"
            )
            return [Note("dropped", what)]
        what = (
            f"labels with fewer than {self.needed} different texts: {len(names):,}, learned from "
            f"but never judged ({shown})"
        )
        return [Note("warning", what)]


def rare_labels(units: Units, needed: int) -> RareLabels:
    """Labels that stand in fewer than `needed` units; rows without a label are not counted."""
    texts = Counter(label for cluster in units.clusters for label in set(cluster.labels) if label)
    return RareLabels({la: n for la, n in texts.items() if n < needed}, needed)


def _texts(count: int) -> str:
    return "1 text" if count == 1 else f"{count} different texts"
