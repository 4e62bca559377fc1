"""Step 1: running text -> clean text without any line that an evaluation set also holds.

    python -m starter.corpora --corpora ../shared/corpora --evaluation ../shared/data

A corpus is a gzip file with one paragraph per line and blank lines between documents; the sentence
pairs of Tatoeba become one more, English and Chinese on one line with a tab between. Written to
`--work`: `clean/<corpus>.txt.gz` and `clean/counts.json`, which says for each corpus how many lines
were read, dropped as too short, repeated, or shared with an evaluation set, and which set.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from starter.overlap import EvaluationGrams, evaluation_texts
from starter.work import WORK, announce

_SPACES = re.compile(r"\s+")
_WIKI_LEFTOVERS = re.compile(r"\(\s*[,;、，]?\s*\)|（\s*[,;、，]?\s*）|&lt;.*?&gt;|<[^>]{1,80}>")
_LETTERS = re.compile(r"[^\W\d_]")
SHORTEST = 4
"""Lines with fewer letters teach a language model next to nothing."""


def paragraphs(path: Path) -> Iterator[str]:
    """The lines of a corpus, whitespace made single; an empty string ends a document."""
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        for line in file:
            yield _SPACES.sub(" ", _WIKI_LEFTOVERS.sub("", line)).strip()


def cleaned(lines: Iterable[str], grams: EvaluationGrams, counts: Counter[str]) -> Iterator[str]:
    """Yield the lines worth keeping and count the others in `counts` by the reason."""
    seen: set[int] = set()
    for line in lines:
        if not line:
            yield ""
            continue
        counts["read"] += 1
        if len(_LETTERS.findall(line)) < SHORTEST:
            counts["too_short"] += 1
        elif hash(line) in seen:
            counts["repeated"] += 1
        elif shared := grams.shared_with(line):
            counts["shared_with_evaluation"] += 1
            counts[f"shared_with_evaluation:{shared}"] += 1
        else:
            seen.add(hash(line))
            counts["kept"] += 1
            counts["characters_kept"] += len(line)
            yield line


def sentence_pairs(path: Path) -> Iterator[str]:
    """English, tab, Chinese; the attribution column stays behind."""
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            english, chinese, *_ = line.rstrip("\n").split("\t")
            yield f"{english.strip()}\t{chinese.strip()}"


def main() -> None:
    """Clean every corpus and write the counts."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--corpora", type=Path, default=Path("../shared/corpora"))
    parser.add_argument("--evaluation", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=WORK)
    arguments = parser.parse_args()
    folder = arguments.work / "clean"
    folder.mkdir(parents=True, exist_ok=True)
    grams = EvaluationGrams(evaluation_texts(arguments.evaluation))
    report: dict[str, dict[str, int]] = {}
    sources = {path.name: paragraphs(path) for path in sorted(arguments.corpora.glob("*.txt.gz"))}
    pairs = arguments.evaluation / "tatoeba_en_zh" / "cmn.txt"
    if pairs.exists():
        sources["tatoeba.txt.gz"] = sentence_pairs(pairs)
    for name, lines in sources.items():
        counts: Counter[str] = Counter()
        with gzip.open(folder / name, "wt", encoding="utf-8", compresslevel=3) as out:
            for line in cleaned(lines, grams, counts):
                out.write(line + "\n")
        report[name] = dict(sorted(counts.items()))
        announce(f"{name}: {report[name]}")
    (folder / "counts.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
