"""Answers to the questions that people have: causes that share a symptom, told apart. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Standing = Literal["found", "likely", "possible", "ruled_out"]
STANDINGS: tuple[Standing, ...] = ("found", "likely", "possible", "ruled_out")


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause that could be behind a symptom.

    Args:
        name: snake_case, stable.
        title: in plain words.
        standing: `found` by a check that saw it, `likely` or `possible` by what is known,
            `ruled_out` by a check that ran.
        because: the evidence for this standing, with its numbers.
        next_test: the cheapest test that would decide it; empty where it is decided.
    """

    name: str
    title: str
    standing: Standing
    because: str
    next_test: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A question, answered.

    Args:
        question: snake_case, the name of the file that answers it.
        title: the question as a person would ask it.
        message: the answer in plain words, with numbers.
        causes: every cause, most likely first, those that are ruled out last.
        next_test: the cheapest test that decides most of what is open; empty where nothing is.
        serious: whether what is asked about is a failure of high severity, whatever its cause.
    """

    question: str
    title: str
    message: str
    causes: tuple[Cause, ...]
    next_test: str = ""
    serious: bool = False

    @property
    def first(self) -> Cause | None:
        """The first cause that is not ruled out."""
        return next((cause for cause in self.causes if cause.standing != "ruled_out"), None)

    @property
    def short_list(self) -> tuple[Cause, ...]:
        """The causes of the highest standing that any has: what to look at now."""
        first = self.first
        if first is None:
            return ()
        return tuple(cause for cause in self.causes if cause.standing == first.standing)
