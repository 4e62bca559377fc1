"""Whether what was judged is what ships: recorded answers, given again by the model. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

WayKind = Literal["shipped", "text", "tokens", "output", "rows", "train_mode", "weights"]
Stage = Literal["text", "tokens", "probabilities", "label"]
STAGES: tuple[Stage, ...] = ("text", "tokens", "probabilities", "label")


@dataclass(frozen=True, slots=True)
class Replay:
    """One way of answering the recorded rows again, and how near it came.

    Args:
        way: what was done, in plain words (`the texts in lower case`).
        kind: what is different from the model as it ships: nothing, the texts, the token ids, the
            order or form of the outputs, the rows that they stand beside, dropout left on, or the
            weights.
        agreement: share of rows with the recorded label, 0 to 1.
        reproduced: share of rows whose recorded probabilities came out (labels, where none are
            recorded), 0 to 1.
        difference: mean absolute difference of the probability of the recorded answer.
        explains: whether this way is taken for the one that made the recorded answers.
    """

    way: str
    kind: WayKind
    agreement: float
    reproduced: float
    difference: float
    explains: bool = False


@dataclass(frozen=True, slots=True)
class Parity:
    """The model in a fresh process beside the recorded answers (`parity.json`).

    Args:
        split: whose recorded answers they are.
        rows: rows that were answered again.
        replays: every way that was tried, the model as it ships first.
        stages: stage -> rows that differ there; a stage that cannot be compared is left out.
        first_stage: the first stage at which a row differs; None where nothing does.
        example: one row that differs: `row`, `recorded` and `now`, at the first stage.
        row_ids: rows that differ, at most a few hundred.
        repeat_difference: largest difference between two passes over the same rows.
        repeat_flips: rows whose label differs between these two passes.
        alone_difference: largest difference between a row alone and in a batch.
        alone_flips: rows whose label differs between alone and in a batch.
        training_modules: modules with dropout or batch statistics found in training mode.
        missing_keys: weights that the model needs and its file lacks.
        unexpected_keys: weights in the file that the model does not use.
        recorded_digest: digest that the recorded answers carry; empty where they carry none.
        shipped_digest: digest of the weights that were loaded.
        initial_digest: digest of the weights before training; empty where it is unknown.
    """

    split: str
    rows: int
    replays: tuple[Replay, ...]
    stages: Mapping[str, int]
    first_stage: Stage | None
    example: Mapping[str, str] = field(default_factory=dict)
    row_ids: tuple[int, ...] = ()
    repeat_difference: float = 0.0
    repeat_flips: int = 0
    alone_difference: float = 0.0
    alone_flips: int = 0
    training_modules: tuple[str, ...] = ()
    missing_keys: tuple[str, ...] = ()
    unexpected_keys: tuple[str, ...] = ()
    recorded_digest: str = ""
    shipped_digest: str = ""
    initial_digest: str = ""

    @property
    def shipped(self) -> Replay:
        """The model as it ships."""
        return self.replays[0]

    @property
    def explanation(self) -> Replay | None:
        """The way that made the recorded answers; None where no way that was tried did."""
        return next((replay for replay in self.replays if replay.explains), None)
