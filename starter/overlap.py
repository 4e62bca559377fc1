"""Which lines of a corpus also stand in an evaluation set.

A line is shared when it has 13 consecutive characters (letters, digits and ideographs, with
Traditional folded to Simplified, spaces and punctuation left out) or, in Latin script, 8
consecutive words in common with a text of an evaluation set.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from starter.folding import fold

CHARACTERS = 13
WORDS = 8
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_NOT_A_WORD = re.compile(r"[\W_]+")


def _character_grams(text: str) -> Iterator[int]:
    squeezed = _NOT_A_WORD.sub("", fold(text.lower()))
    for start in range(len(squeezed) - CHARACTERS + 1):
        yield hash(squeezed[start : start + CHARACTERS])


def _word_grams(text: str) -> Iterator[int]:
    words = _NOT_A_WORD.sub(" ", text.lower()).split()
    for start in range(len(words) - WORDS + 1):
        yield hash(" ".join(words[start : start + WORDS]))


def _grams(text: str) -> Iterator[int]:
    return _character_grams(text) if _HAN.search(text) else _word_grams(text)


class EvaluationGrams:
    """All grams of the evaluation texts.

    Args:
        texts: (name of the set, text) pairs; the first set that holds a gram is named.
    """

    def __init__(self, texts: Iterable[tuple[str, str]]) -> None:
        self._set_of: dict[int, str] = {}
        for name, text in texts:
            for gram in _grams(text):
                self._set_of.setdefault(gram, name)

    def shared_with(self, line: str) -> str | None:
        """The name of a set that shares a gram with `line`, or None."""
        for gram in _grams(line):
            if gram in self._set_of:
                return self._set_of[gram]
        return None


def evaluation_texts(folder: Path) -> Iterator[tuple[str, str]]:
    """(set, text) for every text of every evaluation set under `folder`, labels left out.

    Covers more than the six sets of the evaluation: whatever lies there may be measured one day.
    The pairs of `tatoeba_en_zh` are training material for the distillation and are not protected.
    """
    for path in sorted(folder.glob("*/*")):
        name = path.parent.name
        if name == "tatoeba_en_zh" or path.name in {"SOURCE.txt", "README.txt", "LICENSE"}:
            continue
        for text in _texts(path):
            yield name, text


def _texts(path: Path) -> Iterator[str]:
    content = path.read_bytes().decode("utf-8", errors="replace")
    if path.suffix in {".json", ".jsonl"}:
        for line in content.split("\n"):
            if line.strip().startswith("{"):
                try:
                    row = json.loads(line)
                except json.JSONDecodeError:
                    continue
                for key in ("sentence", "text"):
                    if isinstance(row.get(key), str):
                        yield row[key]
    elif path.suffix == ".csv":
        for fields in csv.reader(content.splitlines()):
            yield max(fields, key=len, default="")
    else:
        for line in content.splitlines():
            yield max(line.split("\t"), key=len)
