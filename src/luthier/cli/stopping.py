"""Ctrl-C: while training it ends with the best so far, at any other time it stops at once."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any

from luthier.records import Progress, StageBegan, StageEnded, Started, TrainingSaid
from luthier.reporting.catalogue import ENGLISH, Catalogue


class Stopper:
    """Catches Ctrl-C; called, it says whether training should end with the best so far.

    A context manager that also listens to progress (`hear`), since only the training of the run
    itself can end early with a result; that of a fold cannot. The second Ctrl-C stops at once, and
    so does the first one outside training: the run can be resumed. Outside the main thread signals
    cannot be caught, and it never asks to stop.
    """

    def __init__(self, tell: Catalogue = ENGLISH) -> None:
        self._tell = tell
        self._asked = False
        self._training = False
        self._verb = ""
        self._before: Any = None

    def __call__(self) -> bool:
        """Whether Ctrl-C was pressed while training."""
        return self._asked

    def hear(self, progress: Progress) -> None:
        """Note when training begins and ends."""
        match progress:
            case StageBegan(verb):
                self._verb = verb
            case TrainingSaid(Started()):
                self._training = self._verb == "train"
            case StageEnded("train"):
                self._training = False
            case _:
                pass

    def __enter__(self) -> Stopper:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._pressed)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _pressed(self, _number: int, _frame: FrameType | None) -> None:
        if self._asked or not self._training:
            raise KeyboardInterrupt
        self._asked = True
        tell = self._tell
        said = tell("stopping after this step with the best so far; Ctrl-C again stops at once")
        print(f"\n{said}", file=sys.stderr)
