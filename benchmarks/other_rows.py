"""Rows with several labels each, or with a number, in the made-up languages of `grammar`."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from grammar import FILLERS, FRESH, GROUP, Kind, words_of
from luthier.kit.text_key import text_key
from luthier.records import Rows, Source
from trials import script_of

Answers = Literal["labels", "number"]

LABELS = 4


def make_rows(answers: Answers, kind: Kind, n: int, seed: int, *, noise: float = 0.02) -> Rows:
    """n rows with different texts.

    `keywords`: single words tell the labels (each label has three) or add up to the number.
    `pairs`: both follow from two words that never stand beside each other, which no linear model of
    n-grams learns. `noise` is the share of rows whose answer is drawn anew.

    Columns: text, words (for the stand-in), and `labels` or `number`.
    """
    rng = np.random.default_rng([seed, answers == "number"])
    script = script_of(seed % FRESH)
    vocabulary = words_of(script)
    seen: set[str] = set()
    texts: list[str] = []
    words: list[tuple[str, ...]] = []
    told: list[Any] = []
    while len(texts) < n:
        marks, answer = (_keywords if kind == "keywords" else _pairs)(answers, rng)
        filler = [
            vocabulary[2 * GROUP + int(i)] for i in rng.integers(FILLERS, size=len(marks) + 2)
        ]
        own = [filler[0]]
        for mark, between in zip(marks, filler[1:], strict=False):
            own += [vocabulary[mark], between]
        text = ("" if script == "han" else " ").join(own)
        if text_key(text) in seen:
            continue
        seen.add(text_key(text))
        texts.append(text)
        words.append(tuple(own))
        told.append(answer)
    for i in np.flatnonzero(rng.random(n) < noise).tolist():
        told[i] = told[int(rng.integers(n))]
    return Rows(
        ids=np.arange(n, dtype=np.int64),
        columns={"text": texts, answers: told, "words": words},
        locations=[f"grammar:{i + 1}" for i in range(n)],
        given_split=[None] * n,
        source=Source("grammar", (), n, {"text": "text", answers: answers}),
    )


def _keywords(answers: Answers, rng: np.random.Generator) -> tuple[list[int], Any]:
    if answers == "number":
        marks = rng.integers(2 * GROUP, size=int(rng.integers(1, 5))).tolist()
        worth = sum(1.0 if mark < GROUP else -1.0 for mark in marks)
        return marks, float(worth + rng.normal(0, 0.3))
    applies = np.flatnonzero(rng.random(LABELS) < 0.35).tolist()
    marks = [3 * label + int(rng.integers(3)) for label in applies]
    return marks, tuple(f"l{label}" for label in applies)


def _pairs(answers: Answers, rng: np.random.Generator) -> tuple[list[int], Any]:
    first, second = (int(i) for i in rng.integers(GROUP, size=2))
    marks, total = [first, GROUP + second], (first + second) % GROUP
    if answers == "number":
        return marks, float(total + rng.normal(0, 0.3))
    return marks, tuple(f"l{label}" for label in range(LABELS) if (total + label) % GROUP < 2)
