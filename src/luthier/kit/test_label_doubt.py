"""Whether wrong labels of the test rows may be why a model looks worse there than on validation."""

from __future__ import annotations

from luthier.kit.intervals import Z95
from luthier.kit.seen_in_answers import Seen
from luthier.records import Standing

AS_SURE = 0.03
"""Fall of the mean probability of the answers that wrong labels do not make: a label that is wrong
changes no answer. Dropout, other weights and other texts make a model less sure."""


def doubt_test_labels(seen: Seen, otherwise: str) -> tuple[Standing, str, float]:
    """How likely it is, and why, where test is surely worse than validation.

    Args:
        seen: what the answers to both show.
        otherwise: the reason where sureness does not decide.

    Returns:
        Its standing, the reason, and its rank among causes of this standing.
    """
    if seen.less_sure is None:
        return "likely", otherwise, 1.0
    fall, error = seen.less_sure
    said = f"(mean probability of the answer {-fall:+.3f})"
    if fall - Z95 * error > AS_SURE:
        because = f"the model is less sure of its answers than on validation {said}"
        return "possible", because, -1.0
    if fall + Z95 * error < AS_SURE:
        return "likely", f"the model is as sure of its answers as on validation {said}", 2.8
    return "likely", otherwise, 1.0
