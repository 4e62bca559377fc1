"""What Luthier raises, and nothing else reaches a user.

    LuthierError                 something a person can act on; `problems` lists all of it at once
    |-- InputError               a file, a column or a row is wrong           (exit code 2)
    |-- SettingsError            a setting is unknown or has a wrong value    (exit code 2)
    |-- RunFolderError           the run folder is missing, in use, or damaged (exit code 2)
    |-- ModelError               a pretrained model cannot be had or used     (exit code 2)
    |-- TrainingError            training cannot go on (non-finite loss ...)  (exit code 2)
    |-- MachineError             the disk is full, a file may not be written  (exit code 2)
    `-- MissingExtraError        an optional dependency is not installed      (exit code 2)

A message says what is wrong, where (`file:line: column`), and what to type next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Args:
        what: one sentence, no trailing full stop needed.
        where: `file`, `file:line` or `file:line: column`; empty when there is no place.
        hint: what to do or type next; empty when `what` says it all.
    """

    what: str
    where: str = ""
    hint: str = ""

    def __str__(self) -> str:
        """`where: what; hint`, with the empty parts left out."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}; {self.hint}" if self.hint else head


class LuthierError(Exception):
    """Base of all errors that are shown to a person without a traceback.

    Args:
        problems: every problem found, in the order of the file; a plain string is one problem.
        next_step: the command or action that most likely helps; shown last.
    """

    def __init__(self, problems: Iterable[Problem] | Problem | str, *, next_step: str = "") -> None:
        if isinstance(problems, str):
            problems = (Problem(problems),)
        elif isinstance(problems, Problem):
            problems = (problems,)
        self.problems: tuple[Problem, ...] = tuple(problems)
        self.next_step = next_step
        super().__init__(self._text())

    def _text(self) -> str:
        lines = [str(problem) for problem in self.problems]
        if self.next_step:
            lines.append(f"next: {self.next_step}")
        return "\n".join(lines)


class InputError(LuthierError):
    """A file, a column or a row is wrong."""


class SettingsError(LuthierError):
    """A setting is unknown or has a wrong value."""


class RunFolderError(LuthierError):
    """The run folder is missing, in use, not empty, or damaged."""


class ModelError(LuthierError):
    """A pretrained model cannot be had or cannot be used."""


class TrainingError(LuthierError):
    """Training cannot go on."""


class MachineError(LuthierError):
    """The disk is full, a permission is missing, or the system refuses something else."""


class MissingExtraError(LuthierError):
    """An optional dependency is not installed."""


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """`did you mean 'x'?` for the nearest known names, or an empty string.

    >>> did_you_mean("learning_rat", ["learning_rate", "seed"])
    "did you mean 'learning_rate'?"
    """
    near = difflib.get_close_matches(name, known, n=2, cutoff=0.6)
    match near:
        case [first, other]:
            return f"did you mean {first!r} or {other!r}?"
        case [name]:
            return f"did you mean {name!r}?"
    return ""
