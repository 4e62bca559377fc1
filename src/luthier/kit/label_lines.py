"""Text files whose lines begin with the label: `__label__spam win a prize`, `3 Who was Galileo?`.

Sources of the formats: fastText's tutorial on text classification; the question files of TREC as
Li and Roth (2002) give them out (`DESC:manner How did ...`), and copies with numbers in place of
names.
"""

from __future__ import annotations

import io
import re
from array import array
from collections.abc import Iterator

from luthier.kit.problem_list import ProblemList
from luthier.kit.table import Content
from luthier.records import Note

_FASTTEXT = "__label__"
_NUMBER = re.compile(r"-?\d{1,4}")
_CODE = re.compile(r"[A-Z]{2,12}:[A-Za-z]{2,16}")
_FEWEST_LINES = 10
_FEWEST_PER_LABEL = 3


def read_label_lines(data: bytes, name: str, encoding: str) -> Content | None:
    """Columns `label` and `text`, or None when the lines are not of such a format.

    With fastText's `__label__` the label is a list of all labels of the line; else it is the text
    before the first space, taken for a label when every line begins with a number (or with a code
    such as `DESC:manner`) and most of these come again.

    Raises:
        InputError: naming lines without a label where the others have one by `__label__`.
    """
    first = next((line for _, line in _lines(data, encoding)), "")
    if first.startswith(_FASTTEXT):
        return _fasttext(data, name, encoding)
    head = first.partition(" ")[0]
    form = next((form for form in (_NUMBER, _CODE) if form.fullmatch(head)), None)
    return _numbered(data, name, encoding, form) if form else None


def _fasttext(data: bytes, name: str, encoding: str) -> Content:
    problems = ProblemList(f"begin each line with a label: {_FASTTEXT}spam the text")
    labels: list[list[str]] = []
    texts: list[str] = []
    lines: array[int] = array("q")
    for number, line in _lines(data, encoding):
        words = line.split()
        of_line = 0
        while of_line < len(words) and words[of_line].startswith(_FASTTEXT):
            of_line += 1
        if not of_line:
            problems.add(f"{name}:{number}", f"this line does not begin with {_FASTTEXT}")
            continue
        rest = line.split(maxsplit=of_line)
        labels.append([word.removeprefix(_FASTTEXT) for word in words[:of_line]])
        texts.append(rest[of_line].rstrip() if len(rest) > of_line else "")
        lines.append(number)
    problems.raise_if_any()
    note = Note("guessed", f"{name}: fastText's format, labels begin with {_FASTTEXT}")
    return Content({"label": labels, "text": texts}, lines, headed=True, notes=(note,))


def _numbered(data: bytes, name: str, encoding: str, form: re.Pattern[str]) -> Content | None:
    labels: list[str] = []
    texts: list[str] = []
    lines: array[int] = array("q")
    seen: dict[str, int] = {}
    for number, line in _lines(data, encoding):
        head, space, rest = line.partition(" ")
        if not space or not form.fullmatch(head) or "\t" in line:
            return None
        seen[head] = seen.get(head, 0) + 1
        labels.append(head)
        texts.append(rest.strip())
        lines.append(number)
    rare = sum(count for count in seen.values() if count < _FEWEST_PER_LABEL)
    if len(labels) < _FEWEST_LINES or len(seen) < 2 or rare > len(labels) / 20:
        return None
    note = Note("guessed", f"{name}: each line begins with its label, before the first space")
    return Content({"label": labels, "text": texts}, lines, headed=True, notes=(note,))


def _lines(data: bytes, encoding: str) -> Iterator[tuple[int, str]]:
    """Number from 1 and content of each line that is not empty; lines end at newlines only."""
    text = io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline="\n")
    for number, line in enumerate(text, start=1):
        bare = line.strip(" \r\n")
        if bare:
            yield number, bare
