"""Are the rows that Luthier doubts really wrong? Read blind: suspects and random rows, shuffled.

    python benchmarks/blind_reading.py sheet SHEET.csv   # 1. rows to judge, no scores
    python benchmarks/blind_reading.py score SHEET.csv   # 2. after each row got a verdict

The sheet holds 100 rows from the head of the relabel queue of `cic_zh`'s training file (rows whose
labels answers by models that did not learn from them contradict most) and 100 drawn from all its
training rows, in one shuffled list; a row in both stands there once and counts in both. A reader
writes `wrong`, `right` or `unclear` (several labels could be meant, or the text says too little)
into the last column, having seen only text and label and the list of labels. The sheet that is
committed has no texts, because their licence is not stated; the row numbers say which they are.
`score` draws the
same rows again and only then tells which is which: the share that is wrong in both halves with
Wilson intervals, their ratio (lift) and Fisher's exact test. `unclear` counts as not wrong.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import fisher_exact

import luthier
from luthier.journeys.label_check import opinions_of
from luthier.kit.intervals import wilson
from luthier.kit.relabel_queue import relabel_queue
from luthier.records import Rows
from luthier.run_folder import write_json, write_text
from luthier.tasks import get_task

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data" / "cic_zh" / "train.json"
RESULTS = ROOT / "benchmarks" / "results" / "blind_reading.json"
EACH = 100
SETTINGS = {"data.label_column": "label_des"}
COLUMNS = ("number", "row", "text", "label", "verdict")
VERDICTS = ("wrong", "right", "unclear")


@dataclass(frozen=True, slots=True)
class Drawn:
    """The rows to read, in the order of the sheet, and which half or halves each belongs to."""

    positions: tuple[int, ...]
    suspects: frozenset[int]
    chance: frozenset[int]


def draw(rows: Rows, queue: list[int], seed: int = 0) -> Drawn:
    """100 from the head of the queue and 100 of all rows, shuffled; positions in `rows`."""
    rng = np.random.default_rng(seed)
    place = {int(row_id): position for position, row_id in enumerate(rows.ids.tolist())}
    suspects = frozenset(place[row_id] for row_id in queue[:EACH])
    chance = frozenset(int(i) for i in rng.choice(len(rows.ids), EACH, replace=False))
    both = np.array(sorted(suspects | chance))
    return Drawn(tuple(int(i) for i in rng.permutation(both)), suspects, chance)


def shares(verdicts: dict[int, str], drawn: Drawn) -> dict[str, Any]:
    """Wrong in each half with 95 % Wilson intervals, lift, and Fisher's exact two-sided p."""
    found: dict[str, Any] = {}
    wrong = {}
    for name, half in (("suspects", drawn.suspects), ("chance", drawn.chance)):
        counts = Counter(verdicts[i] for i in half)
        wrong[name] = counts["wrong"]
        low, high = wilson(counts["wrong"], len(half))
        found[name] = {
            "rows": len(half),
            **{verdict: counts[verdict] for verdict in VERDICTS},
            "wrong_share": round(counts["wrong"] / len(half), 4),
            "low": round(low, 4),
            "high": round(high, 4),
        }
    base = found["chance"]["wrong_share"]
    table = [[wrong[name], found[name]["rows"] - wrong[name]] for name in ("suspects", "chance")]
    found["lift"] = round(found["suspects"]["wrong_share"] / base, 3) if base else None
    found["wanted_lift"] = round(min(3.0, 0.8 / base), 3) if base else 3.0
    found["fisher_p"] = float(f"{fisher_exact(table).pvalue:.3g}")
    found["in_both_halves"] = len(drawn.suspects & drawn.chance)
    return found


def rows_and_queue() -> tuple[Rows, list[int]]:
    """The training rows with the labels' names, and the ids of the queue, most doubtful first."""
    rows = luthier.load(DATA, settings=SETTINGS)
    opinions = opinions_of(rows, get_task("text_classification"))
    assert opinions is not None
    return rows, [row.row_id for row in relabel_queue(rows, opinions, {})]


def write_sheet(path: Path) -> None:
    """The rows to judge, without score, proposal or half."""
    rows, queue = rows_and_queue()
    drawn = draw(rows, queue)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, position in enumerate(drawn.positions, 1):
        text, label = rows.columns["text"][position], rows.columns["label"][position]
        writer.writerow([number, int(rows.ids[position]), text, label, ""])
    write_text(path, stream.getvalue())


def read_sheet(path: Path) -> list[dict[str, str]]:
    """The rows of the sheet.

    Raises:
        SystemExit: names the first row without one of the three verdicts.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        if row["verdict"] not in VERDICTS:
            raise SystemExit(f"{path}: row {row['number']} has the verdict {row['verdict']!r}")
    return rows


def score(path: Path) -> dict[str, Any]:
    """Both halves' shares; the queue is computed again, so the sheet must come from this code."""
    sheet = read_sheet(path)
    rows, queue = rows_and_queue()
    drawn = draw(rows, queue)
    if [int(row["row"]) for row in sheet] != [int(rows.ids[i]) for i in drawn.positions]:
        raise SystemExit(f"{path} holds other rows than this version of Luthier would draw")
    verdicts = {i: row["verdict"] for i, row in zip(drawn.positions, sheet, strict=True)}
    return {
        "command": f"python benchmarks/blind_reading.py score benchmarks/results/{path.name}",
        "sheet": path.name,
        **shares(verdicts, drawn),
    }


def main() -> None:
    """Write the sheet, or score it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("step", choices=["sheet", "score"])
    parser.add_argument("file", type=Path)
    arguments = parser.parse_args()
    if not DATA.exists():
        raise SystemExit(f"{DATA} is not here")
    if arguments.step == "sheet":
        write_sheet(arguments.file)
        return
    found = score(arguments.file)
    write_json(RESULTS, found)
    json.dump(found, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
