"""Step 3: clean text -> windows of token ids, the only thing pretraining reads.

    python -m starter.shards

Written to `<work>/shards/`: `<corpus>.npy`, uint16 of shape (windows, 64), padded with 0. A
window begins at a paragraph, or goes on where the window before it cut one; short paragraphs
share a window with `[SEP]` between them. Neighbouring windows therefore mostly belong to one
document.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from tokenizers import Tokenizer

from starter.work import WORK, announce

WINDOW = 64
Item = TypeVar("Item")


def windows(lines: Iterable[list[int]], cls: int, sep: int) -> Iterator[list[int]]:
    """Cut token lists into `[CLS] … [SEP]` windows of at most `WINDOW` ids."""
    room = WINDOW - 1
    window = [cls]
    for ids in lines:
        if len(window) > WINDOW // 2 and len(window) + len(ids) > room:
            yield [*window, sep] if window[-1] != sep else window
            window = [cls]
        start = 0
        while len(window) + len(ids) - start > room:
            end = start + room - len(window)
            yield [*window, *ids[start:end], sep]
            window, start = [cls], end
        if ids[start:]:
            window = [*window, *ids[start:]]
            if len(window) < room:
                window.append(sep)
    if len(window) > 1:
        yield window


def _some(items: Iterable[Item], number: int) -> Iterator[list[Item]]:
    source = iter(items)
    while batch := list(islice(source, number)):
        yield batch


def encode_corpus(path: Path, tokenizer: Tokenizer) -> np.ndarray:
    """All windows of one corpus, shape (windows, 64), uint16."""
    cls, sep = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")

    def token_lists() -> Iterator[list[int]]:
        with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
            for some in _some(file, 5_000):
                texts = [line.strip().replace("\t", " ") for line in some if len(line) > 1]
                for encoding in tokenizer.encode_batch_fast(texts, add_special_tokens=False):
                    yield encoding.ids

    blocks = []
    for some in _some(windows(token_lists(), cls, sep), 20_000):
        block = np.zeros((len(some), WINDOW), dtype=np.uint16)
        for row, window in enumerate(some):
            block[row, : len(window)] = window
        blocks.append(block)
    return np.concatenate(blocks)


def main() -> None:
    """Encode every clean corpus and count what came out."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--tokenizer", default="tokenizer")
    parser.add_argument("--out", default="shards")
    arguments = parser.parse_args()
    tokenizer = Tokenizer.from_file(str(arguments.work / arguments.tokenizer / "tokenizer.json"))
    unknown = tokenizer.token_to_id("[UNK]")
    folder = arguments.work / arguments.out
    folder.mkdir(parents=True, exist_ok=True)
    report = {}
    for path in sorted((arguments.work / "clean").glob("*.txt.gz")):
        name = path.name.removesuffix(".txt.gz")
        encoded = encode_corpus(path, tokenizer)
        np.save(folder / f"{name}.npy", encoded)
        tokens = int((encoded != 0).sum())
        report[name] = {
            "windows": len(encoded),
            "tokens": tokens,
            "filled": round(tokens / encoded.size, 4),
            "unknown": round(float((encoded == unknown).sum() / tokens), 6),
        }
        announce(f"{name}: {report[name]}")
    (folder / "counts.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
