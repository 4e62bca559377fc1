"""More training rows by small random changes of those that are there; Chinese is changed by words.

Source of deletion, swap and synonym replacement and of the share of a tenth: Wei and Zou (2019),
EDA: Easy Data Augmentation Techniques, EMNLP.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from luthier.errors import InputError, Problem
from luthier.kit.problem_list import ProblemList
from luthier.kit.words import pieces_of
from luthier.settings import AugmentSettings

Synonyms = Mapping[str, Sequence[str]]
Fill = Callable[[str, Sequence[tuple[int, int]], np.random.Generator], str]
"""The text, spans in it as start and end in characters, and what draws -> the changed text."""

_BETWEEN = re.compile(r"[\s,，、;；|]+")


def changed_text(
    text: str,
    settings: AugmentSettings,
    synonyms: Synonyms,
    random: np.random.Generator,
    fill: Fill | None = None,
) -> str | None:
    """The text with about `settings.share` of its words changed; None where nothing can change.

    Args:
        text: as written.
        settings: which change, and how much.
        synonyms: lower-case word -> others in its place; used by `synonyms` only.
        random: decides which words.
        fill: puts other words in the place of spans; used by `masked` only.
    """
    pieces = pieces_of(text)
    words = [at for at, piece in enumerate(pieces) if piece[0].isalnum()]
    if settings.change == "synonyms":
        words = [at for at in words if pieces[at].lower() in synonyms]
    many = max(1, round(settings.share * len(words)))
    if len(words) < (1 if settings.change == "synonyms" else 2):
        return None
    if settings.change == "masked" and fill is not None:
        starts = np.cumsum([0, *map(len, pieces)])
        chosen = random.choice(words, min(many, len(words)), replace=False)
        changed = fill(text, [(int(starts[at]), int(starts[at + 1])) for at in chosen], random)
        return changed if changed != text and changed.strip() else None
    if settings.change == "swap":
        for _ in range(many):
            one, other = random.choice(words, 2, replace=False)
            pieces[one], pieces[other] = pieces[other], pieces[one]
    else:
        for at in random.choice(words, min(many, len(words)), replace=False):
            others = synonyms.get(pieces[at].lower(), ("",))
            pieces[at] = str(random.choice(others)) if settings.change == "synonyms" else ""
    changed = " ".join("".join(pieces).split()) if settings.change == "delete" else "".join(pieces)
    return changed if changed != text and changed.strip() else None


def read_synonyms(path: Path) -> Synonyms:
    """Lower-case word -> its synonyms, of a UTF-8 file with one group of synonyms per line.

    Words of a line stand in for each other; spaces, commas or tabs stand between them.

    Raises:
        InputError: when it cannot be read, or a line holds one word only.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise InputError(Problem("is not UTF-8 text", where=str(path))) from error
    except OSError as error:
        raise InputError(Problem(f"cannot be read: {error.strerror}", where=str(path))) from error
    problems = ProblemList("write words that mean the same on one line: 退款,退钱,退費")
    groups: dict[str, dict[str, None]] = {}
    for number, line in enumerate(lines, start=1):
        group = [word for word in _BETWEEN.split(line.strip()) if word]
        if len(group) == 1:
            problems.add(f"{path}:{number}", "one word has no synonym")
        for word in group:
            own = groups.setdefault(word.lower(), {})
            own.update(dict.fromkeys(other for other in group if other != word))
    problems.raise_if_any()
    if not groups:
        raise InputError(Problem("holds no words", where=str(path)))
    return {word: tuple(others) for word, others in groups.items() if others}
