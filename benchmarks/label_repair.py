"""What doubting labels is worth: lost accuracy won back by review, and noise estimated vs planted.

    python benchmarks/label_repair.py             both parts, about ten minutes on one core
    python benchmarks/label_repair.py --seeds 1   a quick look; writes nothing

Repair: of 500 training rows 100 get another label. The 150 rows that the relabel queue would name
first are reviewed (they get their true label back). A linear support vector machine is fitted on
the true labels, the flipped ones and the reviewed ones and judged on test rows that nothing else
saw; won back is (reviewed - flipped) / (true - flipped), of the mean accuracies over the flip
seeds, with a bootstrap interval over seeds. One set may gain so little that single seeds say
nothing, so means are divided, not averaged ratios.

Noise: a part of the labels of 2,000 rows is flipped evenly; the estimate and its interval stand
beside the truth, which includes the wrong labels that the set had before (unknown, a few percent).
The confident joint's estimate stands beside it.

Real data lie in ../shared/data; a set that is absent is left out and named in the result.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from sklearn.svm import LinearSVC

from luthier.evidence.floors import SVM_C
from luthier.evidence.out_of_fold import out_of_fold
from luthier.kit.confident_joint import confident_joint
from luthier.kit.label_noise import doubted, estimate_noise, surely_wrong
from luthier.kit.ngrams import ngrams
from luthier.run_folder import write_json

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
ROWS, FLIPPED, REVIEWED = 500, 100, 150
NOISE_ROWS = 2000
CHARACTERS = 500
"""Of each text: long articles would take an hour and change nothing."""
PLANTED = (0.0, 0.02, 0.05, 0.10, 0.20, 0.30)
REPAIR_SETS = ("sms_spam_en", "bbc_news_long_en", "news_long_zh")
HARD_SETS = ("trec_en",)
NOISE_SETS = ("sms_spam_en", "trec_en", "thucnews_titles_zh", "waimai_zh")

Texts = list[tuple[str, str]]


def read(name: str) -> Texts | None:
    """(text, label) of a set, all its rows; None where it is absent."""
    readers = {
        "sms_spam_en": ("sms_spam_en/sms.tsv", _label_first),
        "bbc_news_long_en": ("bbc_news_long_en/bbc.jsonl", _json_lines),
        "news_long_zh": ("news_long_zh/cnews_1000.txt", _label_first),
        "trec_en": ("trec_sst_en/trec_train.txt", _number_first),
        "thucnews_titles_zh": ("thucnews_titles_zh/train.txt", _label_last),
        "waimai_zh": ("waimai_zh/waimai_10k.csv", _reviews),
    }
    file, reader = readers[name]
    path = DATA / file
    if not path.exists():
        return None
    return [(text[:CHARACTERS], label) for text, label in reader(path)]


def _lines(path: Path, encoding: str = "utf-8") -> list[str]:
    return [line for line in path.read_text(encoding=encoding).split("\n") if line.strip()]


def _label_first(path: Path) -> Texts:
    return [(text, label) for label, text in (line.split("\t", 1) for line in _lines(path))]


def _label_last(path: Path) -> Texts:
    return [(text, label) for text, label in (line.rsplit("\t", 1) for line in _lines(path))]


def _number_first(path: Path) -> Texts:
    return [(t, la) for la, t in (line.split(" ", 1) for line in _lines(path, "latin-1"))]


def _json_lines(path: Path) -> Texts:
    rows = [json.loads(line) for line in _lines(path)]
    return [(row["text"], str(row["label"])) for row in rows]


def _reviews(path: Path) -> Texts:
    with path.open(encoding="utf-8", newline="") as stream:
        return [(row["review"], row["label"]) for row in csv.DictReader(stream)]


def repair(rows: Texts, seed: int) -> dict[str, float]:
    """One seed: accuracy with true, flipped and reviewed labels, and how many flips were found."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(rows))
    train, test = order[:ROWS], order[ROWS : ROWS + 1500]
    names = sorted({label for _, label in rows})
    labels = np.array([names.index(label) for _, label in rows])
    texts = [rows[i][0] for i in train]
    true = labels[train]
    flipped = np.zeros(ROWS, dtype=bool)
    flipped[rng.choice(ROWS, FLIPPED, replace=False)] = True
    noisy = np.where(flipped, (true + rng.integers(1, len(names), ROWS)) % len(names), true)
    opinions = out_of_fold(np.arange(ROWS), texts, noisy, names)
    assert opinions is not None
    linear = opinions.linear
    at, _ = doubted(opinions)
    rest = np.setdiff1d(np.argsort(-linear.loss), at, assume_unique=True)
    queue = np.concatenate([at, rest[np.argsort(-linear.loss[rest])]])[:REVIEWED]
    reviewed = noisy.copy()
    reviewed[queue] = true[queue]
    features = ngrams(texts)
    learned = features.fit_transform(texts)
    asked = features.transform([rows[i][0] for i in test])

    def accuracy(given: np.ndarray) -> float:
        model = LinearSVC(C=SVM_C, random_state=0).fit(learned, given)
        return float((model.predict(asked) == labels[test]).mean())

    return {
        "true": accuracy(true),
        "flipped": accuracy(noisy),
        "reviewed": accuracy(reviewed),
        "flips_found": float(flipped[queue].sum() / FLIPPED),
        "chance": REVIEWED / ROWS,
    }


def won_back(seeds: list[dict[str, float]]) -> dict[str, Any]:
    """Ratio of the means over seeds with a percentile bootstrap interval over seeds."""
    table = np.array([[one["true"], one["flipped"], one["reviewed"]] for one in seeds])
    rng = np.random.default_rng(0)
    draws = table[rng.integers(len(table), size=(2000, len(table)))].mean(axis=1)
    lost = np.maximum(draws[:, 0] - draws[:, 1], 1e-9)
    low, high = np.percentile((draws[:, 2] - draws[:, 1]) / lost, [2.5, 97.5])
    mean = table.mean(axis=0)
    return {
        "won_back": round(float((mean[2] - mean[1]) / (mean[0] - mean[1])), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
        "accuracy_true": round(float(mean[0]), 4),
        "accuracy_flipped": round(float(mean[1]), 4),
        "accuracy_reviewed": round(float(mean[2]), 4),
        "flips_found": round(float(np.mean([one["flips_found"] for one in seeds])), 4),
        "seeds": seeds,
    }


def noise(rows: Texts, share: float, seed: int) -> dict[str, Any]:
    """One planted share: the estimate, its interval, and what acting on it would do."""
    rng = np.random.default_rng(1000 + seed)
    few = [rows[i] for i in rng.permutation(len(rows))[:NOISE_ROWS]]
    names = sorted({label for _, label in few})
    true = np.array([names.index(label) for _, label in few])
    flipped = rng.random(len(few)) < share
    step = rng.integers(1, len(names), len(few))
    labels = np.where(flipped, (true + step) % len(names), true)
    opinions = out_of_fold(np.arange(len(few)), [text for text, _ in few], labels, names)
    assert opinions is not None
    estimate = estimate_noise(opinions)
    changed = surely_wrong(opinions, estimate)
    return {
        "planted": round(float(flipped.mean()), 4),
        "estimated": round(estimate.noise.value, 4),
        "low": round(estimate.noise.low, 4),
        "high": round(estimate.noise.high, 4),
        "told_apart": estimate.told_apart and estimate.knows_enough,
        "confident_joint": round(float(1 - np.trace(confident_joint(opinions.linear))), 4),
        "changed_unread": len(changed),
        "of_these_flipped": round(float(flipped[changed].mean()), 4) if len(changed) else None,
    }


def main() -> int:
    """Run both parts, print them, write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    start = time.perf_counter()
    result: dict[str, Any] = {"repair": {}, "repair_hard": {}, "noise": {}, "absent": []}
    for part, names in (("repair", REPAIR_SETS), ("repair_hard", HARD_SETS)):
        for name in names:
            if (rows := read(name)) is None:
                result["absent"].append(name)
                continue
            found = won_back([repair(rows, seed) for seed in range(options.seeds)])
            result[part][name] = found
            print(part, name, {k: v for k, v in found.items() if k != "seeds"}, flush=True)
    means = [found["won_back"] for found in result["repair"].values()]
    result["mean_won_back"] = round(float(np.mean(means)), 4) if means else None
    for name in NOISE_SETS:
        if (rows := read(name)) is not None:
            result["noise"][name] = [
                noise(rows, share, seed)
                for share in PLANTED
                for seed in range(min(2, options.seeds))
            ]
            for line in result["noise"][name]:
                print(name, line, flush=True)
    print(f"mean won back {result['mean_won_back']}, {time.perf_counter() - start:.0f} s")
    if options.seeds == 10:
        write_json(ROOT / "benchmarks/results/label_repair.json", result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
