"""Marks on the surface of a text, no part of what it says: tags, numbers, links, endings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

_TAGS = re.compile(
    r"https?://\S+|www\.\S+|[\w.+-]+@[\w-]+\.\w+|[#@][\w-]+|\[[^\[\]]{1,20}\]|【[^【】]{1,20}】"
    r"|<[^<>]{1,20}>|(?a:\b[A-Za-z_-]*\d[\w-]*)"
)
_CHARACTERS = re.compile(r"[^\w\s\u3400-\u9fff]")
_SPACES = re.compile(r"^\s|\s$|\s{2,}|[\t\n]")
_PARTS = re.compile(r"[\n.!?;|。！？；]+")

P_LIMIT = 0.01
"""Above this p, times the number of marks and labels, a mark may go with a label by chance."""

LONGEST_MARK = 40
FEWEST_PARTS, PART_LENGTHS = 3, (6, 80)
"""Parts of a text whose first and last may be boiler-plate; their characters, from and to."""


def marks_of(text: str) -> set[str]:
    """Links, addresses, tags, words with digits, signs, odd spaces; how a longer text begins, ends.

    The beginning and the end are the first and last of three and more parts between full stops or
    line ends: a greeting, a signature. Only those that many texts share matter.

    >>> sorted(marks_of("退货 #src42!"))
    ['!', '#src42']
    """
    found = {tag[:LONGEST_MARK] for tag in _TAGS.findall(text)}
    rest = _TAGS.sub("\0", text)
    found.update(_CHARACTERS.findall(rest.replace("\0", " ")))
    found.update(_SPACES.findall(text))
    parts = [part.strip() for part in _PARTS.split(rest) if part.strip()]
    if len(parts) >= FEWEST_PARTS:
        low, high = PART_LENGTHS
        ends = [part for part in (parts[0], parts[-1]) if "\0" not in part]
        found.update(part for part in ends if low <= len(part) <= high)
    found.discard("")
    return found


def without(text: str, mark: str) -> str:
    """The text with every occurrence of the mark taken out.

    >>> without("退货 #src42", "#src42")
    '退货 '
    """
    return text.replace(mark, " " if mark.isspace() else "")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A mark that goes with one label.

    Args:
        mark: as it stands in the texts.
        label: the label it goes with.
        rows: texts that hold it.
        share: share of them that have the label.
        z: how many standard deviations that is above the label's share of all texts.
    """

    mark: str
    label: str
    rows: int
    share: float
    z: float


def candidates(
    marks: Iterable[set[str]],
    labels: Sequence[str],
    *,
    fewest: int,
    purity: float,
) -> list[Candidate]:
    """Marks that go with a label by more than chance; those that tell most rows first.

    Source: Gardner et al. (2021), Competency problems: z = (p(y|w) - p(y)) / sqrt(p(1-p)/n), held
    against the normal quantile that the number of marks and labels asks for (Bonferroni).

    Args:
        marks: the marks of each text.
        labels: n labels.
        fewest: texts that must hold a mark.
        purity: least share of them with the label.
    """
    counts: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for own, label in zip(marks, labels, strict=True):
        counts.update(own)
        pairs.update((mark, label) for mark in own)
    n, of_label = len(labels), Counter(labels)
    tested = sum(count >= fewest for count in counts.values())
    strict = -float(ndtri(P_LIMIT / max(1, tested * len(of_label))))
    found = []
    for (mark, label), both in pairs.items():
        rows, expected = counts[mark], of_label[label] / n
        if rows < fewest or both < purity * rows or expected == 1:
            continue
        z = (both / rows - expected) / np.sqrt(expected * (1 - expected) / rows)
        if z > strict:
            found.append(Candidate(mark, label, rows, both / rows, float(z)))
    return sorted(found, key=lambda c: (-c.rows * (c.share - of_label[c.label] / n), c.mark))
