"""One split held against the training rows: is it of another kind, in what, and does it harm?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from luthier.kit.drift_test import DriftTest, tell_apart
from luthier.kit.matched_shares import difference_within
from luthier.kit.ridge_probe import RidgeProbe, Weights, folds_of, one_hot
from luthier.kit.split_units import strata_of
from luthier.kit.text_key import text_key
from luthier.kit.typical_terms import typical_terms
from luthier.records import BoolArray, Figure, Rows, SplitName, Splits

P_LIMIT = 0.01 / 2
"""Above this p it may be chance; half of 0.01, for two splits are compared with training rows."""

EFFECT = 0.10
"""AUC above that of shuffled rows from which a difference is worth knowing (0.60 against 0.50)."""

MOST = 1000
"""Rows compared at most, half of them to judge on where there are enough."""

FEWEST = 50
"""Rows to judge on that are needed."""

MOST_ROWS = 100
"""Rows named at most, the most unlike first."""


@dataclass(frozen=True, slots=True)
class SplitDrift:
    """One split held against the training rows.

    Args:
        split: which.
        n: its rows that were compared.
        test: can they be told from training rows?
        terms: words that are commoner in it; empty where it is not of another kind.
        rows: ids of its rows that are most unlike training rows.
        harm: accuracy of a linear model on the third of the training rows that is most like this
            split, minus that on the others, label by label; None where nothing can be said.
    """

    split: SplitName
    n: int
    test: DriftTest
    terms: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    harm: Figure | None = None

    @property
    def there(self) -> bool:
        """Whether it is of another kind, surely and by enough."""
        return _is_there(self.test)

    @property
    def harmful(self) -> bool:
        """Whether training rows like it are surely answered worse."""
        return self.harm is not None and self.harm.high < 0


def _is_there(test: DriftTest) -> bool:
    return test.p < P_LIMIT and test.effect >= EFFECT


def drift_of(rows: Rows, splits: Splits, name: SplitName) -> SplitDrift | None:
    """Compare a split with the training rows: one row of each text, labels that both have.

    None where fewer than `FEWEST` rows of one of them are left.
    """
    side = dict(zip(splits.row_ids.tolist(), splits.names, strict=True))
    strata, texts = strata_of(rows), rows.columns["text"]
    seen: set[str] = set()
    places: dict[bool, list[int]] = {False: [], True: []}
    for place in np.random.default_rng(0).permutation(len(rows)).tolist():
        own = side.get(int(rows.ids[place]))
        if own not in ("train", name) or len(places[own == name]) >= MOST:
            continue
        if (key := text_key(texts[place])) not in seen:
            seen.add(key)
            places[own == name].append(place)
    both = {strata[p] for p in places[False]} & {strata[p] for p in places[True]}
    judged = [p for p in places[True] if strata[p] in both][: MOST // 2]
    learned = [p for p in places[False] if strata[p] in both][: MOST - len(judged)]
    if len(judged) < FEWEST or len(learned) < FEWEST:
        return None
    at = [*learned, *judged]
    is_judged = np.arange(len(at)) >= len(learned)
    sample, labels = [texts[p] for p in at], [strata[p] for p in at]
    test = tell_apart(sample, is_judged, labels)
    if not _is_there(test):
        return SplitDrift(name, len(judged), test)
    terms = typical_terms([texts[p] for p in judged], (texts[p] for p in learned))
    worst = np.argsort(-test.scores[is_judged], kind="stable")[:MOST_ROWS]
    ids = tuple(int(rows.ids[judged[i]]) for i in worst)
    harm = _harm(sample, labels, test, is_judged)
    return SplitDrift(name, len(judged), test, terms, ids, harm)


def _harm(
    texts: Sequence[str], labels: Sequence[str], test: DriftTest, is_judged: BoolArray
) -> Figure | None:
    """Accuracy on the third of the training rows most like the others, minus that on the rest."""
    learned = np.flatnonzero(~is_judged)
    own, truth = [texts[int(i)] for i in learned], [labels[int(i)] for i in learned]
    targets, names = one_hot(truth)
    probe = RidgeProbe(Weights.of(own).features(own), folds_of(len(own)))
    answers = probe.out_of_fold(targets).argmax(axis=1)
    right = np.array([names[a] == label for a, label in zip(answers, truth, strict=True)])
    scores = test.scores[learned]
    return difference_within(right, scores >= np.quantile(scores, 2 / 3), truth)
