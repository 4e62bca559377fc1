"""What a journey says to whoever listens: a progress bar, a log, a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from luthier.records.data import Note
from luthier.records.events import Event


@dataclass(frozen=True, slots=True)
class StageBegan:
    """A verb starts."""

    verb: str


@dataclass(frozen=True, slots=True)
class StageSaid:
    """A verb made a note."""

    verb: str
    note: Note


@dataclass(frozen=True, slots=True)
class StageEnded:
    """A verb is done. `reused` says that its result was already in the run folder."""

    verb: str
    summary: str
    seconds: float
    reused: bool = False


@dataclass(frozen=True, slots=True)
class TrainingSaid:
    """An event of training."""

    event: Event


Progress = StageBegan | StageSaid | StageEnded | TrainingSaid
Listener = Callable[[Progress], None]
