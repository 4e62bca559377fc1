"""Telling TensorBoard, MLflow, W&B and others what training says, through Accelerate's trackers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib import util
from pathlib import Path
from typing import Any

from luthier.errors import MissingExtraError, Problem, SettingsError, did_you_mean
from luthier.records import Evaluated, Event, Stepped, Stopped

NONE = "none"


def tracker_names(report_to: str) -> tuple[str, ...]:
    """The trackers that `train.report_to` names; empty for `none`.

    Raises:
        SettingsError: when Accelerate knows no such tracker.
        MissingExtraError: when Accelerate or the tracker's package is not installed.
    """
    names = tuple(part.strip().lower() for part in report_to.split(",") if part.strip())
    if not names or names == (NONE,):
        return ()
    if util.find_spec("accelerate") is None:
        raise _missing("accelerate")
    from accelerate.tracking import LOGGER_TYPE_TO_CLASS
    from accelerate.utils import LoggerType

    known = sorted(LOGGER_TYPE_TO_CLASS)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SettingsError(
            [
                Problem(
                    f"there is no tracker {name!r}",
                    where="train.report_to",
                    hint=did_you_mean(name, known),
                )
                for name in unknown
            ],
            next_step=f"one or more of: {', '.join(known)}",
        )
    from accelerate.tracking import get_available_trackers

    available = {str(LoggerType(name)) for name in get_available_trackers()}
    for name in names:
        if name not in available:
            raise _missing(name)
    return names


class Trackers:
    """Passes events on to trackers. One that fails is left out from then on, and that is said.

    Args:
        names: of the trackers, as `tracker_names` gives them.
        run_name: what the run is called there.
        folder: where those that write files write them.
        settings: shown beside the run, by dotted name.
        say: told in one sentence when a tracker fails.
    """

    def __init__(
        self,
        names: Iterable[str],
        run_name: str,
        folder: Path,
        settings: Mapping[str, Any],
        say: Callable[[str], None],
    ) -> None:
        self._say = say
        self._open: dict[str, Any] = {}
        for name in names:
            self._guarded(name, partial(self._start, name, run_name, folder, settings))

    def _start(self, name: str, run_name: str, folder: Path, settings: Mapping[str, Any]) -> None:
        from accelerate import PartialState
        from accelerate.tracking import LOGGER_TYPE_TO_CLASS

        kind = LOGGER_TYPE_TO_CLASS[name]
        needs_folder = kind.requires_logging_directory
        if needs_folder:
            folder.mkdir(parents=True, exist_ok=True)
        PartialState()  # the trackers' own log lines need it
        tracker = kind(run_name, str(folder)) if needs_folder else kind(run_name)
        if hasattr(tracker, "start"):
            tracker.start()
        tracker.store_init_configuration({k: _plain(v) for k, v in settings.items()})
        self._open[name] = tracker

    def tell(self, event: Event) -> None:
        """Pass on what a step or an evaluation measured; the end closes the trackers."""
        values, step = _values(event), getattr(event, "step", 0)
        for name, tracker in list(self._open.items()):
            if values:
                self._guarded(name, partial(tracker.log, values, step=step))
            if isinstance(event, Stopped):
                self._guarded(name, tracker.finish)

    def _guarded(self, name: str, do: Callable[[], Any]) -> None:
        try:
            do()
        except Exception as error:  # noqa: BLE001 - a tracker must not end a training
            self._open.pop(name, None)
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            self._say(f"tracker {name} failed and is told nothing more: {reason}")


def _values(event: Event) -> dict[str, float]:
    if isinstance(event, Stepped):
        names = ("loss", "learning_rate", "grad_norm")
        return {f"step/{name}": float(getattr(event, name)) for name in names}
    if isinstance(event, Evaluated):
        return {f"train/{name}": value for name, value in event.train.items()} | {
            f"validation/{name}": value for name, value in event.validation.items()
        }
    return {}


def _plain(value: Any) -> bool | int | float | str:
    return value if isinstance(value, bool | int | float | str) else str(value)


def _missing(name: str) -> MissingExtraError:
    return MissingExtraError(
        Problem(f"train.report_to needs the package {name}", where=name),
        next_step=f"pip install 'luthier[trackers]' {name}, or --train.report_to none",
    )
