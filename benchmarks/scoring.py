"""Figures of faultbench from its trials; nothing here runs a model.

A plant counts only where its own gate says that the fault is really there; a healthy run counts
only for the faults that are known to be absent from it. On real rows a fault that is found in the
untouched rows too is no trial of it. "Cannot tell" is no hit and no alarm. Intervals are
Clopper-Pearson, 95 % (Clopper & Pearson 1934).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from scipy.stats import binomtest

SEVERITIES = ("high", "medium", "low", "note")
NOTHING, CANNOT_TELL = "(nothing)", "(cannot tell)"

Trial = Mapping[str, Any]


@dataclass(frozen=True)
class Declared:
    """What scoring needs of a fault file."""

    fault: str
    code: str
    stage: str
    severities: int
    accept: tuple[str, ...]
    must_not: tuple[str, ...]


def share(count: int, n: int) -> list[float] | None:
    """Value and interval; None where n is 0."""
    if not n:
        return None
    interval = binomtest(count, n).proportion_ci(0.95, method="exact")
    return [round(x, 4) for x in (count / n, float(interval.low), float(interval.high))]


def fired(trial: Trial, fault: str) -> bool:
    """Whether the doctor named this fault."""
    return str(trial["outcome"].get(fault, "")).startswith("fired")


def unsure(trial: Trial, fault: str) -> bool:
    """Whether it said that it cannot tell."""
    return str(trial["outcome"].get(fault, "")).startswith("not_checked")


def counted_plants(trials: Iterable[Trial], kind: str = "plant") -> list[Trial]:
    """Plants that are trials: they ran, their gate holds, and the rows did not have it before."""
    every = list(trials)
    before = found_in_untouched_rows(every)
    return [
        trial
        for trial in every
        if trial["kind"] == kind
        and not trial.get("failed")
        and trial["valid"]
        and trial["fault"] not in before.get(trial["substrate"], ())
    ]


def found_in_untouched_rows(trials: Iterable[Trial]) -> dict[str, set[str]]:
    """Substrate of real rows -> faults that a healthy run shows there, for a person to read."""
    found: dict[str, set[str]] = defaultdict(set)
    for trial in healthy(trials):
        if str(trial["fault"]).startswith("real rows"):
            open_ones = set(trial["order"]) - set(trial["absent"])
            found[trial["substrate"]] |= open_ones
    return dict(found)


def healthy(trials: Iterable[Trial]) -> list[Trial]:
    """Controls that ran."""
    return [trial for trial in trials if trial["kind"] == "control" and not trial.get("failed")]


def of_fault(declared: Declared, trials: Sequence[Trial], measured_on: str) -> dict[str, Any]:
    """One fault: hits by severity, first and third place, false alarms, rows named."""
    fault = declared.fault
    own = [trial for trial in counted_plants(trials) if trial["fault"] == fault]
    quiet = [trial for trial in healthy(trials) if fault in trial["absent"]]
    hits = sum(fired(trial, fault) for trial in own)
    alarms = sum(fired(trial, fault) for trial in quiet)
    right = {fault, *declared.accept}
    return {
        "planted": len(own),
        "hits": hits,
        "cannot_tell": sum(unsure(trial, fault) for trial in own),
        "recall": share(hits, len(own)),
        "by_severity": [
            _hits(fault, [trial for trial in own if trial["severity"] == place])
            for place in range(declared.severities)
        ],
        "by_substrate": {
            name: _hits(fault, [trial for trial in own if trial["substrate"] == name])
            for name in sorted({str(trial["substrate"]) for trial in own})
        },
        "named_first": sum(trial["order"][:1] == [fault] for trial in own),
        "named_first_or_accepted": sum(bool(right & set(trial["order"][:1])) for trial in own),
        "named_among_three": sum(fault in trial["order"][:3] for trial in own),
        "healthy": len(quiet),
        "false_alarms": alarms,
        "false_alarm_rate": share(alarms, len(quiet)),
        "fired_though_forbidden": [
            f"{other} on: {trial['substrate']}, {trial['name']}"
            for trial in own
            for other in declared.must_not
            if fired(trial, other)
        ],
        "rows_named": _rows(fault, own),
        "measured_on": measured_on,
    }


def _hits(fault: str, trials: Sequence[Trial]) -> dict[str, Any]:
    hits = sum(fired(trial, fault) for trial in trials)
    return {"planted": len(trials), "hits": hits, "recall": share(hits, len(trials))}


def _rows(fault: str, trials: Sequence[Trial]) -> dict[str, Any] | None:
    """Means over trials; of copies, the rows they were copied from are rightly named too, and not
    counted as planted, so that half is the most that `of_named` can be there."""
    told = [trial["rows_named"][fault] for trial in trials if fault in trial["rows_named"]]
    told = [rows for rows in told if rows["named"] and rows["planted"]]
    if not told:
        return None
    return {
        "trials": len(told),
        "planted_among_named": round(mean(rows["right"] / rows["named"] for rows in told), 4),
        "named_among_planted": round(mean(rows["right"] / rows["planted"] for rows in told), 4),
    }


def overall(declared: Sequence[Declared], trials: Sequence[Trial]) -> dict[str, Any]:
    """All faults together, at the middle severity where the name says so."""
    every = {each.fault: each for each in declared}
    plants = [trial for trial in counted_plants(trials) if trial["fault"] in every]
    mid = [t for t in plants if t["severity"] == every[t["fault"]].severities // 2]
    runs = healthy(trials)
    return {
        "recall_middle": share(sum(fired(t, t["fault"]) for t in mid), len(mid)),
        "recall": share(sum(fired(t, t["fault"]) for t in plants), len(plants)),
        "diagnosis_at_1": share(sum(_first(every, t) for t in mid), len(mid)),
        "diagnosis_at_1_strict": share(sum(t["order"][:1] == [t["fault"]] for t in mid), len(mid)),
        "diagnosis_at_3": share(sum(t["fault"] in t["order"][:3] for t in mid), len(mid)),
        "healthy_runs": len(runs),
        "false_findings_per_healthy_run": {
            severity: round(_false(runs, severity) / len(runs), 4) if runs else None
            for severity in SEVERITIES
        },
        "plants_counted": len(plants),
    }


def _first(every: Mapping[str, Declared], trial: Trial) -> bool:
    right = {trial["fault"], *every[trial["fault"]].accept}
    return bool(right & set(trial["order"][:1]))


def _false(runs: Sequence[Trial], severity: str) -> int:
    return sum(
        said == f"fired {severity}"
        for trial in runs
        for fault, said in trial["outcome"].items()
        if fault in trial["absent"]
    )


def matrix(trials: Sequence[Trial]) -> dict[str, dict[str, int]]:
    """Planted fault -> what stood first -> how often."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for trial in counted_plants(trials):
        silent = CANNOT_TELL if unsure(trial, trial["fault"]) else NOTHING
        table[trial["fault"]][trial["order"][0] if trial["order"] else silent] += 1
    return {fault: dict(verdicts.most_common()) for fault, verdicts in sorted(table.items())}


def abstention(trials: Sequence[Trial]) -> dict[str, Any]:
    """Plants in too few rows: found, left open, or cleared wrongly (which is what must not be)."""
    few = counted_plants(trials, "few rows")
    found = [t for t in few if fired(t, t["fault"])]
    left_open = [t for t in few if unsure(t, t["fault"])]
    cleared = [t for t in few if str(t["outcome"].get(t["fault"], "")) == "clear"]
    return {
        "trials": len(few),
        "found": len(found),
        "cannot_tell": len(left_open),
        "wrongly_cleared": sorted({str(t["fault"]) for t in cleared}),
        "honest": share(len(found) + len(left_open), len(few)),
    }


def together(trials: Sequence[Trial]) -> dict[str, Any]:
    """Two faults at once: how often both, one or none was found."""
    pairs = counted_plants(trials, "together")
    counts = [fired(t, t["fault"]) + fired(t, t["second"]) for t in pairs]
    missed = Counter(
        f"{missing} beside {beside}"
        for t in pairs
        for missing, beside in ((t["fault"], t["second"]), (t["second"], t["fault"]))
        if not fired(t, missing)
    )
    return {
        "trials": len(pairs),
        "both": share(counts.count(2), len(pairs)),
        "one": counts.count(1),
        "none": counts.count(0),
        "missed": dict(missed.most_common()),
    }


def seconds(trials: Sequence[Trial]) -> dict[str, Any]:
    """Of a run (where it was not cached) and of its diagnosis; medians and the longest."""
    ran = [float(t["seconds"]) for t in trials if not t.get("failed") and not t["cached"]]
    asked = [float(t["doctor_seconds"]) for t in trials if not t.get("failed")]
    return {
        name: {"median": round(median(values), 3), "longest": round(max(values), 3)}
        for name, values in (("run", ran), ("diagnosis", asked))
        if values
    }


def weak_points(declared: Sequence[Declared], trials: Sequence[Trial]) -> dict[str, list[str]]:
    """Fault -> every miss, false alarm, plant that did not take or did not run, in plain words."""
    notes: dict[str, list[str]] = defaultdict(list)
    names = {each.fault for each in declared}
    before = found_in_untouched_rows(trials)
    for trial in trials:
        fault = str(trial["fault"])
        if trial.get("failed"):
            notes[fault].append(
                f"did not run ({trial['kind']}; {_place(trial)}): {trial['failed']}"
            )
            continue
        if trial["kind"] == "plant" and fault in names:
            notes[fault] += _weak_plant(trial, fault in before.get(str(trial["substrate"]), ()))
        for other, said in _wrong_verdicts(trial):
            notes[other].append(f"{said} ({_place(trial)}): {trial['name']}")
    return {fault: _grouped(found) for fault, found in sorted(notes.items()) if found}


def _place(trial: Trial) -> str:
    return f"{trial['substrate']}, seed {trial['seed']}"


def _weak_plant(trial: Trial, there_before: bool) -> list[str]:
    fault = str(trial["fault"])
    if not trial["valid"]:
        return [f"did not take ({_place(trial)}): {trial['name']}"]
    if there_before:
        return [f"found in the untouched rows too ({_place(trial)})"]
    if not fired(trial, fault):
        said = trial["outcome"].get(fault, "nothing")
        return [f"missed ({_place(trial)}): {trial['name']}: {said}"]
    if trial["order"][0] != fault:
        return [f"stood below {trial['order'][0]} ({_place(trial)}): {trial['name']}"]
    return []


def _wrong_verdicts(trial: Trial) -> Iterator[tuple[str, str]]:
    """Faults that crashed, or that fired though they are known to be absent."""
    for fault, said in trial["outcome"].items():
        if said.startswith("crashed"):
            yield fault, said
        elif said.startswith("fired") and fault in trial["absent"]:
            yield fault, f"false alarm, {said.removeprefix('fired ')}"


def _grouped(found: Sequence[str]) -> list[str]:
    return [f"{n} x {text}" if n > 1 else text for text, n in Counter(found).most_common()]
