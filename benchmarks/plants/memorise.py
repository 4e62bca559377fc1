"""Let the model learn its training rows by heart: wrong labels and many epochs, or too few rows."""

from __future__ import annotations

from grammar import make_rows
from standin import Course, train
from trials import Trial, fresh_rows, script_of, shares


def plant(seed: int, *, noise: float = 0.02, few_rows: int = 0) -> Trial:
    """Forty epochs without weight decay on 960 training rows, `noise` of all labels being wrong;
    or a model of n-grams on `few_rows` training rows, one in ten of them mislabelled.

    The truth is read off 2500 fresh rows. There: their loss rose by 10 % or more, or training rows
    are answered 8 points better and the linear rival is within 2 points (too few labels). Absent:
    the loss rose by less than 5 % and the gap is below 3 points. In between nothing is claimed.
    """
    script = (
        "han" if few_rows else script_of(seed)
    )  # so few rows are enough where spaces part words
    noise = 0.1 if few_rows else noise
    rows = make_rows("keywords", script, 1600, seed, noise=noise)
    splits = (
        shares(rows, seed, train=few_rows / 1600, validation=0.4)
        if few_rows
        else shares(rows, seed)
    )
    course = Course(seed=seed, epochs=40, l2=0.0)
    if few_rows:
        course = Course(40, 10.0, 1e-4, seed=seed, inputs="ngrams", batch=16, adaptive=False)
    result = train(rows, splits, fresh_rows("keywords", script, noise), course)
    losses = [metrics["loss"] for metrics in result.fresh]
    scores = [metrics["accuracy"] for metrics in result.fresh]
    rise = losses[-1] / min(losses) - 1
    gap = result.evidence["history"][result.best].train["accuracy"] - scores[result.best]
    there = rise >= 0.10 or (gap >= 0.08 and abs(result.advantage or 0.0) <= 0.02)
    fault = frozenset({"overfitting_or_too_few_labels"})
    return Trial(
        f"fresh loss rose {rise:.0%}, accuracy fell {max(scores) - scores[-1]:.3f}, gap {gap:.2f}, "
        f"advantage {result.advantage:+.3f}",
        result.evidence,
        present=fault if there else frozenset(),
        absent=frozenset({"conflicting_labels", "train_test_duplicates", "last_instead_of_best"})
        | (fault if rise < 0.05 and gap < 0.03 else frozenset()),
    )
