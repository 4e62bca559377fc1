"""How far people agree who labelled the same items: Krippendorff's alpha and Cohen's kappa.

Sources: Krippendorff (2011), Computing Krippendorff's Alpha-Reliability; Cohen (1960), Educational
and Psychological Measurement 20, 37-46; the distance between sets of labels is MASI, Passonneau
(2006), LREC. Intervals: percentiles of a bootstrap over items, which Zapf, Castell, Morawietz and
Karch (2016), BMC Medical Research Methodology 16:93, find to keep its coverage for alpha.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from scipy import sparse

from luthier.kit.intervals import percentile_interval
from luthier.kit.row_answers import answer_word
from luthier.kit.text_key import text_key
from luthier.records import Agreement, Figure, FloatArray, Note, Rows

FEWEST_SHARED = 10
"""Items that two people must have in common before their kappa is worth a line."""
MOST_PAIRS = 20
ITEMS_THAT_TELL = 100
"""Items labelled twice at which kappa is known to about 0.1: with four of five labels alike and
agreement by chance of 0.2, its standard error is sqrt(0.8 * 0.2 / 100) / 0.8 = 0.05."""
_SAMPLES = 1000
_AT_ONCE = 50

_SPOKEN = {"label": "label", "labels": "set of labels", "number": "number"}

Ratings = Mapping[str, Mapping[str, Any]]
"""Item -> annotator -> label."""


def agreement_of(rows: Rows, seed: int = 0) -> tuple[Agreement | None, tuple[Note, ...]]:
    """Agreement where a column names the annotators; None where no item has two labels.

    An item is what has one `id`, or one text where there is no such column.

    Args:
        rows: with `annotator` and a target; others give None.
        seed: of the bootstrap.
    """
    column = answer_word(rows)
    if "annotator" not in rows.columns or column not in rows.columns:
        return None, ()
    ratings, again = _ratings(rows, rows.columns[column])
    shared = {item: by for item, by in ratings.items() if len(by) > 1}
    notes = []
    if again:
        what = f"labels given again by the same person: {again:,}; the first one counts"
        notes.append(Note("dropped", what))
    if not shared:
        message = (
            "annotators are named, but no item was labelled by two of them, so agreement cannot be "
            f"told; {ITEMS_THAT_TELL} items labelled by a second person would tell it to about 0.1"
        )
        return None, (*notes, Note("skipped", message))
    random = np.random.default_rng(seed)
    alpha = krippendorff_alpha([list(by.values()) for by in shared.values()], column, random)
    if alpha is None:
        what = (
            f"the items that two people or more labelled ({len(shared):,}) all carry one and the "
            f"same {_SPOKEN[column]}, so agreement cannot be told; have a second person label "
            "items of other kinds too"
        )
        return None, (*notes, Note("skipped", what))
    people = {who for by in ratings.values() for who in by}
    kappas = _kappas(shared, random) if column == "label" else {}
    return Agreement(len(shared), len(people), alpha, kappas), tuple(notes)


def krippendorff_alpha(
    items: Sequence[Sequence[Any]], kind: str, random: np.random.Generator
) -> Figure | None:
    """Alpha with its interval; None where all labels are alike, for then nothing can differ.

    Args:
        items: the labels of each item, two or more of each.
        kind: `label` (alike or not), `labels` (MASI) or `number` (squared difference).
        random: for the bootstrap over items.
    """
    if kind == "number":
        items = _on_a_grid(items)
    values = list(dict.fromkeys(value for of_item in items for value in of_item))
    place = {value: i for i, value in enumerate(values)}
    distance = _distances(values, kind)
    observed = np.empty(len(items))
    item_of, value_of = [], []
    for number, of_item in enumerate(items):
        coded = [place[value] for value in of_item]
        observed[number] = distance[np.ix_(coded, coded)].sum() / (len(coded) - 1)
        item_of += [number] * len(coded)
        value_of += coded
    counts = sparse.csr_array(
        (np.ones(len(item_of)), (item_of, value_of)), shape=(len(items), len(values))
    )
    whole = _alphas(np.ones((1, len(items))), observed, counts, distance)[0]
    if not np.isfinite(whole):
        return None
    share = np.full(len(items), 1 / len(items))
    draws = np.concatenate(
        [
            _alphas(random.multinomial(len(items), share, _AT_ONCE), observed, counts, distance)
            for _ in range(_SAMPLES // _AT_ONCE)
        ]
    )
    low, high = percentile_interval(draws[np.isfinite(draws)])
    return Figure(float(whole), min(low, float(whole)), max(high, float(whole)), len(items))


def cohen_kappa(one: Sequence[Any], other: Sequence[Any], random: np.random.Generator) -> Figure:
    """Kappa of two people over the same n items; 1 where both gave one and the same label."""
    values = list(dict.fromkeys([*one, *other]))
    place = {value: i for i, value in enumerate(values)}
    first = np.array([place[value] for value in one])
    second = np.array([place[value] for value in other])
    n = len(first)
    draws = np.array(
        [_kappa(first[at], second[at]) for at in random.integers(n, size=(_SAMPLES, n))]
    )
    value = _kappa(first, second)
    low, high = percentile_interval(draws)
    return Figure(value, min(low, value), max(high, value), n)


def _ratings(rows: Rows, labels: Sequence[Any]) -> tuple[Ratings, int]:
    items: Iterable[str] = rows.columns.get("id") or map(text_key, rows.columns["text"])
    ratings: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    again = 0
    for item, who, label in zip(items, rows.columns["annotator"], labels, strict=True):
        if who and label not in ("", None):
            again += who in ratings[item]
            ratings[item].setdefault(who, label)
    return ratings, again


def _alphas(weights: Any, observed: FloatArray, counts: Any, distance: FloatArray) -> FloatArray:
    """Alpha of each weighting of the items, [b]; NaN where all labels are alike."""
    per_value = weights @ counts
    total = per_value.sum(axis=1)
    expected = np.einsum("bi,ij,bj->b", per_value, distance, per_value) / (total - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        alphas: FloatArray = 1 - (weights @ observed) / expected
    return np.where(expected > 0, alphas, np.nan)


def _on_a_grid(items: Sequence[Sequence[float]]) -> list[list[float]]:
    """Numbers on a grid of a thousand steps, so that their distances fit in memory."""
    every = [value for of_item in items for value in of_item]
    step = (max(every) - min(every)) / 1000 if len(set(every)) > 1000 else 0.0
    return [[round(v / step) * step if step else v for v in of_item] for of_item in items]


def _distances(values: Sequence[Any], kind: str) -> FloatArray:
    if kind == "number":
        numbers = np.array(values, dtype=float)
        squared: FloatArray = (numbers[:, None] - numbers[None, :]) ** 2
        return squared
    if kind == "labels":
        return np.array([[_masi(set(a), set(b)) for b in values] for a in values])
    return 1.0 - np.eye(len(values))


def _masi(one: set[str], other: set[str]) -> float:
    """1 - Jaccard * monotonicity."""
    both, either = one & other, one | other
    if one == other:
        return 0.0
    monotone = 2 / 3 if both in (one, other) else 1 / 3 if both else 0.0
    return 1 - len(both) / len(either) * monotone


def _kappas(shared: Ratings, random: np.random.Generator) -> dict[str, Figure]:
    """Kappa of each two people with enough items in common, those with most items first."""
    pairs: defaultdict[tuple[str, str], list[tuple[Any, Any]]] = defaultdict(list)
    for by in shared.values():
        for one, other in combinations(sorted(by), 2):
            pairs[one, other].append((by[one], by[other]))
    enough = [pair for pair, items in pairs.items() if len(items) >= FEWEST_SHARED]
    enough.sort(key=lambda pair: -len(pairs[pair]))
    kappas = {}
    for pair in enough[:MOST_PAIRS]:
        first, second = zip(*pairs[pair], strict=True)
        kappas[" and ".join(pair)] = cohen_kappa(first, second, random)
    return kappas


def _kappa(one: Any, other: Any) -> float:
    width = int(max(one.max(), other.max())) + 1
    n = len(one)
    observed = float((one == other).mean())
    by_chance = (
        float(np.bincount(one, minlength=width) @ np.bincount(other, minlength=width)) / n**2
    )
    return (observed - by_chance) / (1 - by_chance) if by_chance < 1 else 1.0
