"""Long texts cut to a third of the usual length: do windows lose less than the head alone?

    python -m benchmarks.long_texts                  both sets, all seeds; writes the results
    python -m benchmarks.long_texts --sets news_long_zh      only this set; writes nothing
    python -m benchmarks.long_texts --ways head tail head_tail windows

Answers of each run are kept in benchmarks/results/long_texts, so a stopped command goes on, another
day too.

For each set and seed one split is made and each way of reading is trained and judged on it, with
the same settings. The difference in macro-F1 against `head` is paired by row and pooled over seeds:
"better" when the lower end of its 95 % interval is above 0, "non-inferior" when it is above -0.5
points (rows and seeds are resampled together). `head_again` is the head trained once more on the
same split, another seed for its order and its new weights: what the verdict says of two trainings
that are alike tells how small a difference these rows can show.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from starter.cells import model_digest
from starter.work import announce

import luthier
from luthier.kit.environment import describe_environment
from luthier.kit.label_counts import LabelCounts, macro_f1
from luthier.models.find import find_model
from luthier.records import IntArray, Predictions
from luthier.run_folder import write_json

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
RESULT = ROOT / "benchmarks" / "results" / "long_texts.json"
CACHE = ROOT / "benchmarks" / "results" / "long_texts"
SEEDS = {"news_long_zh": 10, "bbc_news_long_en": 5}
"""400 and 890 test rows a seed: about as many rows are judged of either set. After five seeds the
interval of the first was +-2 points wide, so five more were run."""
WAYS = ("head", "tail", "head_tail", "windows", "head_again")
COMPARED = ("head", "head_again", "windows")
AGAIN = 1000
"""Added to the seed of a training that is repeated on the same split."""
LENGTH = 86
"""A third of 256 tokens, the longest that recipe auto takes on a CPU."""
TRAINING = {
    "train.num_train_epochs": 6,
    "train.per_device_train_batch_size": 16,
    "split.test_size": 0.4,
    "split.validation_size": 0.1,
    "evaluate.train_rows": 20,
}
"""The same for every way, small enough that the runs end on two cores; what is not here is what
Luthier takes by itself, so training reads all windows (two of them, drawn anew in each epoch, took
half the time and lost the gain: docs/LOG.md). 150 test rows a seed, as the usual split leaves of a
thousand, left intervals of +-3 points. Figures on training rows are not looked at, and all windows
of many long texts would be read for them."""
MARGIN = 0.005
RESAMPLES = 2000


@dataclass(frozen=True)
class Answers:
    """Given and true labels of the test rows of one run, as numbers below `labels`."""

    truth: IntArray
    given: IntArray
    labels: int

    def score(self, rows: IntArray) -> float:
        """Macro-F1 on these positions."""
        counts = LabelCounts.of_rows(self.truth[rows], self.given[rows], self.labels)
        return float(macro_f1(counts))


def judged(data: Path, way: str, seed: int, model: str) -> Answers:
    """Answers to the test rows of a run that reads long texts this way."""
    again = way == "head_again"
    settings = {
        "model.name_or_path": model,
        "text.long_texts": "head" if again else way,
        "text.max_length": LENGTH,
        "split.seed": seed,
        "train.seed": seed + AGAIN if again else seed,
        "train.time_budget": "none",
        "evaluate.floors": False,
        **TRAINING,
    }
    with tempfile.TemporaryDirectory() as folder:
        run = luthier.workup(data, run_dir=Path(folder) / "run", settings=settings, until="train")
        luthier.evaluate(run)
        found = run.answers("test")
    assert isinstance(found, Predictions)
    return Answers(found.labels, found.predicted, len(found.label_names))


def kept(cache: Path, name: str, way: str, seed: int, model: str) -> Answers:
    """The answers of this run, computed once."""
    digest = model_digest(Path(find_model(model).path))[:12]
    made_by = hashlib.sha256(json.dumps([LENGTH, TRAINING]).encode()).hexdigest()[:8]
    file = cache / digest / f"{name}-{made_by}-{way}-{seed}.npz"
    if not file.exists():
        began = time.monotonic()
        answers = judged(DATA / name, way, seed, model)
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f"part-{file.name}")
        np.savez_compressed(
            part, truth=answers.truth, given=answers.given, labels=np.array(answers.labels)
        )
        part.replace(file)
        announce(f"{name} {way} seed {seed}: {time.monotonic() - began:.0f} s")
    found = np.load(file)
    return Answers(found["truth"], found["given"], int(found["labels"]))


def difference(ours: list[Answers], theirs: list[Answers]) -> dict[str, Any]:
    """Mean difference over seeds with its interval, rows and seeds drawn again."""
    rng = np.random.default_rng(0)

    def mean(seeds: np.ndarray, *, draw: bool) -> float:
        values = []
        for seed in seeds:
            n = len(ours[seed].truth)
            rows = rng.integers(n, size=n) if draw else np.arange(n)
            values.append(ours[seed].score(rows) - theirs[seed].score(rows))
        return float(np.mean(values))

    count = len(ours)
    draws = [mean(rng.integers(count, size=count), draw=True) for _ in range(RESAMPLES)]
    low, high = np.percentile(draws, [2.5, 97.5])
    verdict = "better" if low > 0 else "non-inferior" if low > -MARGIN else "not shown"
    value = mean(np.arange(count), draw=False)
    return {"value": value, "low": float(low), "high": float(high), "verdict": verdict}


def main() -> None:
    """Run what is missing, print the table as JSON, and write it where all was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", default=list(SEEDS), choices=SEEDS)
    parser.add_argument("--ways", nargs="+", default=COMPARED, choices=WAYS)
    parser.add_argument("--seeds", type=int, help="of every set, instead of its own number")
    parser.add_argument("--model", default="starter")
    parser.add_argument("--cache", type=Path, default=CACHE)
    args = parser.parse_args()
    found: dict[str, Any] = {}
    for name in args.sets:
        seeds = range(args.seeds or SEEDS[name])
        answers = {
            way: [kept(args.cache, name, way, seed, args.model) for seed in seeds]
            for way in args.ways
        }
        found[name] = {
            way: {
                "macro_f1": [one.score(np.arange(len(one.truth))) for one in of_seeds],
                "minus_head": difference(of_seeds, answers["head"]),
            }
            for way, of_seeds in answers.items()
        }
    result = {
        "max_length": LENGTH,
        "model": args.model,
        "settings": TRAINING,
        "seeds": SEEDS,
        "environment": describe_environment("python -m benchmarks.long_texts"),
        "sets": found,
    }
    print(json.dumps(found, indent=1))
    if not args.seeds and set(args.sets) == set(SEEDS) and set(COMPARED) <= set(args.ways):
        write_json(RESULT, result)


if __name__ == "__main__":
    main()
