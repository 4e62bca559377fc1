"""Long texts cut to a third of the usual length: do windows lose less than the head alone?

    python benchmarks/long_texts.py                  both sets, five seeds; writes the results
    python benchmarks/long_texts.py --seeds 1 --sets bbc_news_long_en --model FOLDER

For each set and seed one split is made and each way of reading is trained and judged on it, with
the same settings. The difference in macro-F1 against `head` is paired by row and pooled over seeds:
"better" when the lower end of its 95 % interval is above 0, "non-inferior" when it is above -0.5
points (rows and seeds are resampled together).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import luthier
from luthier.kit.label_counts import LabelCounts, macro_f1
from luthier.records import Predictions

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
RESULT = ROOT / "benchmarks" / "results" / "long_texts.json"
SETS = ("news_long_zh", "bbc_news_long_en")
WAYS = ("head", "tail", "head_tail", "windows")
LENGTH = 86
"""A third of 256 tokens, the longest that recipe auto takes on a CPU."""
MARGIN = 0.005
RESAMPLES = 2000


def judged(data: Path, way: str, seed: int, model: str, folder: Path) -> Predictions:
    """Answers to the test rows of a run that reads long texts this way."""
    settings = {
        "model.name_or_path": model,
        "text.long_texts": way,
        "text.max_length": LENGTH,
        "split.seed": seed,
        "train.seed": seed,
        "train.time_budget": "none",
        "evaluate.floors": False,
    }
    run = luthier.workup(data, run_dir=folder / way, settings=settings, until="train")
    luthier.evaluate(run)
    answers = run.answers("test")
    assert isinstance(answers, Predictions)
    return answers


def score(answers: Predictions, rows: np.ndarray) -> float:
    """Macro-F1 on these positions."""
    labels, predicted = answers.labels[rows], answers.predicted[rows]
    return float(macro_f1(LabelCounts.of_rows(labels, predicted, len(answers.label_names))))


def difference(ours: list[Predictions], theirs: list[Predictions]) -> dict[str, Any]:
    """Mean difference over seeds with its interval, rows and seeds drawn again."""
    rng = np.random.default_rng(0)

    def mean(seeds: np.ndarray, *, draw: bool) -> float:
        values = []
        for seed in seeds:
            n = len(ours[seed])
            rows = rng.integers(n, size=n) if draw else np.arange(n)
            values.append(score(ours[seed], rows) - score(theirs[seed], rows))
        return float(np.mean(values))

    count = len(ours)
    draws = [mean(rng.integers(count, size=count), draw=True) for _ in range(RESAMPLES)]
    low, high = np.percentile(draws, [2.5, 97.5])
    verdict = "better" if low > 0 else "non-inferior" if low > -MARGIN else "not shown"
    value = mean(np.arange(count), draw=False)
    return {"value": value, "low": float(low), "high": float(high), "verdict": verdict}


def main() -> None:
    """Run it, print the table as JSON, and write it where all was run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", default=SETS, choices=SETS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--model", default="starter")
    args = parser.parse_args()
    found: dict[str, Any] = {}
    for name in args.sets:
        answers: dict[str, list[Predictions]] = {way: [] for way in WAYS}
        for seed in range(args.seeds):
            with tempfile.TemporaryDirectory() as folder:
                for way in WAYS:
                    run = judged(DATA / name, way, seed, args.model, Path(folder))
                    answers[way].append(run)
        found[name] = {
            way: {
                "macro_f1": [score(one, np.arange(len(one))) for one in of_seeds],
                "minus_head": difference(of_seeds, answers["head"]),
            }
            for way, of_seeds in answers.items()
        }
    result = {"max_length": LENGTH, "model": args.model, "seeds": args.seeds, "sets": found}
    print(json.dumps(result, indent=1))
    if args.seeds >= 5 and set(args.sets) == set(SETS):
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
