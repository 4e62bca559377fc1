"""Faults planted in rows with several labels and in rows with numbers; and healthy runs of both.

    python -m benchmarks.other_tasks

Writes benchmarks/results/other_tasks.json. The checks are those of faultbench that read rows of
every task (`any_task` in their files); their limits were chosen there, on one label per row, and
are not changed here. Rows are of the second made-up language, on which no limit was chosen.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

import scoring
from bench_runs import doctor
from faultbench import declared
from grammar import FRESH, Kind
from luthier.kit.environment import describe_environment
from luthier.ledger import Looks
from luthier.records import Rows, Splits
from luthier.run_folder import write_json
from luthier.stages.audit import audit
from other_rows import Answers, make_rows
from other_standin import OtherResult, train
from place import Place, planted_at, substrate_named
from plants.repeat_rows import ENDS
from plants.spoil_texts import spoiled
from standin import Course
from trials import Trial, shares

OUT = Path(__file__).parent / "results" / "other_tasks.json"
SUBSTRATE = "second_language"
SEEDS = 10
TASKS: tuple[Answers, ...] = ("labels", "number")
CONTROLS: tuple[tuple[Kind, int], ...] = (("pairs", 2400), ("keywords", 2400), ("keywords", 9000))
DATA = ("conflicting_labels", "junk_rows", "repeated_rows", "train_test_duplicates")


@dataclass(frozen=True)
class Way:
    """How a fault is planted: arguments from mildest on, and what other checks may say."""

    plant: Callable[..., Trial]
    severities: tuple[dict[str, Any], ...]
    tasks: tuple[Answers, ...] = TASKS
    accept: tuple[str, ...] = field(default=())


def _trial(name: str, rows: Rows, splits: Splits, fault: str) -> Trial:
    evidence = {"rows": rows, "splits": splits, "audit": audit(rows)}
    return Trial(name, evidence, present=frozenset({fault}))


def _with(rows: Rows, texts: list[str], answers: list[Any]) -> Rows:
    n, target = len(texts), "labels" if "labels" in rows.columns else "number"
    return Rows(
        np.arange(n, dtype=np.int64),
        {"text": texts, target: answers},
        [f"grammar:{i + 1}" for i in range(n)],
        [None] * n,
        rows.source,
    )


def _parts(answers: Answers, seed: int) -> tuple[Rows, list[str], list[Any], np.random.Generator]:
    rows = make_rows(answers, "keywords", 1200, seed)
    texts, told = list(rows.columns["text"]), list(rows.columns[answers])
    return rows, texts, told, np.random.default_rng(seed + 1)


def _grown(splits: Splits, sources: np.ndarray, rows: Rows) -> Splits:
    """The splits with the copies at the end, each on the side of its source."""
    names = (*splits.names, *(splits.names[i] for i in sources.tolist()))
    return Splits(rows.ids, names, "given", splits.seed)


def conflict(answers: Answers, seed: int, *, share: float) -> Trial:
    """Copies with another set of labels, or a number that is 2 higher."""
    rows, texts, told, rng = _parts(answers, seed)
    chosen = rng.choice(len(rows), round(share * len(rows)), replace=False)
    for i in chosen.tolist():
        texts.append(texts[i] + str(rng.choice(ENDS[:3])))
        told.append(_another(answers, told[i]))
    planted = _with(rows, texts, told)
    splits = _grown(shares(rows, seed), chosen, planted)
    return _trial(f"{len(chosen)} copies answered otherwise", planted, splits, "conflicting_labels")


def _another(answers: Answers, told: Any) -> Any:
    if answers == "number":
        return told + 2.0
    return tuple(label for label in told if label != "l0") if "l0" in told else ("l0", *told)


def junk(answers: Answers, seed: int, *, share: float) -> Trial:
    """Texts spoiled in one of five ways."""
    rows, texts, told, rng = _parts(answers, seed)
    chosen = rng.choice(len(rows), round(share * len(rows)), replace=False)
    for number, i in enumerate(chosen.tolist()):
        texts[i] = spoiled(texts[i], number, int(rng.integers(20, 60)))
    planted = _with(rows, texts, told)
    return _trial(f"{len(chosen)} texts spoiled", planted, shares(rows, seed), "junk_rows")


def repeat(answers: Answers, seed: int, *, share: float) -> Trial:
    """Copies that agree."""
    rows, texts, told, rng = _parts(answers, seed)
    chosen = rng.choice(len(rows), round(share * len(rows) / (1 - share)), replace=True)
    for i in chosen.tolist():
        texts.append(texts[i] + str(rng.choice(ENDS)))
        told.append(told[i])
    planted = _with(rows, texts, told)
    splits = _grown(shares(rows, seed), chosen, planted)
    return _trial(f"{len(chosen)} rows are copies", planted, splits, "repeated_rows")


def leak(answers: Answers, seed: int, *, share: float) -> Trial:
    """Training texts in the test rows."""
    rows, texts, told, rng = _parts(answers, seed)
    splits = shares(rows, seed)
    test = splits.ids_of("test")
    chosen = rng.choice(test, max(1, round(share * len(test))), replace=False)
    sources = rng.choice(splits.ids_of("train"), len(chosen), replace=False)
    for to, source in zip(chosen.tolist(), sources.tolist(), strict=True):
        texts[to], told[to] = texts[source].upper() + str(rng.choice(ENDS[:3])), told[source]
    name = f"{len(chosen)} training rows in test"
    return _trial(name, _with(rows, texts, told), splits, "train_test_duplicates")


def never_learned(answers: Answers, seed: int, *, kept: float) -> Trial:
    """One label stands in no training row, and in a share of its test rows."""
    rows, _, told, rng = _parts(answers, seed)
    splits, name = shares(rows, seed), f"l{seed % 4}"
    side = np.array(splits.names)
    has = np.array([name in own for own in told])
    gone = has & ((side != "test") | (rng.random(len(rows)) >= kept))
    thin = rows.take(np.flatnonzero(~gone))
    what = f"{int((has & ~gone).sum())} test rows with a label that is never learned"
    return _trial(what, thin, splits, "labels_missing")


def _run(
    answers: Answers, kind: Kind, seed: int, n: int, course: Course,
    *, noise: float = 0.02, blank: bool = False,
) -> OtherResult:  # fmt: skip
    rows = make_rows(answers, kind, n, seed, noise=noise)
    fresh = make_rows(answers, kind, 2500, seed + FRESH, noise=noise)
    return train(rows, shares(rows, seed), fresh, course, blank=blank)


def looked_at(answers: Answers, seed: int, *, looks: int) -> Trial:
    """So many models were judged on the same test rows."""
    found = _run(answers, "pairs", seed, 1500, Course(seed=seed))
    evidence = {name: found.evidence[name] for name in ("rows", "test_predictions")}
    evidence["looks"] = Looks("rows", looks)
    return Trial(f"{looks} models", evidence, present=frozenset({"test_used_for_choice"}))


def hidden(answers: Answers, seed: int) -> Trial:
    """No text arrives; the fault is there where all fresh rows get one answer."""
    found = _run(answers, "keywords", seed, 1500, Course(seed=seed), blank=True)
    one = len(np.unique(found.fresh.predicted, axis=0)) == 1
    return Trial("no text arrives", found.evidence,
                 present=frozenset({"one_answer"} if one else ()))  # fmt: skip


def too_short(answers: Answers, seed: int, *, steps: int) -> Trial:
    """Few steps on what a linear model learns well; gate: not better on fresh rows."""
    found = _run(answers, "keywords", seed, 2400, Course(seed=seed, steps=steps))
    there = found.advantage[1] <= 0
    return Trial(
        f"{steps} steps, {found.advantage[1]:+.3f} against the linear rival on fresh rows",
        found.evidence,
        present=frozenset({"not_better_than_linear"} if there else ()),
    )


def by_heart(answers: Answers, seed: int, *, noise: float) -> Trial:
    """Forty epochs without weight decay; the gate is that of the plant `memorise`."""
    course = Course(seed=seed, epochs=40, l2=0.0)
    found = _run(answers, "keywords", seed, 1600, course, noise=noise)
    there = found.rise >= 0.10 or (found.gap >= 0.08 and abs(found.advantage[1]) <= 0.02)
    return Trial(
        f"fresh loss rose {found.rise:.0%}, gap {found.gap:.2f}",
        found.evidence,
        present=frozenset({"overfitting_or_too_few_labels"} if there else ()),
    )


_SHARES = ({"share": 0.01}, {"share": 0.03}, {"share": 0.10})
WAYS: dict[str, Way] = {
    "conflicting_labels": Way(conflict, _SHARES, accept=("repeated_rows",)),
    "junk_rows": Way(junk, ({"share": 0.005}, {"share": 0.02}, {"share": 0.06}),
                     accept=("repeated_rows", "conflicting_labels", "train_test_duplicates")),
    "repeated_rows": Way(repeat, ({"share": 0.08}, {"share": 0.2}, {"share": 0.4})),
    "train_test_duplicates": Way(leak, ({"share": 0.01}, {"share": 0.05}, {"share": 0.20})),
    "labels_missing": Way(never_learned, ({"kept": 0.1}, {"kept": 0.3}, {"kept": 1.0}),
                          tasks=("labels",)),
    "test_used_for_choice": Way(looked_at, ({"looks": 3}, {"looks": 10}, {"looks": 30})),
    "one_answer": Way(hidden, ({},), accept=("not_better_than_linear",)),
    "not_better_than_linear": Way(too_short, ({"steps": 60}, {"steps": 20}, {"steps": 5})),
    "overfitting_or_too_few_labels": Way(
        by_heart, ({"noise": 0.1}, {"noise": 0.2}, {"noise": 0.4}),
        accept=("not_better_than_linear",),
    ),
}  # fmt: skip


def control(answers: Answers, kind: Kind, seed: int, n: int) -> Trial:
    """A healthy run; what is absent is known by making, or read off fresh rows."""
    found = _run(answers, kind, seed, n, Course(seed=seed))
    evidence = found.evidence | {"looks": Looks("rows", 1)}
    absent = {*DATA, "labels_missing", "one_answer", "test_used_for_choice"}
    if found.advantage[0] >= 0.02:
        absent |= {"not_better_than_linear"}
    if found.rise < 0.05 and found.gap < 0.03:
        absent |= {"overfitting_or_too_few_labels"}
    name = f"{kind}: {found.advantage[0]:+.3f} against the rival, gap {found.gap:.3f}"
    return Trial(name, evidence, absent=frozenset(absent))


def trials(answers: Answers, seeds: int) -> Iterator[tuple[str, str, int, int, Trial]]:
    """Kind, fault or control, severity, seed, trial."""
    first = substrate_named(SUBSTRATE).first_seed
    for fault, way in WAYS.items():
        if answers not in way.tasks:
            continue
        for place, arguments in enumerate(way.severities):
            for seed in range(first, first + seeds):
                yield "plant", fault, place, seed, way.plant(answers, seed, **arguments)
    for kind, n in CONTROLS:
        for seed in range(first + 5000, first + 5000 + seeds):
            yield "control", f"{kind}, {n} rows", 0, seed, control(answers, kind, seed, n)


def records(answers: Answers, seeds: int) -> list[dict[str, Any]]:
    """What the doctor said to every trial, as `scoring` reads it."""
    found = []
    with planted_at(Place(substrate_named(SUBSTRATE))):
        for kind, fault, severity, seed, trial in trials(answers, seeds):
            told = {"kind": kind, "substrate": answers, "fault": fault, "severity": severity,
                    "seed": seed, "name": trial.name, "valid": fault in trial.present,
                    "absent": sorted(trial.absent), "cached": True, "seconds": 0.0}  # fmt: skip
            found.append(told | doctor(trial, None))
    return found


def figures(seeds: int) -> dict[str, Any]:
    """Each check on each task, and all together."""
    result: dict[str, Any] = {
        "seeds": seeds,
        "severities": {f: w.severities for f, w in WAYS.items()},
    }
    for answers in TASKS:
        every = [
            replace(
                each, accept=WAYS[each.fault].accept, severities=len(WAYS[each.fault].severities)
            )
            for each in declared([f for f, way in WAYS.items() if answers in way.tasks])
        ]
        own = records(answers, seeds)
        result[answers] = {
            "overall": scoring.overall(every, own),
            "faults": {e.fault: scoring.of_fault(e, own, "second made-up language") for e in every},
            "first_verdicts": scoring.matrix(own),
            "weak_points": scoring.weak_points(every, own),
        }
    return result


def main() -> int:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    found = figures(arguments.seeds)
    command = f"python -m benchmarks.other_tasks --seeds {arguments.seeds}"
    write_json(arguments.out, {**found, "environment": describe_environment(command)})
    for answers in TASKS:
        part = found[answers]
        print(answers, part["overall"])
        for fault, record in part["faults"].items():
            print(f"{fault:31} hits {record['hits']:3}/{record['planted']:<3} first "
                  f"{record['named_first_or_accepted']:3}  cannot tell {record['cannot_tell']:2}  "
                  f"false alarms {record['false_alarms']}/{record['healthy']}")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
