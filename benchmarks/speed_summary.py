"""How many times as fast, with both scores and the interval of their difference beside it."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.speed_cells import PREDICTORS, SAMPLING, Cell

from luthier.kit.environment import describe_environment

RATIOS = (
    ("luthier_full", "trainer_max_length", "epoch_seconds"),
    ("luthier_full", "trainer_best", "seconds_to_same"),
    ("luthier_full", "trainer_best", "seconds"),
    ("luthier_auto", "trainer_best", "seconds_to_same"),
    ("luthier_auto", "trainer_best", "seconds"),
    ("luthier_partial", "trainer_best", "seconds"),
    ("luthier_partial", "luthier_partial_without_cache", "seconds"),
    ("luthier_partial", "trainer_partial", "seconds"),
    ("luthier_frozen", "trainer_best", "seconds"),
    ("luthier_frozen", "trainer_frozen", "seconds"),
    ("luthier_frozen", "sentence_transformers_lr", "seconds"),
    *((one, "pipeline", "seconds") for one in PREDICTORS[1:]),
)
"""Ours, the measure, and what is compared; `trainer_best` is that of the two ways of batching which
was faster on this data with the first seed."""
MARGIN = 0.005
PACKAGES = ("luthier", "torch", "transformers", "sentence-transformers", "onnxruntime", "numpy")


def macro_f1(truth: Any, predicted: Any) -> float:
    """Over the labels that occur in either, as scikit-learn does it; 0 where undefined."""
    labels = int(max(np.max(truth), np.max(predicted))) + 1
    right = np.bincount(truth[truth == predicted], minlength=labels)
    both = np.bincount(truth, minlength=labels) + np.bincount(predicted, minlength=labels)
    return float((2 * right[both > 0] / both[both > 0]).mean())


def summary(results: Sequence[dict[str, Any]], work: Path) -> dict[str, Any]:
    good = [one for one in results if "failed" not in one]
    compared = [
        found
        for data in sorted({one["cell"]["data"] for one in good})
        for ours, measure, what in RATIOS
        if (found := _ratio(good, data, ours, measure, what, work)) is not None
    ]
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "command": "python benchmarks/speed.py " + " ".join(sys.argv[1:]),
        "hardware": describe_environment("")["hardware"],
        "versions": {name: _version(name) for name in PACKAGES},
        "ratios": compared,
        "cells": good,
        "failed": [one for one in results if "failed" in one],
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _ratio(
    good: Sequence[dict[str, Any]], data: str, ours: str, measure: str, what: str, work: Path
) -> dict[str, Any] | None:
    """How many times as fast, with both scores and the interval of their paired difference."""

    def cells(contender: str) -> dict[int, dict[str, Any]]:
        return {
            one["cell"]["seed"]: one
            for one in good
            if (one["cell"]["data"], one["cell"]["contender"]) == (data, contender)
        }

    if measure == "trainer_best":
        there = [found for contender in SAMPLING if (found := cells(contender))]
        theirs = min(there, key=lambda found: found[0]["seconds"], default={})
    else:
        theirs = cells(measure)
    own = cells(ours)
    seeds = sorted(own.keys() & theirs.keys())
    pairs = {seed: _with_time_to_same(own[seed], theirs[seed]) for seed in seeds}
    own, theirs = ({seed: pair[side] for seed, pair in pairs.items()} for side in (0, 1))
    if not seeds or any(one[what] is None for f in (own, theirs) for one in f.values()):
        return None
    low, high = _difference([(own[s]["cell"], theirs[s]["cell"]) for s in seeds], work)
    after = [*seeds[1:], seeds[0]]
    itself = [(theirs[s]["cell"], theirs[n]["cell"]) for s, n in zip(seeds, after, strict=True)]
    return {
        "data": data,
        "ours": ours,
        "measure": theirs[seeds[0]]["cell"]["contender"],
        "what": what,
        "times_as_fast": _median(theirs, what) / _median(own, what),
        "our_macro_f1": statistics.mean(own[s]["macro_f1"] for s in seeds),
        "their_macro_f1": statistics.mean(theirs[s]["macro_f1"] for s in seeds),
        "difference_low": low,
        "difference_high": high,
        "non_inferior": low > -MARGIN,
        "their_own_other_seeds": _difference(itself, work) if len(seeds) > 1 else None,
        "seeds": len(seeds),
    }


def _with_time_to_same(*pair: dict[str, Any]) -> list[dict[str, Any]]:
    """Both with the seconds to the lower of their best figures; None where there is no curve."""
    best = [max((score for _, score in one["curve"]), default=0.0) for one in pair]
    return [
        {
            **one,
            "seconds_to_same": next(
                (at for at, score in one["curve"] if min(best) and score >= min(best)), None
            ),
        }
        for one in pair
    ]


def _median(cells: dict[int, dict[str, Any]], what: str) -> float:
    return statistics.median(one[what] for one in cells.values())


def _difference(
    pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]], work: Path, samples: int = 500
) -> tuple[float, float]:
    """95 % interval of our mean macro-F1 minus theirs: rows and seeds are drawn again."""
    rng = np.random.default_rng(0)
    answers = [[np.load(work / f"{Cell(**cell).name}.npz") for cell in pair] for pair in pairs]
    arrays = [[(one["truth"], one["predicted"]) for one in pair] for pair in answers]
    n = len(arrays[0][0][0])
    draws = []
    for _ in range(samples):
        rows = rng.integers(0, n, n)
        some = rng.integers(0, len(arrays), len(arrays))
        draws.append(
            statistics.mean(
                macro_f1(ours[0][rows], ours[1][rows]) - macro_f1(theirs[0][rows], theirs[1][rows])
                for ours, theirs in (arrays[i] for i in some)
            )
        )
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)
