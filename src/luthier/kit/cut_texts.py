"""What is left of texts when only so much of them is read, and what a linear model makes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from luthier.kit.matched_shares import difference_within
from luthier.kit.ridge_probe import RidgeProbe, Weights, folds_of, one_hot
from luthier.kit.text_key import clusters_of_equal_keys
from luthier.records import BoolArray, Figure, Predictions, RowLengths, Rows

HEAD_PART = 0.25
"""Part of what is read that comes from the head, where head and tail are read."""


def _head(text: str, length: int) -> str:
    return text[:length]


def _tail(text: str, length: int) -> str:
    return text[len(text) - length :]


def _head_tail(text: str, length: int) -> str:
    head = round(HEAD_PART * length)
    return f"{text[:head]} {text[len(text) - (length - head) :]}"


CUTS: Mapping[str, Callable[[str, int], str]] = MappingProxyType(
    {"head": _head, "tail": _tail, "head_tail": _head_tail, "windows": _head}
)
"""Way of reading long texts (`text.long_texts`) -> the text that is read. Windows lose the end."""

SAME_LENGTH: Mapping[str, str] = MappingProxyType(
    {"head": "the beginning", "head_tail": "beginning and end", "tail": "the end"}
)
"""Ways that read as much of a text as each other -> what they read."""

WHOLE = "whole"

FEWEST = 40
"""Rows of a label from which its share of cut rows is told."""

MOST_CUT, MOST = 600, 1000
"""Cut rows, and rows in all, that the linear model is asked about."""


def what_is_read(text: str, tokens: int, lost: int, way: str) -> str:
    """The part of a text that the model sees, as near as characters can tell it.

    Tokens are taken as equally long in characters.

    Args:
        text: the whole text.
        tokens: tokens of the whole text.
        lost: tokens that the model does not see.
        way: `head`, `tail`, `head_tail` or `windows`.

    >>> what_is_read("0123456789", 10, 6, "tail")
    '6789'
    """
    if lost <= 0:
        return text
    return CUTS[way](text, max(1, round(len(text) * (tokens - lost) / tokens)))


@dataclass(frozen=True, slots=True)
class CutRows:
    """Some rows, those that are cut first: texts, labels, ids, tokens, and tokens lost."""

    texts: Sequence[str]
    labels: Sequence[str]
    ids: Sequence[int]
    tokens: Sequence[int]
    lost: Sequence[int]

    def right(self, way: str) -> BoolArray:
        """Which of the cut rows a linear model answers rightly out of fold, bool [cut rows].

        Args:
            way: what it reads of every row, as `what_is_read`; or `whole`.
        """
        texts = list(self.texts)
        if way != WHOLE:
            parts = zip(texts, self.tokens, self.lost, strict=True)
            texts = [what_is_read(text, n, lost, way) for text, n, lost in parts]
        targets, names = one_hot(self.labels)
        folds = folds_of(len(texts), clusters_of_equal_keys(self.texts))
        answers = RidgeProbe(Weights.of(texts).features(texts), folds).out_of_fold(targets)
        said = [names[i] for i in answers.argmax(axis=1)]
        right = np.array([a == b for a, b in zip(said, self.labels, strict=True)])
        return np.asarray(right[np.array(self.lost) > 0])


def cut_rows(rows: Rows, lengths: RowLengths, ids: Sequence[int], seed: int) -> CutRows:
    """At most `MOST_CUT` of the rows with these ids that are cut, and whole ones, `MOST` in all."""
    rng = np.random.default_rng(seed)
    place = {row_id: p for p, row_id in enumerate(rows.ids.tolist())}
    length = {row_id: p for p, row_id in enumerate(lengths.row_ids.tolist())}
    drawn = rng.permutation(np.array(ids, dtype=np.int64))
    is_cut = lengths.lost[[length[i] for i in drawn.tolist()]] > 0
    chosen = drawn[is_cut][:MOST_CUT].tolist()
    chosen += drawn[~is_cut][: MOST - len(chosen)].tolist()
    at = [length[i] for i in chosen]
    texts, labels = rows.columns["text"], rows.columns["label"]
    return CutRows(
        [texts[place[i]] for i in chosen],
        [labels[place[i]] for i in chosen],
        chosen,
        lengths.tokens[at].tolist(),
        lengths.lost[at].tolist(),
    )


def cut_shares(
    ids: Sequence[int], lost: Mapping[int, int], labels: Mapping[int, str]
) -> tuple[float, str, float]:
    """Share of these rows that are cut; the label that is cut most, and its share.

    Labels with fewer than `FEWEST` rows are not named; "" and 0 where there is no other.
    """
    rows = Counter(labels[i] for i in ids)
    cut = Counter(labels[i] for i in ids if lost[i] > 0)
    by_label = {label: cut[label] / n for label, n in rows.items() if n >= FEWEST}
    most = max(sorted(by_label), key=by_label.__getitem__, default="")
    return cut.total() / max(1, len(ids)), most, by_label.get(most, 0.0)


def whole_against_cut(answers: Predictions, lost: Mapping[int, int]) -> Figure | None:
    """Accuracy on rows that are read whole minus that on cut ones, label by label."""
    known = answers.labels >= 0
    whole = np.array([lost.get(i, 0) == 0 for i in answers.row_ids[known].tolist()], dtype=bool)
    right = (answers.labels == answers.predicted)[known]
    return difference_within(right, whole, answers.labels[known].tolist())
