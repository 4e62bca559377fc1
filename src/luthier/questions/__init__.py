"""One file = one question that people have. Its causes share a symptom, and are told apart here.

Every module is collected by its place alone. It holds `answer(found, evidence)`, which returns a
`records.Answer`, or None where the question does not arise. No torch, no cures: the findings have
those.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Protocol, cast

from luthier.records import Answer, Diagnosis

__all__ = ["Question", "all_questions", "answers_to_all"]


class Question(Protocol):
    """What a module in this folder holds."""

    TITLE: str
    RANK: int
    """The whole before its parts: an answer on all rows stands above one on a label."""
    ANY_TASK: bool
    """Whether it reads evidence of every task; the others see that of one label per row."""

    def answer(self, found: Diagnosis, evidence: Mapping[str, object]) -> Answer | None:
        """The question answered from the faults that were asked, and their evidence."""
        ...


def all_questions() -> tuple[Question, ...]:
    """Every question file, by rank."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    found = [cast(Question, importlib.import_module(f"{__name__}.{name}")) for name in names]
    return tuple(sorted(found, key=lambda question: question.RANK))


def answers_to_all(
    found: Diagnosis, evidence: Mapping[str, object], of_one_label: Mapping[str, object]
) -> tuple[Answer, ...]:
    """The answers to those questions that arise.

    Args:
        found: what every fault said.
        evidence: all of it.
        of_one_label: the part that questions about one label per row may see.
    """
    answers = (
        question.answer(found, evidence if question.ANY_TASK else of_one_label)
        for question in all_questions()
    )
    return tuple(answer for answer in answers if answer is not None)
