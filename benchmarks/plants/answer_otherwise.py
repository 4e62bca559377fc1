"""Answer the test rows otherwise than the model that ships does, and record that."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from luthier.evidence.parity import Recorded, find_way, telling_rows
from luthier.kit.ways import AS_SHIPPED, WITH_DROPOUT, Way, exact_ways
from text_model import MAX_LENGTH, TextModel, fitted, varied_rows
from trials import Trial

FAULT_OF = {
    "dropout": "train_mode_at_evaluation",
    "initial": "initial_weights_evaluated",
    "lower_case": "preprocessing_differs",
    "no_spaces": "preprocessing_differs",
    "shortened": "preprocessing_differs",
    "other_seed": "reload_differs",
    "other_epoch": "reload_differs",
    "lost_head": "reload_differs",
}
PARITY = frozenset(FAULT_OF.values())
WAYS = {
    "lower_case": Way("", "text", change="the texts in lower case"),
    "no_spaces": Way("", "text", change="the texts without spaces"),
    "shortened": Way("", "tokens", call={"max_length": 8}),
    "initial": Way("", "weights", weights="initial"),
    "dropout": WITH_DROPOUT,
}


def plant(seed: int, *, how: str, amount: float = 0.3) -> Trial:
    """Train, answer `how`, and let the model that ships answer the same rows again."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    seed += seed % 2 if how == "lower_case" else 0  # Chinese has no lower case
    rows = varied_rows(900, seed)
    learned, tested = rows.take(range(600)), rows.take(range(600, 900))
    model = replace(fitted(learned, seed), dropout=amount)
    texts = list(tested.columns["text"])
    missing: tuple[str, ...] = ()
    if how in WAYS:
        told = model(texts, WAYS[how], seed=seed + 1000)
    elif how == "other_seed":
        told = fitted(rows.take(range(500, 600)), seed)(texts)
    elif how == "other_epoch":
        told = fitted(learned, seed, strength=0.1)(texts)
    else:  # the head is drawn anew when the folder is loaded
        told, missing = model(texts), ("classifier.weight", "classifier.bias")
        model = replace(
            model, weights=np.random.default_rng(seed).normal(0, 0.3, model.weights.shape)
        )
    assert told is not None
    return _trial(model, tested, told, missing, FAULT_OF[how], f"{how} {amount}")


def healthy(seed: int, digits: int) -> Trial:
    """The model that ships made the record; the file keeps so many digits."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    rows = varied_rows(900, seed)
    tested = rows.take(range(600, 900))
    model = fitted(rows.take(range(600)), seed)
    told = model(list(tested.columns["text"]))
    assert told is not None
    noise = np.random.default_rng(seed).normal(0, 1e-5, told.shape)
    rounded = np.round(np.clip(told + noise, 0, 1), digits)
    name = f"answers with {digits} digits"
    return _trial(model, tested, rounded, (), "", name, rounded=0.5 * 10.0**-digits)


def _trial(
    model: TextModel,
    tested: object,
    told: np.ndarray,
    missing: tuple[str, ...],
    fault: str,
    name: str,
    rounded: float = 0.0,
) -> Trial:
    answers = model.predictions(tested, told)
    texts = tuple(tested.columns["text"])
    recorded = Recorded(answers, texts, rounded)
    some = recorded.take(telling_rows(texts))
    found = find_way(some, model, exact_ways(MAX_LENGTH, "initial"))
    found = replace(found, missing_keys=missing)
    now = model(list(texts), AS_SHIPPED)
    assert now is not None
    changed = float((now.argmax(axis=1) != answers.predicted).mean())
    present = frozenset({fault}) if fault and changed >= 0.02 else frozenset()
    return Trial(
        f"{name}: {changed:.0%} of the labels change",
        {"parity": found, "test_predictions": answers, "rows": tested},
        present=present,
        absent=PARITY - {fault},
    )
