"""Watching a training of Luthier's own engine; what was seen goes into the run folder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from pydantic import TypeAdapter, ValidationError

from luthier.evidence.intent import Intent
from luthier.evidence.watcher import Watcher
from luthier.records import GroupFacts, SawLoss, TrainingFacts
from luthier.run_folder import write_json

_ADAPTER = TypeAdapter(TrainingFacts)


class WatchRun:
    """A `records.Watch` that writes `training.json`, also when training fails.

    Args:
        path: the file.
        intent: what the training was meant to be.
    """

    def __init__(self, path: Path, intent: Intent) -> None:
        self._path = path
        self._intent = intent

    @contextlib.contextmanager
    def __call__(
        self, model: torch.nn.Module, optimizer: torch.optim.Optimizer, total_steps: int
    ) -> Iterator[SawLoss]:
        """Watch until the context ends."""
        intent = replace(self._intent, total_steps=total_steps)
        watcher = Watcher(model, optimizer, intent, functions=False)
        failed = True
        try:
            yield watcher.saw_loss
            failed = False
        except GeneratorExit:
            failed = False
            raise
        finally:
            watcher.close(failed=failed)
            facts = watcher.facts()
            facts = after(read_facts(self._path), facts)
            write_json(self._path, _ADAPTER.dump_python(facts, mode="json"))


def read_facts(path: Path) -> TrainingFacts | None:
    """What an earlier part of the run wrote; None where there is nothing that can be read."""
    try:
        return _ADAPTER.validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def after(before: TrainingFacts | None, now: TrainingFacts) -> TrainingFacts:
    """The facts of a resumed run: what its first part saw is kept, unless a gap lies between."""
    if now.watched_from == 1 or before is None:
        return now
    if before.watched_from + before.steps.done < now.watched_from:
        return now
    if [group.name for group in before.groups] != [group.name for group in now.groups]:
        return now
    one, two = before.steps, now.steps
    kept = now.watched_from - before.watched_from
    until = {step for step in {*before.updates, *before.gradients} if step < now.watched_from}
    return replace(
        now,
        watched_from=before.watched_from,
        groups=tuple(map(_joined, before.groups, now.groups)),
        steps=replace(
            two,
            done=kept + two.done,
            highest_rate=max(one.highest_rate, two.highest_rate),
            without_rate=one.without_rate + two.without_rate,
            stale=one.stale + two.stale,
            cleared=one.cleared + two.cleared,
            without_backward=one.without_backward + two.without_backward,
            checked=one.checked + two.checked,
        ),
        loss=now.loss or before.loss,
        learning=now.learning or before.learning,
        order=before.order or now.order,
        pretrained=before.pretrained,
        gradients={s: v for s, v in before.gradients.items() if s in until} | dict(now.gradients),
        updates={s: v for s, v in before.updates.items() if s in until} | dict(now.updates),
        rates={s: v for s, v in before.rates.items() if s in until} | dict(now.rates),
    )


def _joined(before: GroupFacts, now: GroupFacts) -> GroupFacts:
    changed = max(before.changed, now.changed)
    return replace(
        now,
        in_optimizer=max(before.in_optimizer, now.in_optimizer),
        with_gradient=max(before.with_gradient, now.with_gradient),
        changed=changed,
        lost=min(before.lost, now.lost),
        update=before.update if now.update is None else now.update,
        moved=before.moved if now.moved is None else now.moved,
        early_gradient=before.early_gradient,
        late_gradient=before.late_gradient if now.late_gradient is None else now.late_gradient,
        strays=tuple(name for name in now.strays if name in before.strays),
    )
