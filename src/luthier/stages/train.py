"""train: fit it, and write down everything that happens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from luthier.records import (
    Engine,
    Evaluated,
    Event,
    Saved,
    Started,
    Stepped,
    Stopped,
    TrainJob,
    Warned,
)
from luthier.run_folder import RunFolder


def train(job: TrainJob, engine: Engine, run: RunFolder | None = None) -> Iterator[Event]:
    """Train and say what happens; each event is in the run's history before it is said.

    A resumed run forgets what it does again: no step stands twice in the history.

    Args:
        job: what is trained, and where its checkpoints go.
        engine: where the work runs.
        run: the folder that keeps the history; None keeps it nowhere.

    Raises:
        LuthierError: whatever the engine raises.
    """
    events = engine.train(job)
    if run is None:
        yield from events
        return
    before = run.history
    for number, event in enumerate(events):
        if number == 0:
            run.rewrite_history([*history_up_to(before, event), event])
        else:
            run.append_history(event)
        yield event
        if number == 0 and job.resume and _lost_checkpoints(before, event):
            warned = Warned(0, "the checkpoints of this run are gone: training starts again")
            run.append_history(warned)
            yield warned


def _lost_checkpoints(before: Sequence[Event], first: Event) -> bool:
    saved = any(isinstance(event, Saved) for event in before)
    return saved and isinstance(first, Started) and first.resumed_from_step is None


def history_up_to(history: Sequence[Event], first: Event) -> tuple[Event, ...]:
    """The part of an earlier history that still holds when training begins with `first`.

    Args:
        history: what was written before.
        first: the first event now: `Started`, or `Stopped` where the run has ended already.

    Returns:
        Up to the step that is resumed from: its `Saved` is said again, and an evaluation that
        does not end an epoch was only made because the run was stopping there.
    """
    if isinstance(first, Stopped):
        return tuple(event for event in history if event != first)
    if not isinstance(first, Started) or first.resumed_from_step is None:
        return ()
    step = first.resumed_from_step
    started = [event for event in history if isinstance(event, Started)][:1]
    return (*started, *(event for event in history if _holds_at(event, step)))


def _holds_at(event: Event, step: int) -> bool:
    if isinstance(event, Started | Stopped):
        return False
    if isinstance(event, Evaluated) and not (event.epoch > 0 and event.epoch.is_integer()):
        return False
    return event.step < step or (
        event.step == step and isinstance(event, Stepped | Evaluated | Warned)
    )
