"""Draw the plots of docs/benchmarks.md from the committed results; with `--check`, only compare.

A plot remembers the digest of the result it was drawn from.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from PIL import Image
from result_tables import RESULTS, ROOT, read
from speed_page import AT_ITS_BEST

PICTURES = ROOT / "docs" / "pictures"


def draw_scale(found: Mapping[str, Any], target: Path, digest: str) -> None:
    """Time per row and peak memory over the number of rows, both axes logarithmic."""
    sizes = found["sizes"]
    rows = [size["rows"] for size in sizes]
    figure, (time, memory) = plt.subplots(1, 2, figsize=(10, 4), dpi=120, layout="constrained")
    for place, step in enumerate(sizes[0]["steps"]):
        took = [size["steps"][place]["processor_seconds"] / size["rows"] * 1e6 for size in sizes]
        time.plot(rows, took, marker="o", label=step["step"])
    time.set(xscale="log", yscale="log", xlabel="rows", title="processor time per row, µs")
    time.legend(fontsize=8, frameon=False)
    memory.plot(rows, [size["peak_memory_mb"] / 1000 for size in sizes], marker="o", color="black")
    memory.set(xscale="log", xlabel="rows", title="peak memory of the process, GB", ylim=(0, None))
    for axes in (time, memory):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", alpha=0.3)
        axes.set_xticks(rows, [f"{n:,}" for n in rows])
        axes.minorticks_off()
    time.set_yticks([10, 100, 1000], ["10", "100", "1,000"])
    figure.savefig(target, metadata={"Source": digest})
    plt.close(figure)


WAYS = {
    ("luthier_full", "seconds_to_same"): ("all layers", "#1f77b4"),
    ("luthier_auto", "seconds_to_same"): ("recipe auto", "#2ca02c"),
    ("luthier_partial", "seconds"): ("upper half", "#ff7f0e"),
    ("luthier_frozen", "seconds"): ("head alone", "#7f7f7f"),
}


def draw_speed(found: Mapping[str, Any], target: Path, digest: str) -> None:
    """Times as fast as the faster way of `Trainer`, for each data set."""
    known = {
        (one["data"], one["ours"], one["what"]): one["times_as_fast"]
        for one in found["ratios"]
        if one["measure"] in AT_ITS_BEST
    }
    sets = list(dict.fromkeys(name for name, _, _ in known))
    figure, axes = plt.subplots(figsize=(8, 1.6 + 1.4 * len(sets)), dpi=120, layout="constrained")
    for place, (way, (title, colour)) in enumerate(WAYS.items()):
        at = [i + 0.2 * place for i, name in enumerate(sets) if (name, *way) in known]
        values = [known[name, *way] for name in sets if (name, *way) in known]
        what = "to the same macro-F1" if way[1] == "seconds_to_same" else "in all"
        bars = axes.barh(at, values, height=0.18, color=colour, label=f"{title}, {what}")
        axes.bar_label(bars, fmt="%.1f", padding=3, fontsize=8)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set(
        xscale="log", xlim=(0.8, 40), title="times as fast as transformers' Trainer at its best"
    )
    axes.set_yticks([i + 0.3 for i in range(len(sets))], sets)
    axes.set_xticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
    axes.minorticks_off()
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(fontsize=8, frameon=False, loc="outside lower center", ncols=2)
    figure.savefig(target, metadata={"Source": digest})
    plt.close(figure)


DRAWN: Mapping[str, Callable[[Mapping[str, Any], Path, str], None]] = {
    "scale": draw_scale,
    "speed": draw_speed,
}
"""Name of the result and of its plot -> what draws it."""


def main() -> int:
    """Draw, or say that a plot is not of its result."""
    stale = []
    for name, draw in DRAWN.items():
        target = PICTURES / f"{name}.png"
        digest = hashlib.sha256((RESULTS / f"{name}.json").read_bytes()).hexdigest()
        if "--check" not in sys.argv[1:]:
            draw(read(f"{name}.json"), target, digest)
        elif not target.exists() or _source_of(target) != digest:
            stale.append(target.name)
    if stale:
        sys.stderr.write(f"{', '.join(stale)}: run python scripts/gen_benchmark_plots.py\n")
    return int(bool(stale))


def _source_of(target: Path) -> str | None:
    with Image.open(target) as picture:
        return picture.info.get("Source")


if __name__ == "__main__":
    sys.exit(main())
