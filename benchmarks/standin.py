"""A stand-in for a fine-tuned model: softmax regression on words and word pairs, trained by Adam.

It trains in a fraction of a second and leaves what a real run leaves: a history with real curves,
checkpoints with digests, predictions, and the simple rivals beside them. It needs no torch.
Fresh rows of the same language, never seen by any detector, say what is really so.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Literal

import numpy as np
from scipy.special import log_softmax
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion

from luthier.evidence.floors import fit_floors
from luthier.kit.classification_figures import quick_metrics
from luthier.records import CheckpointFacts, Evaluated, Predictions, Rows, Splits
from luthier.settings import Settings
from place import here

BUCKETS = 3001
"""Features; a prime, so that pairs spread evenly. Enough to learn training rows by heart."""


@dataclass(frozen=True)
class Course:
    """How the stand-in is trained. `l2` is decoupled weight decay; `steps` cuts training short;
    with `ngrams` the model sees what its linear rival sees, character n-grams."""

    epochs: int = 12
    learning_rate: float = 0.02
    l2: float = 0.02
    steps: int | None = None
    seed: int = 0
    floors: bool = True
    inputs: Literal["pairs", "ngrams"] = field(default_factory=lambda: here().substrate.learner)
    batch: int = 64
    adaptive: bool = True


@dataclass(frozen=True)
class Result:
    """`evidence` for the detectors; `fresh` metrics per epoch and `advantage` are the truth.

    `advantage` is accuracy minus that of the linear rival on the fresh rows (None without rivals);
    `fresh_predictions` are the chosen checkpoint's.
    """

    evidence: dict[str, Any]
    fresh: list[dict[str, float]]
    best: int
    advantage: float | None
    fresh_predictions: Predictions


def _inputs(parts: dict[str, Rows], kind: str) -> dict[str, np.ndarray]:
    if kind == "pairs":
        return {name: word_pairs(part) for name, part in parts.items()}
    most = {"sublinear_tf": True, "max_features": BUCKETS}
    characters = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), **most)
    words = TfidfVectorizer(ngram_range=(1, 2), **most)
    ngrams = FeatureUnion([("characters", characters), ("words", words)])
    ngrams.fit(parts["train"].columns["text"])
    return {
        name: ngrams.transform(part.columns["text"]).toarray().astype(np.float32)
        for name, part in parts.items()
    }


def word_pairs(rows: Rows) -> np.ndarray:
    """float32 [n, BUCKETS]: words and unordered word pairs of each row, hashed, unit length."""
    found = np.zeros((len(rows), BUCKETS), dtype=np.float32)
    for position, words in enumerate(rows.columns["words"]):
        codes = sorted({_code(word) for word in words})
        found[position, [code % BUCKETS for code in codes]] = 1
        found[position, [(a * 31 + b * 17) % BUCKETS for a, b in combinations(codes, 2)]] = 1
    return found / np.sqrt(found.sum(axis=1, keepdims=True))


def _code(word: str) -> int:
    return int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")


def train(rows: Rows, splits: Splits, fresh: Rows, course: Course) -> Result:
    """Train, choose the best epoch by validation macro-F1, and answer every split with it."""
    names = tuple(sorted(set(rows.columns["label"])))
    index = {name: i for i, name in enumerate(names)}
    parts = {
        name: rows.take(_positions(rows, splits.ids_of(name)))
        for name in ("train", "validation", "test")
    }
    parts["fresh"] = fresh
    inputs = _inputs(parts, course.inputs)
    targets = {
        name: np.array([index.get(x, -1) for x in part.columns["label"]], dtype=np.int64)
        for name, part in parts.items()
    }

    def answer(name: str, weights: np.ndarray) -> Predictions:
        return _answers(parts[name].ids, inputs[name], targets[name], weights, names)

    snapshots = _fit(inputs["train"], targets["train"], len(names), course)
    curves = {
        name: [quick_metrics(answer(name, weights)) for weights in snapshots]
        for name in ("train", "validation", "fresh")
    }
    scores = [metrics["macro_f1"] for metrics in curves["validation"]]
    best = scores.index(max(scores))
    chosen = {name: answer(name, snapshots[best]) for name in parts}
    evidence: dict[str, Any] = {
        "rows": rows,
        "splits": splits,
        "settings": Settings(),
        "history": _history(curves, best, len(parts["train"]), len(parts["validation"])),
        "checkpoints": _checkpoints(snapshots, best, scores),
        **{f"{name}_predictions": chosen[name] for name in ("train", "validation", "test")},
    }
    advantage = None
    if course.floors:
        judged = {
            name: (parts[name].ids, parts[name].columns["text"], targets[name])
            for name in ("validation", "fresh")
        }
        texts = parts["train"].columns["text"]
        floors = fit_floors(texts, targets["train"], judged, names, None, 0).predictions
        evidence["floor_predictions"] = {name: by["validation"] for name, by in floors.items()}
        rival = floors["tfidf_linear"]["fresh"]
        advantage = _accuracy(chosen["fresh"]) - _accuracy(rival)
    return Result(evidence, curves["fresh"], best, advantage, chosen["fresh"])


def _positions(rows: Rows, ids: np.ndarray) -> np.ndarray:
    return np.flatnonzero(np.isin(rows.ids, ids))


def _fit(x: np.ndarray, y: np.ndarray, labels: int, course: Course) -> list[np.ndarray]:
    """Weights [BUCKETS, K] after each epoch (or once, when cut short by `steps`)."""
    rng = np.random.default_rng(course.seed)
    weights = np.zeros((x.shape[1], labels), dtype=np.float32)
    mean, square, step = np.zeros_like(weights), np.zeros_like(weights), 0
    snapshots = []
    for _ in range(course.epochs):
        order = rng.permutation(len(y))
        for at in np.array_split(order, max(1, len(y) // course.batch)):
            step += 1
            slope = np.exp(log_softmax(x[at] @ weights, axis=1))
            slope[np.arange(len(at)), y[at]] -= 1
            gradient = x[at].T @ slope / len(at)
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient**2 - square)
            move = mean / (1 - 0.9**step)
            if course.adaptive:
                move = move / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
            weights = weights - course.learning_rate * (move + course.l2 * weights)
            if course.steps is not None and step >= course.steps:
                return [*snapshots, weights]
        snapshots.append(weights)
    return snapshots


def _answers(
    ids: np.ndarray, x: np.ndarray, y: np.ndarray, weights: np.ndarray, names: tuple[str, ...]
) -> Predictions:
    log_p = log_softmax((x @ weights).astype(np.float64), axis=1)
    loss = np.where(y >= 0, -log_p[np.arange(len(y)), np.maximum(y, 0)], np.nan)
    return Predictions(ids, y, log_p.argmax(axis=1), np.exp(log_p), loss, names, _digest(weights))


def _digest(weights: np.ndarray) -> str:
    return hashlib.sha256(weights.tobytes()).hexdigest()


def _accuracy(predictions: Predictions) -> float:
    return float((predictions.labels == predictions.predicted).mean())


def _history(
    curves: dict[str, list[dict[str, float]]], best: int, train_rows: int, validation_rows: int
) -> tuple[Evaluated, ...]:
    return tuple(
        Evaluated(i + 1, i + 1.0, train, validation, train_rows, validation_rows, i == best, 0.1)
        for i, (train, validation) in enumerate(
            zip(curves["train"], curves["validation"], strict=True)
        )
    )


def _checkpoints(snapshots: list[np.ndarray], best: int, scores: list[float]) -> CheckpointFacts:
    chosen = _digest(snapshots[best])
    return CheckpointFacts(
        initial=_digest(np.zeros_like(snapshots[0])),
        best=chosen,
        last=_digest(snapshots[-1]),
        evaluated=chosen,
        shipped=chosen,
        best_step=best + 1,
        last_step=len(snapshots),
        best_metric=scores[best],
        last_metric=scores[-1],
        metric_name="macro_f1",
    )
