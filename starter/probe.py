"""How far a pretrained model has come, on validation rows only: minutes, not hours.

    python -m starter.probe src/luthier/starter_model

For each of four sets 3,000 training rows: frozen mean vectors + logistic regression, and two
short fine-tunings; accuracy on 1,500 validation rows. Used to compare recipes on a small equal
budget; test rows are never read. Results are appended to `<work>/probe.jsonl`.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from starter.finetune import Lesson, Schedule, answers, finetuned, frozen_features, tokens_of
from starter.sets import load_set
from starter.work import WORK, announce

ROWS, HELD, LENGTH = 3_000, 1_500, 64


def probe(model: Path, name: str, data: Path, tuned: bool, rate: float) -> dict[str, float]:
    """Validation accuracy of `model` on the set `name`, frozen and, if `tuned`, fine-tuned."""
    whole = load_set(name, data)
    draw = np.random.default_rng(0)
    train = whole.train.take(draw.permutation(len(whole.train))[:ROWS])
    held = whole.validation.take(draw.permutation(len(whole.validation))[:HELD])
    rows = tokens_of(model, train.texts, LENGTH)
    held_rows = tokens_of(model, held.texts, LENGTH)
    scale = StandardScaler().fit(features := frozen_features(model, rows))
    linear = LogisticRegression(C=0.1, max_iter=300).fit(scale.transform(features), train.labels)
    frozen = linear.score(scale.transform(frozen_features(model, held_rows)), held.labels)
    found = {"frozen": round(float(frozen), 4)}
    if tuned:
        schedule = Schedule(learning_rate=rate, epochs=5, batch_size=32)
        labels = len(whole.label_names)
        lesson = Lesson(train.texts, rows, train.labels)
        classifier = finetuned(model, lesson, labels, schedule, seed=0)
        found["tuned"] = round(float((answers(classifier, held_rows) == held.labels).mean()), 4)
    return found


def main() -> None:
    """Probe every model named."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument(
        "--sets", nargs="+", default=["cic_zh", "tnews_zh", "banking77_en", "trec_en"]
    )
    parser.add_argument("--tuned", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--learning-rate", type=float, default=5e-4)
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    for model in arguments.models:
        began = time.monotonic()
        found = {
            name: probe(model, name, arguments.data, arguments.tuned, arguments.learning_rate)
            for name in arguments.sets
        }
        line = {"model": str(model), "accuracy": found}
        with (arguments.work / "probe.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        announce(f"{line} in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
