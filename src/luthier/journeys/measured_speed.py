"""Threads and precision, chosen by a few steps on this machine; known again by the next run.

What was measured is kept in the user's cache by processor, library, model and strategy, so a
machine is asked once a week. It is written into `run.yaml`, and a resumed run goes by it.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from luthier.kit.environment import describe_environment
from luthier.kit.user_cache import cache_folder
from luthier.recipes import Choice
from luthier.records import TrainJob
from luthier.run_folder import write_json
from luthier.settings_file import Resolved, with_recipe

if TYPE_CHECKING:
    from luthier.engines.local import LocalEngine

WORTH_IT = 0.9
"""Another way than the usual one is taken when a step takes at most this share of its time."""
KNOWN_SECONDS = 7 * 86_400
"""So long is a measurement believed: the machine may have been busy when it was made."""
_CHOSEN_BY_HAND = ("file", "flag")


def choose_speed(resolved: Resolved, engine: LocalEngine, job: TrainJob) -> Resolved:
    """Fill `train.threads` and `train.bf16` where nobody did and there is a choice here."""
    ways = _ways(resolved, engine)
    if len(ways) < 2:
        return resolved
    seconds = _known(job, ways) or _measured(engine, job, ways)
    usual, fastest = next(iter(ways)), min(seconds, key=lambda name: seconds[name])
    chosen = fastest if seconds[fastest] < WORTH_IT * seconds[usual] else usual
    told = ", ".join(f"{name} ({value:.3f} s)" for name, value in seconds.items())
    choice = Choice()
    for name, value in ways[chosen].items():
        choice.choose(name, value, f"measured here, time of a step: {told}")
    return with_recipe(resolved, choice.values, kind="measured", reasons=choice.reasons)


def _ways(resolved: Resolved, engine: LocalEngine) -> dict[str, dict[str, object]]:
    """Name -> settings of each way that this machine has, the usual one first."""
    ways: dict[str, dict[str, object]] = {}
    free = {
        name: resolved.origins[name].kind not in _CHOSEN_BY_HAND
        for name in ("train.threads", "train.bf16")
    }
    cores = engine.threads
    counts = [cores, cores // 2] if free["train.threads"] and engine.on_cpu and cores > 1 else []
    for threads in counts:
        name = f"CPU threads {threads:,}"
        ways[name] = {"train.threads": threads}
    if free["train.bf16"] and engine.has_bfloat16:
        ways = ways or {"float32": {"train.bf16": False}}
        ways["bfloat16"] = {"train.bf16": True}
    return ways


def _measured(
    engine: LocalEngine, job: TrainJob, ways: Mapping[str, Mapping[str, object]]
) -> dict[str, float]:
    seconds = {}
    for name, values in ways.items():
        changed = {key.removeprefix("train."): value for key, value in values.items()}
        train = job.settings.train.model_copy(update=changed)
        settings = job.settings.model_copy(update={"train": train})
        seconds[name] = engine.measure_costs(replace(job, settings=settings)).step
    write_json(cache_folder("speed") / f"{_key(job)}.json", seconds)
    return seconds


def _known(job: TrainJob, ways: Mapping[str, object]) -> dict[str, float] | None:
    """What an earlier run measured for just these ways; None where there is nothing to go by."""
    try:
        path = cache_folder("speed") / f"{_key(job)}.json"
        if time.time() - path.stat().st_mtime > KNOWN_SECONDS:
            return None
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    right = isinstance(known, dict) and all(isinstance(known.get(name), float) for name in ways)
    return {name: known[name] for name in ways} if right else None


def _key(job: TrainJob) -> str:
    """Of the machine, the library, the model, and what is trained of it."""
    here = describe_environment("")
    settings = job.settings
    parts = [
        here["hardware"],
        here["versions"]["torch"],
        os.environ.get("OMP_WAIT_POLICY", ""),  # threads that sleep at once gain less
        job.model_source.path,
        settings.model.strategy,
        settings.model.trainable_layers,
        settings.text.max_length,
        settings.train.per_device_train_batch_size,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:40]
