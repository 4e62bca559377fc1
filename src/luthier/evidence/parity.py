"""Recorded answers, given again: which way of answering were they made in? No torch here.

The model is asked through a callable, so that a process, a service or a stand-in can be behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.special import softmax
from scipy.stats import chisquare

from luthier.kit.pool_answers import taken
from luthier.kit.telling_rows import telling_rows
from luthier.kit.ways import AS_SHIPPED, WITH_DROPOUT, Way
from luthier.records import STAGES, BoolArray, FloatArray, IntArray, Parity, Predictions, Replay

TRIED_ROWS = 48
"""Rows on which each way is tried, before the best is tried on all."""

PASSES = 9
"""Passes with dropout on, on at most `DROPOUT_ROWS` rows."""
DROPOUT_ROWS = 96

TOLERANCE = 1e-3
"""Largest difference in probability that another processor or a rounded file explains."""

EXPLAINED = 0.98
"""Share of rows that a way must give as recorded, to be the one that made them."""

LIKE_IT, TELLING_ROWS = 0.02, 20
"""Share of all recorded answers that may be like one which can be recognised, and the fewest of
these that tell anything."""

EVEN = 0.01
"""p-value of the ranks among dropout passes above which they are called even."""

NAMED_ROWS = 300


class Asked(Protocol):
    """Whoever answers: probabilities float64 [n, K], or None where a way is not possible."""

    def __call__(
        self, texts: Sequence[str], way: Way = AS_SHIPPED, *, alone: bool = False, seed: int = 0
    ) -> FloatArray | None:
        """Answer these texts in this way."""
        ...


@dataclass(frozen=True, slots=True)
class Recorded:
    """Recorded answers with their texts, in one order.

    Args:
        answers: probabilities in the order of the model's labels.
        texts: n texts.
        rounded: half of the last digit of the probabilities in the file; 1 where it holds only
            labels.
    """

    answers: Predictions
    texts: tuple[str, ...]
    rounded: float = 0.0

    @property
    def only_labels(self) -> bool:
        """Whether no probabilities were recorded."""
        return self.rounded >= 1

    @property
    def tolerance(self) -> float:
        """Largest difference in probability that counts as the same."""
        return max(TOLERANCE, 1.5 * self.rounded)

    def take(self, positions: IntArray) -> Recorded:
        """These rows."""
        part = taken(self.answers, positions)
        return Recorded(part, tuple(self.texts[i] for i in positions.tolist()), self.rounded)


def find_way(
    recorded: Recorded,
    ask: Asked,
    ways: Sequence[Way],
    reference: Way = AS_SHIPPED,
    every: FloatArray | None = None,
) -> Parity:
    """Answer the recorded rows again, and find the way in which they were made.

    Args:
        recorded: at most a few hundred rows (`telling_rows`).
        ask: the model.
        ways: what to try where the reference does not give the recorded answers.
        reference: how the model is meant to be asked.
        every: probabilities [N, K] recorded for all rows, where they may stand beside other ones.

    Raises:
        ValueError: when the model cannot be asked at all.
    """
    shipped = ask(recorded.texts, reference)
    if shipped is None:
        raise ValueError("the model does not answer these texts")
    replays = [_replay(reference, recorded, shipped)]
    if not replays[0].explains:
        replays += _outputs(recorded, shipped) + _other_rows(recorded, shipped, every)
        few = recorded.take(telling_rows(recorded.texts, TRIED_ROWS))
        for way in ways:
            answer = ask(few.texts, way)
            if answer is not None:
                replays.append(_replay(way, few, answer))
        replays = _confirmed(replays, recorded, ask, ways)
        if not any(replay.explains for replay in replays):
            replays += _with_dropout(recorded, shipped, ask)
    differs = ~_same_rows(recorded, shipped)
    labels = shipped.argmax(axis=1) != recorded.answers.predicted
    stages: dict[str, int] = {"label": int(labels.sum())}
    if not recorded.only_labels:
        stages = {"probabilities": int(differs.sum()), **stages}
    first = next((stage for stage in STAGES if stages.get(stage)), None)
    found = Parity(
        split="test",
        rows=len(recorded.texts),
        replays=tuple(replays),
        stages=stages,
        first_stage=None if replays[0].explains else first,
        row_ids=tuple(recorded.answers.row_ids[differs].tolist()[:NAMED_ROWS]),
        recorded_digest=recorded.answers.model_digest,
    )
    return _with_passes(found, recorded.texts[:TRIED_ROWS], shipped[:TRIED_ROWS], ask, reference)


def _same_rows(recorded: Recorded, answer: FloatArray) -> BoolArray:
    if recorded.only_labels:
        return np.asarray(answer.argmax(axis=1) == recorded.answers.predicted)
    gap = np.abs(answer - recorded.answers.probabilities).max(axis=1)
    return np.asarray(gap <= recorded.tolerance)


def _replay(way: Way, recorded: Recorded, answer: FloatArray) -> Replay:
    same = float(_same_rows(recorded, answer).mean())
    picked = recorded.answers.predicted
    rows = np.arange(len(picked))
    gap = np.abs(answer[rows, picked] - recorded.answers.probabilities[rows, picked])
    return Replay(
        way=way.name,
        kind=way.kind,
        agreement=float((answer.argmax(axis=1) == picked).mean()),
        reproduced=same,
        difference=float(gap.mean()),
        explains=same >= EXPLAINED,
    )


def _outputs(recorded: Recorded, shipped: FloatArray) -> list[Replay]:
    """The right outputs in another form: softmax over probabilities, columns in another order."""
    if recorded.only_labels:
        return []
    told = recorded.answers.probabilities
    cost = np.abs(told[:, :, None] - shipped[:, None, :]).sum(axis=0)
    _, order = linear_sum_assignment(cost)
    forms = {"the outputs with softmax applied twice": softmax(shipped, axis=1)}
    if (order != np.arange(len(order))).any():
        forms["the outputs in another order"] = shipped[:, order]
    return [_replay(Way(name, "output"), recorded, form) for name, form in forms.items()]


def _other_rows(recorded: Recorded, shipped: FloatArray, every: FloatArray | None) -> list[Replay]:
    """The model's answers, looked for among those recorded for all rows.

    Only answers that few recorded ones are like can be recognised; a model that is sure of
    everything gives none.
    """
    if every is None or recorded.only_labels:
        return []
    found = np.array([(np.abs(every - one).max(1) <= recorded.tolerance).sum() for one in shipped])
    telling = found <= max(1, LIKE_IT * len(every))
    if telling.sum() < TELLING_ROWS:
        return []
    share = float((found[telling] > 0).mean())
    whole = _replay(Way("the answers to other rows", "rows"), recorded, shipped)
    return [replace(whole, reproduced=share, difference=0.0, explains=share >= EXPLAINED)]


def _confirmed(
    replays: list[Replay], recorded: Recorded, ask: Asked, ways: Sequence[Way]
) -> list[Replay]:
    """The one way that gives all rows; of several that give the few rows, the nearest."""
    by_name = {way.name: way for way in ways}
    nearest = sorted(
        (i for i, replay in enumerate(replays) if replay.explains and i),
        key=lambda i: (-replays[i].reproduced, replays[i].difference),
    )
    chosen = None
    for i in nearest:
        way = by_name.get(replays[i].way)
        answer = ask(recorded.texts, way) if way is not None else None
        whole = replays[i] if answer is None or way is None else _replay(way, recorded, answer)
        replays[i] = whole
        if chosen is None and whole.explains:
            chosen = i
    return [replace(replay, explains=i == chosen) for i, replay in enumerate(replays)]


def _with_dropout(recorded: Recorded, shipped: FloatArray, ask: Asked) -> list[Replay]:
    """Whether the recorded answers look like one more pass with dropout on.

    Among m passes and the record, the place of the record is even over 1 to m + 1 if it was made
    like them: they are exchangeable (Vovk, Gammerman & Shafer 2005). Chi-square over the places.
    """
    texts, n = recorded.texts[:DROPOUT_ROWS], min(DROPOUT_ROWS, len(recorded.texts))
    drawn = [ask(texts, WITH_DROPOUT, seed=seed) for seed in range(PASSES)]
    passes = [answer for answer in drawn if answer is not None]
    if len(passes) < PASSES:
        return []
    stack = np.stack(passes)
    at, picked = np.arange(n), shipped[:n].argmax(axis=1)
    agreements = (stack.argmax(axis=2) == picked).mean(axis=1)
    told = recorded.take(at)
    agreement = float((told.answers.predicted == picked).mean())
    spread = np.abs(stack[:, at, picked] - shipped[at, picked]).mean(axis=1)
    if spread.max() < TOLERANCE / 10:  # the model has no dropout
        return []
    room = 3 * np.sqrt(max(1 / n, float(agreements.var())))
    alike = bool(abs(agreement - agreements.mean()) <= room) and agreement < 1
    gap = 1 - agreement
    if not told.only_labels:
        record = told.answers.probabilities[at, picked]
        places = (stack[:, at, picked] < record).sum(axis=0)
        counts = np.bincount(places, minlength=PASSES + 1)
        alike = alike and float(chisquare(counts).pvalue) > EVEN
        gap = float(np.abs(record - shipped[at, picked]).mean())
        alike = alike and 0.5 * spread.min() <= gap <= 2 * spread.max()
    return [
        Replay(
            way=WITH_DROPOUT.name,
            kind=WITH_DROPOUT.kind,
            agreement=float(agreements.mean()),
            reproduced=float(alike),
            difference=gap,
            explains=alike,
        )
    ]


def _with_passes(
    found: Parity, texts: Sequence[str], shipped: FloatArray, ask: Asked, reference: Way
) -> Parity:
    """The same rows once more, and each alone."""
    again, alone = ask(texts, reference, seed=1), ask(texts, reference, alone=True, seed=1)
    picked = shipped.argmax(axis=1)
    if again is not None and len(texts):
        found = replace(
            found,
            repeat_difference=float(np.abs(again - shipped).max()),
            repeat_flips=int((again.argmax(axis=1) != picked).sum()),
        )
    if alone is not None and len(texts):
        found = replace(
            found,
            alone_difference=float(np.abs(alone - shipped).max()),
            alone_flips=int((alone.argmax(axis=1) != picked).sum()),
        )
    return found
