"""Draw the plots of docs/benchmarks.md from the committed results; with `--check`, only compare.

A plot remembers the digest of the result it was drawn from.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from PIL import Image

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "scale.json"
TARGET = ROOT / "docs" / "pictures" / "scale.png"


def draw(target: Path, digest: str) -> None:
    """Time per row and peak memory over the number of rows, both axes logarithmic."""
    sizes = json.loads(RESULT.read_text(encoding="utf-8"))["sizes"]
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


def main() -> int:
    """Draw, or say that a plot is not of its result."""
    digest = hashlib.sha256(RESULT.read_bytes()).hexdigest()
    if "--check" not in sys.argv[1:]:
        draw(TARGET, digest)
        return 0
    with Image.open(TARGET) as picture:
        if picture.info.get("Source") == digest:
            return 0
    sys.stderr.write(f"{TARGET.name}: run python scripts/gen_benchmark_plots.py\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
