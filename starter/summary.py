"""From computed cells to what is published: figures, intervals, differences, verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from luthier.records import Figure
from starter.cells import CONVERSIONS, CONVERTED_SET, Cell, Facts, converted, read_answers
from starter.choices import Line, Progress
from starter.seed_intervals import SAMPLES, Drawn, agreement, draw_all, mean_of, verdict
from starter.sets import PARTS, LabelledSet

Done = list[tuple[Line, tuple[Cell, ...], tuple[Facts, ...]]]
"""Lines whose cells are all computed, with their cells and what is known of them."""
Place = tuple[str, int | None]
"""Set and rows per label."""
ByArm = dict[str, dict[str, Drawn]]
"""Arm -> statistic -> value and paired draws."""
OURS = "starter_finetuned"
TWIN = "twin_finetuned"
TFIDF = ("tfidf_svm", "tfidf_logistic")
FIRST = 2
"""Seed of the bootstrap of the first part; the next parts take the next numbers."""


def summary(
    done: Done, unfinished: Sequence[tuple[Line, Progress]], cache_folder: Path
) -> dict[str, Any]:
    """Everything the tables show, as JSON values; what is not computed is listed as missing."""
    drawn = _drawn(done, cache_folder)
    differences = _differences(drawn)
    return {
        "sets": [_set_facts(data) for data in _sets([line for line, _, _ in done])],
        "figures": [_figure_row(line, cells, facts, drawn) for line, cells, facts in done],
        "differences": differences,
        "verdicts": _verdicts(differences),
        "agreement": _agreement(done, cache_folder),
        "bootstrap_samples": SAMPLES,
        "missing": [
            {
                "set": line.data.name,
                "per_label": line.per_label,
                "arm": line.arm.name,
                "cells": state.left,
            }
            for line, state in unfinished
        ],
    }


def _sets(lines: Sequence[Line]) -> list[LabelledSet]:
    return list({line.data.name: line.data for line in lines}.values())


def _set_facts(data: LabelledSet) -> dict[str, Any]:
    parts = {"train": data.train, "validation": data.validation, "test": data.test}
    return {
        "name": data.name,
        "language": data.language,
        "labels": len(data.label_names),
        "rows": {name: len(part) for name, part in parts.items()},
        "left_out": data.removed,
        "max_length": data.max_length,
        "digest": data.digest,
    }


def _place(line: Line) -> Place:
    return line.data.name, line.per_label


def _drawn(done: Done, cache_folder: Path) -> dict[Place, ByArm]:
    """(set, rows per label) -> arm -> statistic -> value and paired draws."""
    data = {line.data.name: line.data for line, _, _ in done}
    answers: dict[Place, dict[str, Any]] = {}
    for line, cells, _ in done:
        runs = np.stack([read_answers(cell, cache_folder) for cell in cells])
        answers.setdefault(_place(line), {})[line.arm.name] = runs
    order = [part for parts in PARTS.values() for part in parts]
    return {
        place: draw_all(
            data[place[0]].test.labels,
            arms,
            len(data[place[0]].label_names),
            seed=FIRST + order.index(place[0]),
        )
        for place, arms in answers.items()
    }


def _figure_row(
    line: Line, cells: Sequence[Cell], facts: Sequence[Facts], drawn: Mapping[Place, ByArm]
) -> dict[str, Any]:
    of_arm = drawn[_place(line)][line.arm.name]
    return {
        "set": line.data.name,
        "per_label": line.per_label,
        "arm": line.arm.name,
        "settings": dict(cells[0].settings),
        "train_rows": facts[0].train_rows,
        **{name: _ends(found.figure()) for name, found in of_arm.items()},
        "runs": {name: [round(float(v), 4) for v in found.runs] for name, found in of_arm.items()},
        "seconds": round(float(np.mean([fact.seconds for fact in facts])), 1),
    }


def _differences(drawn: Mapping[Place, ByArm]) -> list[dict[str, Any]]:
    """Fine-tuned starter minus every other arm: for every part, and for sets of several parts."""
    rows = []
    for (name, size), arms in {**drawn, **_sets_of_parts(drawn)}.items():
        for rival, found in arms.items():
            if rival == OURS or OURS not in arms:
                continue
            row: dict[str, Any] = {"set": name, "per_label": size, "rival": rival}
            for statistic, theirs in found.items():
                difference = arms[OURS][statistic].minus(theirs)
                row[statistic] = {**_ends(difference), "verdict": verdict(difference)}
            rows.append(row)
    return rows


def _sets_of_parts(drawn: Mapping[Place, ByArm]) -> dict[Place, ByArm]:
    """The mean over the parts of each set that has several, arm by arm."""
    joined: dict[Place, ByArm] = {}
    for name, parts in PARTS.items():
        for size in dict.fromkeys(size for _, size in drawn):
            of_parts = [drawn[part, size] for part in parts if (part, size) in drawn]
            if len(parts) == 1 or len(of_parts) < len(parts):
                continue
            arms = [arm for arm in of_parts[0] if all(arm in part for part in of_parts)]
            joined[name, size] = {
                arm: {
                    statistic: mean_of([part[arm][statistic] for part in of_parts])
                    for statistic in of_parts[0][arm]
                }
                for arm in arms
            }
    return joined


def _verdicts(differences: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Per number of rows: on which of the six sets the starter's macro-F1 is better.

    Better than TF-IDF means better than both of its lines.
    """
    found: dict[tuple[str, int | None, str], str] = {
        (row["set"], row["per_label"], row["rival"]): row["macro_f1"]["verdict"]
        for row in differences
    }
    rows = []
    for size in dict.fromkeys(row["per_label"] for row in differences):
        for name, rivals in {"twin": (TWIN,), "tfidf": TFIDF}.items():
            measured = [s for s in PARTS if all((s, size, rival) in found for rival in rivals)]
            better = [
                s for s in measured if all(found[s, size, rival] == "better" for rival in rivals)
            ]
            rows.append(
                {"per_label": size, "rival": name, "better_on": better, "measured_on": measured}
            )
    return rows


def _agreement(done: Done, cache_folder: Path) -> list[dict[str, Any]]:
    """Same answers to Simplified rows and to the same rows converted, all training rows."""
    rows = []
    for line, cells, _ in done:
        if line.data.name != CONVERTED_SET or line.per_label is not None:
            continue
        plain = np.stack([read_answers(cell, cache_folder) for cell in cells])
        for name in CONVERSIONS:
            other = np.stack([read_answers(cell, cache_folder, name) for cell in cells])
            texts = line.data.test.texts
            changed = sum(a != b for a, b in zip(texts, converted(texts, name), strict=True))
            rows.append(
                {
                    "arm": line.arm.name,
                    "conversion": name,
                    "rows_changed": changed,
                    "agreement": _ends(agreement(plain, other, FIRST)),
                }
            )
    return rows


def _ends(figure: Figure) -> dict[str, float | int]:
    kept = asdict(figure)
    return {
        **{name: round(kept[name], 4) for name in ("value", "low", "high")},
        "rows": figure.n,
    }
