"""Collects problems of a file without drowning the reader."""

from __future__ import annotations

from collections.abc import Sequence

from luthier.errors import InputError, Problem

MOST_LISTED = 20


class ProblemList:
    """Problems in the order found; the first 20 are kept, the rest is counted.

    Args:
        next_step: what to do about them; shown once at the end.
    """

    def __init__(self, next_step: str = "") -> None:
        self.next_step = next_step
        self._listed: list[Problem] = []
        self._more = 0

    def __bool__(self) -> bool:
        return bool(self._listed)

    def __len__(self) -> int:
        """Problems that were noted, those not kept too."""
        return len(self._listed) + self._more

    def add(self, where: str, what: str, hint: str = "") -> None:
        """Note one problem."""
        if len(self._listed) < MOST_LISTED:
            self._listed.append(Problem(what, where=where, hint=hint))
        else:
            self._more += 1

    def some_are(self, said: Sequence[str]) -> bool:
        """Whether any of the problems listed says one of these."""
        return any(part in problem.what for problem in self._listed for part in said)

    def error(self) -> InputError:
        """All of it as one error."""
        more = [Problem(f"and {self._more:,} more")] if self._more else []
        return InputError([*self._listed, *more], next_step=self.next_step)

    def raise_if_any(self) -> None:
        """End here when something was noted.

        Raises:
            InputError: with all problems.
        """
        if self._listed:
            raise self.error()
