"""Progress on stderr: a bar per verb on a terminal, plain lines otherwise."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING

from luthier.cli.terminal import harmless, say_aside
from luthier.records import (
    Evaluated,
    Listener,
    Progress,
    StageBegan,
    StageEnded,
    StageSaid,
    Started,
    Stepped,
    Stopped,
    Warned,
)

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


def listener() -> PlainLines | Bars:
    """Bars on a terminal, plain lines elsewhere; a context manager that is called with progress."""
    return Bars() if sys.stderr.isatty() else PlainLines()


def both(first: Listener, second: Listener) -> Listener:
    """Tell two listeners."""

    def tell(progress: Progress) -> None:
        first(progress)
        second(progress)

    return tell


def _epoch_line(event: Evaluated) -> str:
    best = "  (best so far)" if event.is_best else ""
    return (
        f"epoch {event.epoch:g}: validation loss {event.validation['loss']:.3f}, "
        f"macro-F1 {event.validation['macro_f1']:.3f}; train loss {event.train['loss']:.3f}, "
        f"macro-F1 {event.train['macro_f1']:.3f}{best}"
    )


class PlainLines:
    """One line per thing that happened; steps are not shown."""

    def __enter__(self) -> PlainLines:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __call__(self, progress: Progress) -> None:
        """Print what matters of one piece of progress."""
        line = self._line(progress)
        if line:
            say_aside(line)

    def _line(self, progress: Progress) -> str:
        match progress:
            case StageBegan(verb):
                return f"{verb} ..."
            case StageSaid(_, note):
                return f"  {note.kind}: {note.message}"
            case StageEnded(verb, summary, seconds, reused):
                how = "from before" if reused else f"{seconds:.1f} s"
                return f"{verb}: {summary} ({how})"
            case _:
                return self._training_line(progress.event)

    def _training_line(self, event: object) -> str:
        match event:
            case Started(total_steps=total, resumed_from_step=from_step):
                where = f", going on from step {from_step:,}" if from_step else ""
                return f"  {total:,} steps{where}"
            case Evaluated():
                return "  " + _epoch_line(event)
            case Warned(_, message):
                return f"  warning: {message}"
            case _:
                return ""


class Bars:
    """A bar per verb, with notes above it."""

    def __init__(self) -> None:
        self._plain = PlainLines()

    def __enter__(self) -> Bars:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as Live

        self._live: RichProgress = Live(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True, highlight=False),
            transient=True,
        )
        self._live.start()
        self._bar: TaskID | None = None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def __call__(self, progress: Progress) -> None:
        """Move the bar, and print above it what should stay."""
        match progress:
            case StageBegan(verb):
                self._bar = self._live.add_task(verb, total=None, note="")
                return
            case StageEnded():
                if self._bar is not None:
                    self._live.remove_task(self._bar)
                    self._bar = None
            case StageSaid():
                pass
            case _:
                self._move(progress.event)
        line = self._plain._line(progress)
        if line:
            self._live.console.print(harmless(line), markup=False)

    def _move(self, event: object) -> None:
        if self._bar is None:
            return
        match event:
            case Started(total_steps=total, resumed_from_step=from_step):
                self._live.update(self._bar, total=total, completed=from_step or 0)
            case Stepped(step=step, loss=loss):
                self._live.update(self._bar, completed=step, note=f"loss {loss:.3f}")
            case Stopped(reason=reason):
                self._live.update(self._bar, note=reason.replace("_", " "))
            case _:
                pass
