"""A stand-in classifier that reads texts as a tokenizer and a head do, in milliseconds.

It can be asked in every way of `luthier.kit.ways`: other texts, other lengths, dropout, other
weights. So what a test script does wrong can be planted without torch.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import softmax
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression

from grammar import make_rows
from luthier.kit.ways import AS_SHIPPED, Way
from luthier.records import Predictions, Rows
from trials import script_of

WIDTH = 4096
MAX_LENGTH = 24
_TOKEN = re.compile(r"[\u3400-\u9fff]{2}|[^\W_]+|[^\w\s]")
_SHOUTS = ("SALE", "Paris", "Mr", "OK", "VIP", "No")


@dataclass(frozen=True)
class TextModel:
    """Weights [WIDTH, K]; `initial` are those from before training; `dropout` is on when asked."""

    weights: np.ndarray
    initial: np.ndarray
    label_names: tuple[str, ...]
    dropout: float = 0.3

    def __call__(
        self, texts: Sequence[str], way: Way = AS_SHIPPED, *, alone: bool = False, seed: int = 0
    ) -> np.ndarray | None:
        """Probabilities [n, K]."""
        del alone  # rows never mix here
        if not way.masked:
            return None
        given = way.texts(texts)
        if way.load.get("do_lower_case"):
            given = [text.lower() for text in given]
        length = way.call.get("max_length", MAX_LENGTH)
        inputs = _inputs(given, length, left=way.load.get("truncation_side") == "left")
        if way.train_mode:
            rng = np.random.default_rng(seed + 77)
            kept = rng.random(inputs.shape) >= self.dropout
            inputs = inputs * kept / (1 - self.dropout)
        return softmax(inputs @ (self.initial if way.weights else self.weights), axis=1)

    def predictions(self, rows: Rows, probabilities: np.ndarray) -> Predictions:
        """Answers to rows, with their true labels."""
        index = {name: i for i, name in enumerate(self.label_names)}
        labels = np.array([index[name] for name in rows.columns["label"]], dtype=np.int64)
        own = probabilities[np.arange(len(labels)), labels]
        answers = probabilities.argmax(axis=1)
        loss = -np.log(np.maximum(own, 1e-12))
        return Predictions(rows.ids, labels, answers, probabilities, loss, self.label_names)


def _inputs(texts: Sequence[str], length: int, *, left: bool) -> np.ndarray:
    tokens = [_TOKEN.findall(text) for text in texts]
    cut = [own[-length:] if left else own[:length] for own in tokens]
    hashed = HashingVectorizer(
        n_features=WIDTH, analyzer=lambda own: own, norm="l2", alternate_sign=False
    )
    return np.asarray(hashed.transform(cut).toarray())


def varied_rows(n: int, seed: int) -> Rows:
    """Keyword texts with capitals, punctuation and a tail of fillers before the word that tells."""
    rows = make_rows("keywords", script_of(seed), n, seed)
    rng = np.random.default_rng(seed)
    script = script_of(seed)
    vocabulary = sorted({word for words in rows.columns["words"] for word in words})
    texts = []
    for words in rows.columns["words"]:
        head = [str(word) for word in rng.choice(vocabulary[-60:], 6)]
        own = [word.capitalize() if script == "latin" else word for word in words]
        shout = str(rng.choice(_SHOUTS))
        label_word = f"{own[2]}{'!' if rng.random() < 0.5 else ''}"
        middle = [*own[:2], shout, label_word, *own[3:]]
        texts.append(" ".join([*head, *middle]))
    return replace(rows, columns={**rows.columns, "text": texts})


def fitted(rows: Rows, seed: int, *, steps: int = 300, strength: float = 20.0) -> TextModel:
    """A model trained on these rows."""
    names = tuple(sorted(set(rows.columns["label"])))
    inputs = _inputs(list(rows.columns["text"]), MAX_LENGTH, left=False)
    model = LogisticRegression(C=strength, max_iter=steps, random_state=seed, tol=1e-3)
    model.fit(inputs, [names.index(name) for name in rows.columns["label"]])
    initial = np.random.default_rng(seed).normal(0, 0.3, (WIDTH, len(names)))
    return TextModel(model.coef_.T, initial, names)
