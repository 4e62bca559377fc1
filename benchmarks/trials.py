"""One run with known truth, and the healthy runs that plants start from."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

import numpy as np

from grammar import FRESH, Kind, Script, make_rows
from luthier.records import Rows, Splits
from place import here
from real_rows import script_in
from standin import Course, Result, train


@dataclass(frozen=True)
class Trial:
    """Evidence with its truth.

    Args:
        name: what was run.
        evidence: as for `luthier.stages.diagnose`.
        present: faults that are in it for sure.
        absent: faults that are not in it for sure; about all others nothing is known.
    """

    name: str
    evidence: dict[str, Any]
    present: frozenset[str] = field(default_factory=frozenset)
    absent: frozenset[str] = field(default_factory=frozenset)


def script_of(seed: int) -> Script:
    """Both scripts by turns; real rows have their own."""
    data = here().substrate.data
    if data:
        return cast("Script", script_in(data))
    return "han" if seed % 2 else "latin"


def fresh_rows(kind: Kind, script: Script, noise: float = 0.02) -> Rows:
    """2500 rows (of real data: as many as there are) that no run ever sees."""
    return _fresh_rows(here().substrate.name, kind, script, noise)


@cache
def _fresh_rows(substrate: str, kind: Kind, script: Script, noise: float) -> Rows:
    del substrate  # it is current; here it keeps the rows of two substrates apart
    return make_rows(kind, script, 2500, FRESH, noise=noise)


def shares(rows: Rows, seed: int, train: float = 0.6, validation: float = 0.2) -> Splits:
    """A random split; the rest is test."""
    draw = np.random.default_rng(seed + 500).random(len(rows))
    names = np.where(
        draw < train, "train", np.where(draw < train + validation, "validation", "test")
    )
    return Splits(rows.ids, tuple(names.tolist()), "given", seed)


def healthy_run(kind: Kind, seed: int, n: int, course: Course | None = None) -> Result:
    """A run with nothing planted."""
    rows = make_rows(kind, script_of(seed), n, seed)
    return train(
        rows, shares(rows, seed), fresh_rows(kind, script_of(seed)), course or Course(seed=seed)
    )
