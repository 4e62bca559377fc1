"""The simple rivals of a model whose rows have any number of labels.

- `base_rates`: each label with its share of the training rows; answered where that is a half.
- `tfidf_linear`: one logistic regression per label on TF-IDF of characters 1-3 and of words 1-2.
- `frozen_encoder`: one logistic regression per label on the untrained encoder's standardised
  features.

All are fitted on training rows only. The two that learn answer each label from the probability
that gives the best F1 on validation rows, as the model itself does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from luthier.evidence.floors import (
    LOGISTIC_C,
    LOGISTIC_STEPS,
    Features,
    Floors,
    Judged,
    standardised,
)
from luthier.kit.label_set_figures import best_thresholds
from luthier.kit.ngrams import ngrams
from luthier.kit.solver_warnings import solvers_watched
from luthier.records import FloatArray, IntArray, LabelSetPredictions, Note

TFIDF_C = 10.0
"""Less shrinkage than scikit-learn's default: n-grams are many, and each row holds few of them."""
HALF = 0.5

Shares = Mapping[str, FloatArray]
"""Split -> probabilities float64 [n, K]."""


def fit_label_set_floors(
    train_texts: Sequence[str],
    train_targets: IntArray,
    judged: Mapping[str, Judged],
    label_names: Sequence[str],
    features: Features | None,
    seed: int,
) -> Floors:
    """Fit every rival on the training rows and let it answer the judged splits.

    Args:
        train_texts: n training texts.
        train_targets: int64 [n, K] of 0 and 1.
        judged: split -> row ids, texts and targets (rows of -1 where unknown).
        label_names: K names.
        features: gives split (`train` and each judged one) -> float64 [n, width]; None leaves
            `frozen_encoder` out.
        seed: seed of the solvers.
    """
    names = tuple(label_names)
    rates = train_targets.mean(axis=0)
    even = {split: np.tile(rates, (len(ids), 1)) for split, (ids, _, _) in judged.items()}
    rivals = {"base_rates": _answered(judged, even, names, (HALF,) * len(names))}
    reader = ngrams(train_texts)
    sparse = {"train": reader.fit_transform(train_texts)}
    sparse |= {split: reader.transform(texts) for split, (_, texts, _) in judged.items()}
    notes: list[Note] = []
    learning: dict[str, Callable[[], Shares]] = {
        "tfidf_linear": lambda: _one_per_label(sparse, train_targets, TFIDF_C, seed)
    }
    if features is None:
        notes.append(Note("skipped", "simple rival frozen_encoder left out: no features"))
    else:
        scaled = standardised(features())
        learning["frozen_encoder"] = lambda: _one_per_label(scaled, train_targets, LOGISTIC_C, seed)
    for rival, fit in learning.items():
        with solvers_watched() as stopped_early:
            shares = fit()
        if stopped_early():
            what = f"simple rival {rival} stopped before it converged: it may be too weak"
            notes.append(Note("warning", what))
        rivals[rival] = _with_thresholds(judged, shares, names)
    return Floors(rivals, tuple(notes))


def _one_per_label(
    features: Mapping[str, Any], targets: IntArray, strength: float, seed: int
) -> dict[str, FloatArray]:
    """Probabilities of each label; its share where all training rows have it, or none.

    Args:
        features: split -> matrix [n, width], dense or sparse.
        targets: int64 [n, K] of the training rows.
        strength: scikit-learn's C.
        seed: of the solver.
    """
    columns: dict[str, list[FloatArray]] = {split: [] for split in features if split != "train"}
    for applies in targets.T:
        if len(np.unique(applies)) < 2:
            for split, own in columns.items():
                own.append(np.full(features[split].shape[0], float(applies[0])))
            continue
        model = LogisticRegression(
            C=strength, max_iter=LOGISTIC_STEPS, tol=1e-3, random_state=seed
        ).fit(features["train"], applies)
        for split, own in columns.items():
            own.append(model.predict_proba(features[split])[:, 1])
    return {split: np.column_stack(own) for split, own in columns.items()}


def _with_thresholds(
    judged: Mapping[str, Judged], shares: Shares, names: tuple[str, ...]
) -> dict[str, LabelSetPredictions]:
    halves = (HALF,) * len(names)
    first = _answered(judged, shares, names, halves)
    validation = first.get("validation")
    if validation is None or not validation.known.any():
        return first
    return _answered(judged, shares, names, best_thresholds(validation))


def _answered(
    judged: Mapping[str, Judged], shares: Shares, names: tuple[str, ...], limits: tuple[float, ...]
) -> dict[str, LabelSetPredictions]:
    return {
        split: _predictions(own, np.asarray(shares[split], dtype=np.float64), names, limits)
        for split, own in judged.items()
    }


def _predictions(
    judged: Judged, shares: FloatArray, names: tuple[str, ...], limits: tuple[float, ...]
) -> LabelSetPredictions:
    """Answers from probabilities; a probability of 0 is held at 2.2e-16 in the loss."""
    row_ids, _, targets = judged
    smallest = np.finfo(np.float64).eps
    own = np.where(targets == 1, shares, 1 - shares)
    loss = -np.log(np.maximum(own, smallest)).mean(axis=1)
    return LabelSetPredictions(
        row_ids=row_ids,
        labels=targets,
        predicted=(shares >= np.array(limits)).astype(np.int64),
        probabilities=shares,
        loss=np.where((targets < 0).any(axis=1), np.nan, loss),
        label_names=names,
        thresholds=limits,
    )
