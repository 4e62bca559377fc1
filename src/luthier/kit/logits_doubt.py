"""Whether a loss that does not see logits may be why test answers are bad."""

from __future__ import annotations

from luthier.kit.seen_in_answers import SATURATED, Seen
from luthier.records import Figure, Standing


def doubt_logits(seen: Seen, behind: Figure | None, worse: bool) -> tuple[Standing, str, float]:
    """How likely it is, and why, where nothing is known of what reached the loss.

    Args:
        seen: what the answers to validation and test show.
        behind: how far validation is surely below a linear rival; None where it is not.
        worse: whether test is surely worse than validation.

    Returns:
        Its standing, the reason, and its rank among causes of this standing.
    """
    if behind:
        because = (
            "validation is bad too: a linear model on the same rows is better by "
            f"{with_ends(behind, minus=True)}: training itself went wrong"
        )
        return "likely", because, 4
    if worse:
        return "ruled_out", "it would hurt validation as much as test", 0
    if seen.saturated:
        because = (
            f"half of the answers have a probability above {SATURATED}, and only "
            f"{seen.test.value:.0%} are right: the loss may never have seen logits"
        )
        return "likely", because, 4
    return "possible", "the loss was not seen", 1


def with_ends(figure: Figure, *, minus: bool = False) -> str:
    """A figure with its interval, or what it is with the other sign."""
    if minus:
        return f"{-figure.value:.3f} ({-figure.high:.3f} to {-figure.low:.3f})"
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"
