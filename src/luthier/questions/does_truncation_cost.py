"""Texts are longer than the model reads: does the part that is cut off matter?

Lengths do not answer it. A linear model that reads the whole text beside one that reads what the
model reads does, and so do validation rows that are cut beside whole ones of the same label.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from luthier.kit.cut_texts import SAME_LENGTH
from luthier.records import (
    Answer,
    Cause,
    ClearedFault,
    CrashedFault,
    Diagnosis,
    Finding,
    RowLengths,
    UncheckedFault,
)

TITLE = "Texts are longer than the model reads: does the part that is cut off matter?"
RANK = 3
ANY_TASK = False

READ_MORE = (
    "train once more with twice the tokens (text.max_length), as far as the model reads, and see "
    "with luthier compare whether it is better"
)
FAULT = "truncation_costs_signal"
CAUSE, COSTS = "cut_part_matters", "what is cut off would have helped"


def answer(found: Diagnosis, evidence: Mapping[str, object]) -> Answer | None:
    """Whether truncation costs anything; None where no row is cut."""
    lengths = evidence.get("lengths")
    if not isinstance(lengths, RowLengths) or not (lengths.lost > 0).any():
        return None
    verdict = found.of(FAULT)
    if verdict is None or isinstance(verdict, CrashedFault):
        return None
    cause, said = _cause(verdict)
    cut = int((lengths.lost > 0).sum())
    part = float(np.median(lengths.lost[lengths.lost > 0] / lengths.tokens[lengths.lost > 0]))
    return Answer(
        question=__name__.rpartition(".")[2],
        title=TITLE,
        message=" ".join([said, _how_much(len(lengths.row_ids), cut, part)]),
        causes=(cause,),
        next_test=cause.next_test,
    )


def _how_much(rows: int, cut: int, part: float) -> str:
    """How many rows are cut; `part` is the share of their tokens that half of them lose."""
    part = min(part, 0.99)  # rounded up it would read as more than all of them
    return (
        f"Of {rows:,} rows {cut:,} are cut; half of these lose more than {part:.0%} of their "
        "tokens."
    )


def _cause(verdict: Finding | ClearedFault | UncheckedFault) -> tuple[Cause, str]:
    """The cause as far as it is known, and the answer in one sentence."""
    if isinstance(verdict, Finding):
        said = " ".join(filter(None, ["Yes, it matters.", _best_way(verdict.measured)]))
        return Cause(CAUSE, COSTS, "found", verdict.message), said
    if isinstance(verdict, ClearedFault):
        return Cause(CAUSE, COSTS, "ruled_out", verdict.message), "No, it does not matter here."
    cause = Cause(CAUSE, COSTS, "possible", verdict.needs, READ_MORE)
    return cause, "It cannot be told."


def _best_way(measured: Mapping[str, Any]) -> str:
    """Which part of the same length would tell most."""
    ways = measured.get("accuracy_by_way") or {}
    now = measured.get("long_texts")
    best = max(ways, key=ways.__getitem__, default=now)
    if best == now or now not in ways:
        return ""
    part = SAME_LENGTH.get(str(best), str(best))
    return (
        f"Reading {part} instead, a linear model answers {ways[best]:.3f} of the cut rows rightly, "
        f"now {ways[now]:.3f}."
    )
