"""Small draws of real data: texts that differ, of the most frequent labels.

What is drawn has no two equal texts (by `text_key`), so conflicts and exact leaks are known to be
absent. Wrong labels are not: nobody knows how many there are.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from functools import cache

import numpy as np

from luthier.kit.text_key import text_key
from luthier.records import Rows, Source
from luthier.sample import sample_path
from place import SHARED_DATA

FRESH_SHARE = 0.35
"""Share of the texts that no run ever sees; they say what is really so."""

FEWEST_WORDS = 3
_WORD = re.compile(r"[\u3400-\u9fff]{2}|[\u3400-\u9fff]|[^\W_]+")


def words_in(text: str) -> tuple[str, ...]:
    """Runs of letters, and Chinese characters two by two."""
    return tuple(_WORD.findall(text.lower()))


def script_in(data: str) -> str:
    """`han` or `latin`."""
    return "latin" if data.endswith("_en") else "han"


def draw(data: str, n: int, seed: int, *, labels: int, noise: float, fresh: bool) -> Rows:
    """At most n rows in random order; `noise` is the share of labels drawn at random on top."""
    table = _part(data, labels, fresh)
    rng = np.random.default_rng(seed)
    picked = rng.permutation(len(table))[:n]
    names = sorted({label for _, label in table})
    texts = [table[i][0] for i in picked]
    told = [
        str(rng.choice(names)) if rng.random() < noise else table[i][1] for i in picked.tolist()
    ]
    columns = {"text": texts, "label": told, "words": [words_in(text) for text in texts]}
    count = len(texts)
    return Rows(
        ids=np.arange(count, dtype=np.int64),
        columns=columns,
        locations=[f"{data}:{i + 1}" for i in range(count)],
        given_split=[None] * count,
        source=Source(data, (), count, {"text": "text", "label": "label"}),
    )


@cache
def _part(data: str, labels: int, fresh: bool) -> list[tuple[str, str]]:
    table = _table(data)
    most = {name for name, _ in Counter(label for _, label in table).most_common(labels)}
    kept = [row for row in table if row[1] in most]
    order = np.random.default_rng(0).permutation(len(kept))
    cut = round(FRESH_SHARE * len(kept))
    return [kept[i] for i in (order[:cut] if fresh else order[cut:])]


@cache
def _table(data: str) -> list[tuple[str, str]]:
    """Texts of at least three words; a text that stands there twice is left out wholly."""
    table = _READERS[data]()
    counts = Counter(text_key(text) for text, _ in table)
    return [
        (text, label)
        for text, label in table
        if counts[text_key(text)] == 1 and len(words_in(text)) >= FEWEST_WORDS
    ]


def _sample() -> list[tuple[str, str]]:
    with sample_path().open(encoding="utf-8", newline="") as stream:
        return [(row["text"], row["label"]) for row in csv.DictReader(stream)]


def _thucnews() -> list[tuple[str, str]]:
    lines = (SHARED_DATA / "thucnews_titles_zh" / "test.txt").read_text(encoding="utf-8")
    pairs = (line.rsplit("\t", 1) for line in lines.splitlines() if "\t" in line)
    return [(text, f"topic {label}") for text, label in pairs]


def _trec() -> list[tuple[str, str]]:
    lines = (SHARED_DATA / "trec_sst_en" / "trec_train.txt").read_text(encoding="latin-1")
    pairs = (line.split(" ", 1) for line in lines.splitlines() if " " in line)
    return [(text, f"kind {label}") for label, text in pairs]


_READERS = {"sample": _sample, "thucnews_titles_zh": _thucnews, "trec_sst_en": _trec}
