"""The simple rivals of a model that estimates a number.

- `mean`: the mean of the training rows for every row; its R2 is at most 0.
- `tfidf_ridge`: ridge regression on TF-IDF of characters 1-3 and of words 1-2.
- `frozen_encoder_ridge`: ridge regression on the untrained encoder's standardised features, its
  strength by generalised cross-validation on training rows (Golub, Heath & Wahba 1979,
  Technometrics 21).

All are fitted on training rows only, and give the same answers every time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.linear_model import Ridge, RidgeCV

from luthier.evidence.floors import Features, Floors, Judged, standardised
from luthier.kit.ngrams import ngrams
from luthier.records import FloatArray, Note, NumberPredictions

ALPHA = 1.0
"""Strength of the ridge on TF-IDF, whose rows have about unit length: scikit-learn's default."""
ALPHAS = (1.0, 10.0, 100.0, 1000.0, 10_000.0)
"""Strengths tried on the encoder's features."""


def fit_number_floors(
    train_texts: Sequence[str],
    train_targets: FloatArray,
    judged: Mapping[str, Judged],
    label_names: Sequence[str],
    features: Features | None,
    seed: int,
) -> Floors:
    """Fit every rival on the training rows and let it answer the judged splits.

    Args:
        train_texts: n training texts.
        train_targets: float64 [n].
        judged: split -> row ids, texts and numbers (NaN where unknown).
        label_names: the name of the one output.
        features: gives split (`train` and each judged one) -> float64 [n, width]; None leaves
            `frozen_encoder_ridge` out.
        seed: seed of the solver.
    """
    mean = float(train_targets.mean())
    answers = {
        "mean": {split: np.full(len(ids), mean) for split, (ids, _, _) in judged.items()},
        "tfidf_ridge": _tfidf_ridge(train_texts, train_targets, judged, seed),
    }
    notes: tuple[Note, ...] = ()
    if features is None:
        notes = (Note("skipped", "simple rival frozen_encoder_ridge left out: no features"),)
    else:
        scaled = standardised(features())
        model = RidgeCV(alphas=ALPHAS).fit(scaled["train"], train_targets)
        answers["frozen_encoder_ridge"] = {split: model.predict(scaled[split]) for split in judged}
    names = tuple(label_names)
    return Floors(
        {
            rival: {
                split: _predictions(judged[split], own, names) for split, own in by_split.items()
            }
            for rival, by_split in answers.items()
        },
        notes,
    )


def _tfidf_ridge(
    texts: Sequence[str], targets: FloatArray, judged: Mapping[str, Judged], seed: int
) -> dict[str, FloatArray]:
    features = ngrams(texts)
    model = Ridge(alpha=ALPHA, solver="sparse_cg", random_state=seed)
    model.fit(features.fit_transform(texts), targets)
    return {split: model.predict(features.transform(own)) for split, (_, own, _) in judged.items()}


def _predictions(judged: Judged, answers: FloatArray, names: tuple[str, ...]) -> NumberPredictions:
    row_ids, _, numbers = judged
    said = np.asarray(answers, dtype=np.float64)
    return NumberPredictions(row_ids, numbers, said, (said - numbers) ** 2, names)
