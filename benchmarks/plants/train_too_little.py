"""Stop training after a few steps, on rows that a linear model learns well."""

from __future__ import annotations

from standin import Course
from trials import Trial, healthy_run


def plant(seed: int, *, steps: int) -> Trial:
    """`steps` optimizer steps, then a run as usual.

    The fault is there when the model is not better than its linear rival on 2500 fresh rows, and
    absent when it is better by the margin of 2 points; in between nothing is claimed.
    """
    result = healthy_run("keywords", seed, 2400, Course(seed=seed, steps=steps))
    advantage = result.advantage or 0.0
    fault = frozenset({"not_better_than_linear"})
    return Trial(
        f"{steps} steps, {advantage:+.3f} against the linear rival on fresh rows",
        result.evidence,
        present=fault if advantage <= 0 else frozenset(),
        absent=frozenset({"conflicting_labels", "train_test_duplicates", "last_instead_of_best"})
        | (fault if advantage >= 0.02 else frozenset()),
    )
