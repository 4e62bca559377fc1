"""Progress on stderr: a bar per verb on a terminal, plain lines otherwise."""

from __future__ import annotations

import sys
from collections.abc import Mapping
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
from luthier.reporting.catalogue import ENGLISH, Catalogue
from luthier.reporting.words import metric_title, note_line

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


def listener(tell: Catalogue = ENGLISH) -> PlainLines | Bars:
    """Bars on a terminal, plain lines elsewhere; a context manager that is called with progress."""
    return Bars(tell) if sys.stderr.isatty() else PlainLines(tell)


def both(first: Listener, second: Listener) -> Listener:
    """Tell two listeners."""

    def tell(progress: Progress) -> None:
        first(progress)
        second(progress)

    return tell


def _epoch_line(event: Evaluated, tell: Catalogue) -> str:
    """Loss and first figure of both splits."""
    first = [name for name in event.validation if name in event.train and name != "loss"]
    name = "macro_f1" if "macro_f1" in first or not first else first[0]
    said = tell(
        "epoch {epoch}: validation loss {loss}, {metric} {value}; "
        "train loss {train_loss}, {metric} {train_value}",
        epoch=f"{event.epoch:.3g}",
        metric=metric_title(name, tell),
        loss=_digits(event.validation, "loss"),
        value=_digits(event.validation, name),
        train_loss=_digits(event.train, "loss"),
        train_value=_digits(event.train, name),
    )
    return said + (tell("  (best so far)") if event.is_best else "")


def _digits(figures: Mapping[str, float], name: str) -> str:
    return f"{figures[name]:.3f}" if name in figures else "-"


class PlainLines:
    """One line per thing that happened; steps are not shown."""

    def __init__(self, tell: Catalogue = ENGLISH) -> None:
        self._tell = tell

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
        tell = self._tell
        match progress:
            case StageBegan(verb):
                return f"{tell(verb)} ..."
            case StageSaid(_, note):
                return f"  {note_line(note, tell)}"
            case StageEnded(verb, summary, seconds, reused):
                how = tell("from before") if reused else tell("{n} s", n=f"{seconds:.1f}")
                said = tell.told(summary)
                return tell("{verb}: {summary} ({how})", verb=tell(verb), summary=said, how=how)
            case _:
                return self._training_line(progress.event)

    def _training_line(self, event: object) -> str:
        tell = self._tell
        match event:
            case Started(total_steps=total, resumed_from_step=from_step):
                steps, before = f"{total:,}", f"{from_step or 0:,}"
                if from_step:
                    return tell("  {n} steps, going on from step {before}", n=steps, before=before)
                return tell.count(total, "  {n} step", "  {n} steps")
            case Evaluated():
                return "  " + _epoch_line(event, tell)
            case Warned(_, message):
                return tell("  warning: {message}", message=tell.told(message))
            case _:
                return ""


class Bars:
    """A bar per verb, with notes above it."""

    def __init__(self, tell: Catalogue = ENGLISH) -> None:
        self._plain = PlainLines(tell)
        self._tell = tell

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
                self._bar = self._live.add_task(self._tell(verb), total=None, note="")
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
                self._live.update(
                    self._bar, completed=step, note=self._tell("loss {loss}", loss=f"{loss:.3f}")
                )
            case Stopped(reason=reason):
                self._live.update(self._bar, note=self._tell.told(reason.replace("_", " ")))
            case _:
                pass
