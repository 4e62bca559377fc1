"""What one measurement of speed is: the cell, its rows, what a contender gives back."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
BATCH, MAX_LENGTH, PATIENCE = 32, 128, 3
SAMPLING = ("trainer_group_by_length", "trainer_batch_rebalance")
"""`Trainer` at its best: from the second seed on the one of them that was faster with the first."""
EVERY_SEED = ("luthier_full", "luthier_auto", "luthier_partial", "luthier_frozen")
ONCE = (
    "trainer_max_length",
    "trainer_partial",
    "trainer_frozen",
    "luthier_partial_without_cache",
    "sentence_transformers_lr",
)
"""Asides and single epochs, with the first seed only."""
PREDICTORS = ("pipeline", "luthier_torch", "luthier_onnx", "luthier_onnx_int8")
KINDS = {
    "train": (*SAMPLING, *EVERY_SEED, *ONCE),
    "predict": PREDICTORS,
    "first": ("luthier_workup_frozen",),
}
EPOCHS_WHERE_ONE_IS_TIMED = 2
"""For `trainer_max_length`, of which the time of an epoch is asked and no more."""


@dataclass(frozen=True)
class Cell:
    """One measurement.

    `model` is its name, `work` the folder for what is made on the way; it is not written down.
    """

    kind: str
    data: str
    contender: str
    seed: int
    model: str
    rows: int
    texts: int
    epochs: int
    learning_rate: float
    threads: int
    work: str = ""

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.kind}.{self.data}.{self.model}.{self.rows}.{self.contender}.{self.seed}"

    @property
    def folder(self) -> str:
        """Where the pretrained model lies."""
        from luthier.models.pretrained import find_model

        return find_model(self.model).path

    @property
    def facts(self) -> dict[str, Any]:
        """What is written down of it."""
        return {name: value for name, value in asdict(self).items() if name != "work"}


@dataclass(frozen=True)
class Rows:
    """Texts and label numbers of the three splits."""

    names: tuple[str, ...]
    texts: dict[str, list[str]]
    labels: dict[str, list[int]]


Curve = list[tuple[float, float]]
"""Seconds since the beginning, and macro-F1 on validation rows then."""


@dataclass(frozen=True)
class Answered:
    """What a contender gives back."""

    predicted: Sequence[int]
    facts: dict[str, Any]


def rows_of(cell: Cell) -> Rows:
    """The rows of a cell; `asked` are test rows over and over, as many as are predicted."""
    from luthier import load
    from luthier.settings import SplitSettings
    from luthier.stages.split import split

    loaded = load(SHARED_DATA / cell.data)
    splits = split(loaded, SplitSettings())
    names = tuple(sorted(set(loaded.columns["label"])))
    number = {name: i for i, name in enumerate(names)}
    texts: dict[str, list[str]] = {}
    labels: dict[str, list[int]] = {}
    for part in ("train", "validation", "test"):
        some = loaded.only(splits.ids_of(part))
        if cell.rows:
            some = some.take(np.random.default_rng(0).permutation(len(some))[: cell.rows])
        texts[part] = [str(text) for text in some.columns["text"]]
        labels[part] = [number[label] for label in some.columns["label"]]
        if cell.rows and part != "train":  # few rows teach few labels; nobody is asked for others
            kept = [i for i, label in enumerate(labels[part]) if label in set(labels["train"])]
            texts[part] = [texts[part][i] for i in kept]
            labels[part] = [labels[part][i] for i in kept]
    again = [i % len(texts["test"]) for i in range(cell.texts)]
    texts["asked"] = [texts["test"][i] for i in again]
    labels["asked"] = [labels["test"][i] for i in again]
    return Rows(names, texts, labels)


def shipped_folder(cell: Cell) -> Path:
    """Where the fine-tuned model lies that all predict with."""
    name = f"{cell.data}.{cell.model}.{cell.rows}.{cell.seed}"
    return Path(cell.work) / "shipped" / name


def facts_of(seconds: float, cpu: float, epochs: Sequence[float], curve: Curve) -> dict[str, Any]:
    """What is written of a training or prediction beside its answers."""
    return {
        "seconds": seconds,
        "processor_seconds": cpu,
        "curve": curve,
        "epochs": len(epochs),
        "epoch_seconds": statistics.median(epochs) if epochs else None,
    }


def half_of_layers(cell: Cell) -> int:
    """The layers that are trained when the lower ones are frozen."""
    from luthier.models.facts import describe_model
    from luthier.models.pretrained import find_model

    return max(1, describe_model(find_model(cell.model)).layers // 2)
