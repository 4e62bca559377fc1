"""Which settings a cell runs with: a small grid, searched on validation rows with one seed.

The axes are searched one after the other, each with the best of those before it: the learning rate
at the fewer epochs, then whether the lower half joins in later, then class weights, then a teacher,
then twice as many epochs. Every arm has its own search for every set and number of rows, the
random-weights twin over the same values as the pretrained model. Test rows decide nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from luthier.records import IntArray
from starter.cells import CHOOSING_SEED, Arm, Cell, Facts, model_digest
from starter.sets import LabelledSet, drawn

RATES = {"starter": (2e-4, 5e-4, 1e-3), "minilm": (5e-5, 1e-4, 2e-4)}
"""A model of 6 million weights wants a higher rate than one of 22 million."""
FULL_EPOCHS = {
    "cic_zh": 6,
    "tnews_zh": 3,
    "hotel_reviews_zh": 2,
    "thucnews_titles_zh": 2,
    "banking77_en": 5,
    "trec_en": 5,
    "sst2_en": 2,
}
"""The fewer epochs with all rows: more where there are more labels, fewer where texts are long."""
FULL_BATCH = 32
FEW = {64: (16, 6), 8: (8, 10)}
"""Rows per label -> rows per step, and the least number of the fewer epochs."""
FEW_STEPS = 400
MOST_FEW_EPOCHS = 20
"""With few rows: epochs for about `FEW_STEPS` steps, between the least above and this."""
LINEAR_C = {"svm": (0.5, 0.25, 1.0), "logistic": (5.0, 1.0, 20.0)}
FROZEN_C = (0.1, 0.01, 1.0)
TRAINED_WEIGHTS, LINEAR_WEIGHTS = ("none", "sqrt"), ("none", "sqrt", "balanced")
"""Class weights that are tried where all rows are learned from and some labels are rare; for models
that are trained one kind less: a cell takes minutes."""
FREEZE_SHARES = (0.0, 0.45)
"""Part of the epochs with a frozen lower half. The second, what recipe `auto` takes where labels
are many, is tried where all rows are learned from."""
TEACHERS = ("none", "linear")
"""Tried where all rows are learned from."""
FEATURES = {
    "zh": ("characters+words", "characters"),
    "en": ("characters+words", "characters", "words"),
}

Axes = tuple[tuple[str, tuple[float | str, ...]], ...]
"""(setting, values to try, the first being the one that later axes start from)."""


@dataclass(frozen=True)
class Line:
    """One arm on one set with so many rows per label: a search, and then a cell per seed."""

    arm: Arm
    data: LabelledSet
    per_label: int | None
    seeds: int

    @property
    def runs(self) -> int:
        """Cells of the final figure: one where no seed enters (all rows, nothing trained)."""
        varies = self.arm.trains_a_model or self.per_label is not None
        return self.seeds if varies else 1

    def cell(self, settings: Mapping[str, float | str], seed: int = CHOOSING_SEED) -> Cell:
        """The cell with these settings."""
        digest = ""
        if self.arm.folder is not None:
            digest = model_digest(self.arm.folder, weights=self.arm.kind != "twin")
        # not named where nothing is frozen: such cells are what they were before there was a choice
        named = {name: value for name, value in settings.items() if value or name != "freeze_share"}
        pairs = tuple(sorted(named.items()))
        name, rows = self.data.name, self.data.digest
        return Cell(name, self.per_label, self.arm, seed, pairs, rows, digest)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a line is.

    Args:
        ready: cells that can be computed now.
        final: the cells of the final figure, once the search is done.
        left: cells still to compute, those of later axes included.
    """

    ready: tuple[Cell, ...]
    final: tuple[Cell, ...]
    left: int


def progress(line: Line, known: Callable[[Cell], Facts | None]) -> Progress:
    """What of a line is computed and what can be computed next; `known` looks into the cache."""
    axes = axes_of(line)
    settings = {name: values[0] for name, values in axes}
    for place, (name, values) in enumerate(axes):
        cells = [line.cell({**settings, name: value}) for value in values]
        facts = [known(cell) for cell in cells]
        ready = [cell for cell, found in zip(cells, facts, strict=True) if found is None]
        if ready:
            later = sum(len(more) - 1 for _, more in axes[place + 1 :])
            return Progress(tuple(ready), (), len(ready) + later + line.runs - 1)
        settings[name] = values[_best(facts)]
    final = [line.cell(settings, seed) for seed in range(line.runs)]
    ready = [cell for cell in final if known(cell) is None]
    return Progress(tuple(ready), tuple(final), len(ready))


def axes_of(line: Line) -> Axes:
    """The search of a line."""
    kind = line.arm.kind
    rare = line.per_label is None and _some_are_rare(line.data.train.labels)
    weights = LINEAR_WEIGHTS if rare else ("none",)
    if kind in LINEAR_C:
        features = FEATURES[line.data.language]
        return (("C", LINEAR_C[kind]), ("features", features), ("class_weights", weights))
    if kind == "frozen":
        return (("C", FROZEN_C), ("class_weights", weights))
    epochs, batch = _epochs_and_batch(line)
    rates = RATES["minilm" if line.arm.name.startswith("minilm") else "starter"]
    return (
        ("batch_size", (batch,)),
        ("learning_rate", (rates[1], rates[0], rates[2])),
        ("freeze_share", FREEZE_SHARES if line.per_label is None else FREEZE_SHARES[:1]),
        ("class_weights", TRAINED_WEIGHTS if rare else ("none",)),
        ("teacher", TEACHERS if line.per_label is None else ("none",)),
        ("epochs", (epochs, 2 * epochs)),
    )


def _epochs_and_batch(line: Line) -> tuple[int, int]:
    if line.per_label is None:
        return FULL_EPOCHS[line.data.name], FULL_BATCH
    batch, least = FEW[line.per_label]
    steps = math.ceil(len(drawn(line.data.train, line.per_label, CHOOSING_SEED)) / batch)
    return max(least, min(MOST_FEW_EPOCHS, math.ceil(FEW_STEPS / steps))), batch


def _some_are_rare(labels: IntArray) -> bool:
    """Whether weights can matter: the commonest label has at least twice the rows of the rarest."""
    counts = np.bincount(labels)
    counts = counts[counts > 0]
    return bool(counts.max() >= 2 * counts.min())


def _best(facts: Sequence[Facts | None]) -> int:
    """Place of the highest validation figure, the first of equals."""
    scores = [found.validation_macro_f1 or 0.0 for found in facts if found is not None]
    return max(range(len(scores)), key=lambda place: (scores[place], -place))
