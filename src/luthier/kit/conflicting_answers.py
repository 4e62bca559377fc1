"""Texts that stand there more than once and are labelled differently, and what that costs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from luthier.kit.row_answers import row_answers
from luthier.kit.text_key import text_key
from luthier.records import FloatArray, Rows


@dataclass(frozen=True, slots=True)
class Conflicts:
    """The texts with different answers.

    Args:
        groups: positions of the rows of each, the dearest first.
        lost: rows that any model must get wrong: all but those of a text's commonest answer. Of
            numbers None: there is no right and wrong.
        share: `lost` as a share of the rows; of numbers the share of their variance that no text
            can explain (the sum of squares within the texts by that of all rows).
    """

    groups: tuple[tuple[int, ...], ...]
    lost: int | None
    share: float


def conflicts_of(rows: Rows) -> Conflicts:
    """Group the rows by `text_key`; rows whose answer is unknown take no part."""
    answers = row_answers(rows)
    by_text: defaultdict[str, list[int]] = defaultdict(list)
    for position, text in enumerate(rows.columns["text"]):
        if answers[position] is not None:
            by_text[text_key(text)].append(position)
    groups = [own for own in by_text.values() if len({answers[p] for p in own}) > 1]
    if "number" in rows.columns:
        return _of_numbers(groups, _numbers(a for a in answers if a is not None), answers)
    cost = {own[0]: _minority(answers[p] for p in own) for own in groups}
    groups.sort(key=lambda own: (-cost[own[0]], own))
    lost = sum(cost.values())
    return Conflicts(tuple(map(tuple, groups)), lost, lost / max(1, len(rows)))


def _minority(answers: Iterable[Hashable]) -> int:
    counts = Counter(answers)
    return counts.total() - max(counts.values())


def _of_numbers(
    groups: list[list[int]], known: FloatArray, answers: Sequence[Hashable]
) -> Conflicts:
    spread = {own[0]: _squares(_numbers(answers[p] for p in own)) for own in groups}
    groups.sort(key=lambda own: (-spread[own[0]], own))
    total = _squares(known)
    share = sum(spread.values()) / total if total > 0 else 0.0
    return Conflicts(tuple(map(tuple, groups)), None, share)


def _numbers(answers: Iterable[Hashable]) -> FloatArray:
    return np.array(list(answers), dtype=np.float64)


def _squares(numbers: FloatArray) -> float:
    return float(((numbers - numbers.mean()) ** 2).sum()) if len(numbers) else 0.0
