"""Made-up languages whose labels are known exactly, in Chinese characters or Latin letters.

Three kinds of text, so that a fault can be planted or ruled out for sure:

- `keywords`: one word of the text tells the label. A linear model can learn all of it.
- `pairs`: the label follows from two words that never stand beside each other. A linear model over
  n-grams can learn none of it, a model of word pairs can.
- `mixed`: two texts in three are `keywords`, the others `pairs`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from luthier.kit.text_key import text_key
from luthier.records import Rows, Source
from place import here
from real_rows import draw, words_in

Kind = Literal["keywords", "pairs", "mixed"]
Script = Literal["han", "latin"]

FILLERS = 90
GROUP = 6
FRESH = 10_000
"""From this seed on, rows are those that no run sees (20,000: to pretrain on)."""

PRETRAINING = 20_000


def words_of(script: Script) -> list[str]:
    """First `GROUP` words of group one, then of group two, then the fillers; always the same."""
    language = here().substrate.language
    rng = np.random.default_rng(language.seed)
    parts = list(language.han) if script == "han" else list(language.syllables)
    length = 2 if script == "han" else 3
    words: dict[str, None] = {}
    while len(words) < 2 * GROUP + FILLERS:
        words["".join(rng.choice(parts, length))] = None
    return list(words)


def make_rows(
    kind: Kind, script: Script, n: int, seed: int, *, labels: int = 4, noise: float = 0.02
) -> Rows:
    """n rows with different texts; `noise` is the share of labels drawn at random.

    Columns: text, label, and `words` (the words of the text, for the stand-in model). They come
    from the current substrate: real rows have their own script and as many rows as there are.
    """
    place = here()
    if seed in (FRESH, PRETRAINING):
        return _rows(kind, script, n, seed, labels, noise)
    if place.given is not None:
        return _with_words(place.given)
    rows = _rows(kind, script, min(n, place.most_rows or n), seed, labels, noise)
    place.made.append(rows)
    return rows


def _with_words(rows: Rows) -> Rows:
    if "words" in rows.columns:
        return rows
    words = [words_in(text) for text in rows.columns["text"]]
    return replace(rows, columns={**rows.columns, "words": words})


def _rows(kind: Kind, script: Script, n: int, seed: int, labels: int, noise: float) -> Rows:
    data = here().substrate.data
    if data:
        return draw(data, n, seed, labels=labels, noise=noise, fresh=seed == FRESH)
    rng = np.random.default_rng(seed)
    vocabulary = words_of(script)
    seen: set[str] = set()
    texts, names, words = [], [], []
    while len(texts) < n:
        row, label = _sentence(kind, vocabulary, rng, labels)
        text = ("" if script == "han" else " ").join(row)
        if text_key(text) in seen:
            continue
        seen.add(text_key(text))
        if rng.random() < noise:
            label = int(rng.integers(labels))
        texts.append(text)
        names.append(f"类{label}" if script == "han" else f"label {label}")
        words.append(tuple(row))
    return Rows(
        ids=np.arange(n, dtype=np.int64),
        columns={"text": texts, "label": names, "words": words},
        locations=[f"grammar:{i + 1}" for i in range(n)],
        given_split=[None] * n,
        source=Source("grammar", (), n, {"text": "text", "label": "label"}),
    )


def _sentence(
    kind: Kind, vocabulary: list[str], rng: np.random.Generator, labels: int
) -> tuple[list[str], int]:
    first, second = (int(i) for i in rng.integers(GROUP, size=2))
    filler = [vocabulary[2 * GROUP + int(i)] for i in rng.integers(FILLERS, size=4)]
    extra = here().substrate.language.more_fillers
    more = [vocabulary[2 * GROUP + int(i)] for i in rng.integers(FILLERS, size=extra)]
    if kind == "keywords" or (kind == "mixed" and rng.random() < 2 / 3):
        return [*filler[:2], vocabulary[first], *filler[2:], *more], first % labels
    words = [filler[0], vocabulary[first], *filler[1:3], vocabulary[GROUP + second], filler[3]]
    return [*words, *more], (first + second) % labels
