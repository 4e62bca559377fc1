"""What training says while it runs. `history.jsonl` holds one event a line; order is time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

StopReason = Literal["finished", "early_stopping", "interrupted", "time_budget"]


@dataclass(frozen=True, slots=True)
class Started:
    """Training begins, or goes on from `resumed_from_step`. Steps are optimizer steps.

    In the first `frozen_epochs` only the upper half of the layers and the head learn.
    """

    total_steps: int
    steps_per_epoch: int
    num_train_epochs: int
    train_rows: int
    trainable_parameters: int
    total_parameters: int
    initial_digest: str
    resumed_from_step: int | None = None
    frozen_epochs: float = 0.0
    event: Literal["started"] = "started"


@dataclass(frozen=True, slots=True)
class Stepped:
    """One optimizer step. `loss` is the mean over the rows of the step, in training mode.

    Args:
        step: 1-based optimizer step.
        epoch: fraction of epochs done.
        loss: natural-log loss per row, class weights and smoothing included.
        learning_rate: rate used in this step.
        grad_norm: global L2 norm before clipping.
        rows: rows in the step.
        tokens: tokens in the step, padding left out.
        padded_tokens: tokens in the step, padding included.
        seconds: wall time of the step.
    """

    step: int
    epoch: float
    loss: float
    learning_rate: float
    grad_norm: float
    rows: int
    tokens: int
    padded_tokens: int
    seconds: float
    event: Literal["stepped"] = "stepped"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Both splits measured in evaluation mode by the same code.

    `train` and `validation` map a metric name (`loss`, `accuracy`, `macro_f1`, ...) to its value;
    `train_rows` says on how many training rows it was measured (a fixed sample on large data).
    """

    step: int
    epoch: float
    train: Mapping[str, float]
    validation: Mapping[str, float]
    train_rows: int
    validation_rows: int
    is_best: bool
    seconds: float
    event: Literal["evaluated"] = "evaluated"


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint is complete on disk. `digest` is sha256 over the sorted weight tensors."""

    step: int
    epoch: float
    kind: Literal["best", "last"]
    digest: str
    event: Literal["saved"] = "saved"


@dataclass(frozen=True, slots=True)
class Warned:
    """Something a person should know (a row sample, a halved batch, a skipped step)."""

    step: int
    message: str
    event: Literal["warned"] = "warned"


@dataclass(frozen=True, slots=True)
class Stopped:
    """The last event of a run that ended by itself or by Ctrl-C."""

    step: int
    epoch: float
    reason: StopReason
    best_step: int
    best_epoch: float
    best_metric: float
    metric_name: str
    event: Literal["stopped"] = "stopped"


Event = Started | Stepped | Evaluated | Saved | Warned | Stopped

_ADAPTER: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])


def event_to_json(event: Event) -> dict[str, Any]:
    """A plain dict for one line of `history.jsonl`."""
    value: dict[str, Any] = _ADAPTER.dump_python(event, mode="json")
    return value


def event_from_json(value: Mapping[str, Any]) -> Event:
    """The event of one line of `history.jsonl`.

    Raises:
        pydantic.ValidationError: when the line is not an event.
    """
    return _ADAPTER.validate_python(dict(value))
