"""What a small trial says: could the run's own training learn a handful of rows by heart?"""

from __future__ import annotations

from dataclasses import dataclass

LEARNED = 0.95
"""Share of right answers from which the rows count as learned by heart."""

STUCK = 0.8
"""Last loss over the first one, above which hardly anything was learned."""


@dataclass(frozen=True, slots=True)
class OverfitProbe:
    """`probe.json`: a few training rows, trained on over and over with the settings of the run.

    Args:
        rows: different rows.
        steps: optimizer steps.
        accuracy: share of these rows that were answered rightly at the end, in evaluation mode.
        first_loss: mean loss of the first step.
        last_loss: mean loss of these rows at the end, in evaluation mode.
        learning_rate: peak rate, as in the run.
        broke: why training ended early; empty where it did not.
    """

    rows: int
    steps: int
    accuracy: float
    first_loss: float
    last_loss: float
    learning_rate: float
    broke: str = ""

    @property
    def learned(self) -> bool:
        """Whether the rows were learned by heart."""
        return not self.broke and self.accuracy >= LEARNED

    @property
    def stuck(self) -> bool:
        """Whether hardly anything was learned; between the two nothing is decided."""
        hardly = self.last_loss > STUCK * self.first_loss
        return bool(self.broke) or (not self.learned and hardly)
