"""What tasks on texts share: their columns, what is wrong with a text, and the order of labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from luthier.errors import Problem, did_you_mean
from luthier.kit.plural import plural
from luthier.records import Column

TEXT = Column(
    name="text",
    aliases=(
        *("text", "sentence", "content", "message", "review", "comment", "query"),
        *("question", "utterance", "title", "document", "文本", "内容", "內容", "句子"),
        *("评论", "評論", "问题", "問題", "标题", "標題"),
    ),
    target=False,
    setting="data.text_column",
)
"""The text of a row."""

LABEL_ALIASES = (
    *("label", "category", "class", "intent", "target", "labels", "topic", "sentiment"),
    "cats",  # of spaCy
    *("标签", "標籤", "类别", "類別", "分类", "分類", "意图", "意圖"),
)
"""Names that a column of answers has in files."""


def text_problem(text: Any, where: str) -> Problem | None:
    """What is wrong with a text, if anything."""
    if not isinstance(text, str):
        return Problem(f"the text is not a string but {type(text).__name__}", where=where)
    if not text.strip():
        return Problem("the text is empty", where=where)
    return None


def ordered_labels(names: Iterable[str]) -> tuple[str, ...]:
    """Every label once: as numbers when all are whole numbers, else in Unicode order."""
    found = set(names) - {""}
    if all(_is_whole_number(name) for name in found):
        return tuple(sorted(found, key=lambda name: (int(name), name)))
    return tuple(sorted(found))


def unknown_label(name: str, count: int, where: str, known: Sequence[str]) -> Problem:
    """A label that the training data lack; `where` is the first of its `count` rows."""
    return Problem(
        f"the training data have no label {name!r} ({count} row{plural(count)})",
        where=where,
        hint=did_you_mean(name, known),
    )


def _is_whole_number(name: str) -> bool:
    return name.isascii() and name.removeprefix("-").isdigit()
