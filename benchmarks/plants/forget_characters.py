"""Take characters out of a vocabulary, as if the model came from another script."""

from __future__ import annotations

from collections import Counter

import numpy as np

from grammar import make_rows
from luthier.records import EncodedFacts
from trials import Trial, script_of, shares

HEALTHY = 0.005


def plant(seed: int, *, share: float) -> Trial:
    """A character vocabulary that lacks characters making up at least `share` of the text.

    The fault is there when the share of unknown characters among the training rows, counted here
    anew, is above half a percent.
    """
    rows = make_rows("keywords", script_of(seed), 1200, seed)
    splits = shares(rows, seed)
    learned = set(splits.ids_of("train").tolist())
    texts = [
        text.replace(" ", "")
        for row, text in zip(rows.ids.tolist(), rows.columns["text"], strict=True)
        if row in learned
    ]
    counts = Counter("".join(texts))
    forgotten = _forget(counts, share, seed)
    facts = encoded_facts(texts, set(counts) - forgotten)
    there = facts.unknown_tokens > HEALTHY * facts.tokens
    return Trial(
        f"{facts.unknown_tokens / facts.tokens:.1%} of the characters forgotten",
        {"rows": rows, "splits": splits, "encoding": {"train": facts}},
        present=frozenset({"unknown_tokens"}) if there else frozenset(),
        absent=frozenset({"conflicting_labels", "train_test_duplicates"}),
    )


def encoded_facts(texts: list[str], vocabulary: set[str]) -> EncodedFacts:
    """What encoding by characters would have counted."""
    unknown = [sum(character not in vocabulary for character in text) for text in texts]
    tokens = sum(len(text) + 2 for text in texts)  # with the two special tokens
    touched = sum(count > 0 for count in unknown)
    return EncodedFacts(len(texts), tokens, sum(unknown), touched, 0, 0, 512)


def _forget(counts: Counter[str], share: float, seed: int) -> set[str]:
    characters = sorted(counts)
    order = np.random.default_rng(seed + 2).permutation(len(characters))
    total, gone, forgotten = sum(counts.values()), 0, set()
    for index in order:
        if gone >= share * total:
            break
        forgotten.add(characters[index])
        gone += counts[characters[index]]
    return forgotten
