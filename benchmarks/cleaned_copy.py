"""Does training on the automatically cleaned copy help? Same model and settings, paired seeds.

    python -m benchmarks.cleaned_copy                        every missing run, then the figures
    python -m benchmarks.cleaned_copy --sets cic_zh          only this set

For `cic_zh` and `tnews_zh`, whose training and dev files hold real wrong labels and whose test
files were cleaned by people: `luthier audit train.json --fix copy.csv` writes the copy, no person
reads it. Learning rate and epochs are chosen once per set, by macro-F1 on dev, with the *untouched*
training file and one seed; then each seed fine-tunes both arms with these settings, last epoch's
weights. The difference of macro-F1 on the test file has a 95 % interval over rows and seeds
(`starter.seed_intervals`). Answers of each run are kept in `--cache`; a stopped command goes on.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import f1_score
from starter.cells import model_digest
from starter.finetune import Lesson, Schedule, answers, finetuned, tokens_of
from starter.seed_intervals import draw_all, verdict
from starter.work import WORK, announce

import luthier
from luthier.journeys.auditing import fix
from luthier.kit.environment import describe_environment
from luthier.models.find import find_model
from luthier.records import IntArray
from luthier.run_folder import write_json

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
RESULTS = ROOT / "benchmarks" / "results" / "cleaned_copy.json"
COLUMNS = {"data.text_column": "sentence", "data.label_column": "label"}
SETS = ("cic_zh", "tnews_zh")
RATES = (5e-4, 2e-4, 1e-3)
EPOCHS = (5, 10)
BATCH, LENGTH, SEEDS = 32, 64, 5
PUBLISHED = {"cic_zh": 1.84, "tnews_zh": 2.51}
"""Macro-F1 points that better data alone gave (DataCLUE, Xu et al. 2021); another model."""

Texts = tuple[list[str], list[str]]


def read(name: str, file: str) -> tuple[Texts, dict[str, str]]:
    """Texts and numbers of the labels of one file of a set, and name -> number as it says them.

    The test file of `tnews_zh` has other names for the same numbers.
    """
    rows = luthier.load(DATA / name / file, settings=COLUMNS)
    numbers = {title: number for number, title in rows.label_titles.items()}
    labels = [numbers.get(label, label) for label in map(str, rows.columns["label"])]
    return (list(rows.columns["text"]), labels), numbers


def cleaned(name: str, folder: Path, numbers: dict[str, str]) -> tuple[Texts, dict[str, int]]:
    """The cleaned copy of the training file, and how many rows met which fate."""
    out = folder / f"{name}.csv"
    done = fix(
        luthier.audit(DATA / name / "train.json", settings=COLUMNS, to_fix=True), out, force=True
    )
    with out.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    labels = [numbers.get(row["label"], row["label"]) for row in rows]
    return ([row[COLUMNS["data.text_column"]] for row in rows], labels), dict(done.deeds)


class OneSet:
    """A set with its two training files, tokenised; every run is kept on disk."""

    def __init__(self, name: str, model: Path, cache: Path) -> None:
        self.name, self.model = name, model
        self.folder = cache / f"{name}-{model_digest(model)[:12]}"
        self.folder.mkdir(parents=True, exist_ok=True)
        untouched, numbers = read(name, "train.json")
        copy, self.deeds = cleaned(name, self.folder, numbers)
        parts = {
            "untouched": untouched,
            "cleaned": copy,
            "dev": read(name, "dev.json")[0],
            "test": read(name, "test_public.json")[0],
        }
        self.digests = {
            part: hashlib.sha256(repr(rows).encode()).hexdigest()[:8]
            for part, rows in parts.items()
        }
        self.names = sorted({label for _, labels in parts.values() for label in labels}, key=int)
        self.texts = {part: texts for part, (texts, _) in parts.items()}
        self.tokens = {part: tokens_of(model, texts, LENGTH) for part, texts in self.texts.items()}
        self.labels: dict[str, IntArray] = {
            part: np.array([self.names.index(label) for label in labels])
            for part, (_, labels) in parts.items()
        }

    def answered(self, arm: str, judged: str, schedule: Schedule, seed: int) -> IntArray:
        """Answers to `judged` after training on `arm`, computed once."""
        digest = self.digests[arm]
        name = f"{arm}-{digest}-{schedule.learning_rate:g}-{schedule.epochs}-{seed}.npz"
        if not (self.folder / name).exists():
            began = time.monotonic()
            lesson = Lesson(self.texts[arm], self.tokens[arm], self.labels[arm])
            model = finetuned(self.model, lesson, len(self.names), schedule, seed)
            found = {part: answers(model, self.tokens[part]) for part in ("dev", "test")}
            np.savez_compressed(self.folder / f"part-{name}", **found)  # type: ignore[arg-type]
            (self.folder / f"part-{name}").replace(self.folder / name)
            announce(f"{self.name} {name}: {time.monotonic() - began:.0f} s")
        kept: IntArray = np.load(self.folder / name)[judged]
        return kept

    def on_dev(self, schedule: Schedule) -> float:
        """Macro-F1 on dev of one run on the untouched file."""
        given = self.answered("untouched", "dev", schedule, 0)
        return float(f1_score(self.labels["dev"], given, average="macro", zero_division=0))

    def chosen(self) -> Schedule:
        """The best learning rate at the fewer epochs, then the best number of epochs, on dev."""
        rate = max(RATES, key=lambda rate: self.on_dev(Schedule(rate, EPOCHS[0], BATCH)))
        return max((Schedule(rate, epochs, BATCH) for epochs in EPOCHS), key=self.on_dev)

    def figures(self) -> dict[str, Any]:
        """Both arms on the test file, and their paired difference."""
        schedule = self.chosen()
        arms = {
            arm: np.stack([self.answered(arm, "test", schedule, seed) for seed in range(SEEDS)])
            for arm in ("untouched", "cleaned")
        }
        drawn = draw_all(self.labels["test"], arms, len(self.names), seed=0)
        found: dict[str, Any] = {
            "rows": {part: len(tokens) for part, tokens in self.tokens.items()},
            "done_to_rows": self.deeds,
            "learning_rate": schedule.learning_rate,
            "epochs": schedule.epochs,
            "published_gain": PUBLISHED[self.name],
        }
        for statistic in ("macro_f1", "accuracy"):
            both = {arm: drawn[arm][statistic] for arm in arms}
            difference = both["cleaned"].minus(both["untouched"])
            found[statistic] = {
                **{arm: round(one.value, 4) for arm, one in both.items()},
                "seeds": {arm: [round(float(v), 4) for v in one.runs] for arm, one in both.items()},
                "difference": [
                    round(v, 4) for v in (difference.value, difference.low, difference.high)
                ],
                "verdict": verdict(difference),
            }
        # dev holds wrong labels as the training file does; where the test file was cleaned, models
        # agree with it more often
        found["accuracy_on_dev"] = {
            arm: round(float(np.mean([self.agreed(arm, schedule, s) for s in range(SEEDS)])), 4)
            for arm in arms
        }
        return found

    def agreed(self, arm: str, schedule: Schedule, seed: int) -> float:
        """Accuracy on the dev file."""
        return float((self.answered(arm, "dev", schedule, seed) == self.labels["dev"]).mean())


def main() -> None:
    """Compute what is missing and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS)
    parser.add_argument("--model", default="starter")
    parser.add_argument("--cache", type=Path, default=WORK / "cleaned_copy")
    arguments = parser.parse_args()
    model = Path(find_model(arguments.model).path)
    result: dict[str, Any] = {
        "model": arguments.model,
        "model_digest": model_digest(model)[:12],
        "environment": describe_environment("python -m benchmarks.cleaned_copy"),
        "sets": {name: OneSet(name, model, arguments.cache).figures() for name in arguments.sets},
    }
    print(json.dumps(result["sets"], indent=1))
    if set(arguments.sets) == set(SETS):
        write_json(RESULTS, result)


if __name__ == "__main__":
    main()
